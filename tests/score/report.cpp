#include <rd4ad/score/report.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>

#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

using namespace rd4ad;

namespace {

report small_report() {
    tested_set set{.name = "screw", .summary = "resnet18"};
    set.metrics = {{"image AUROC", 0.75}, {"AUPRO", std::numeric_limits<double>::quiet_NaN()}};
    set.threshold = 0.5;
    set.curves = metrics::pixel_curves{{{0, 0}, {1, 1}}, {{1, 0.5}}, {{0, 0}, {1, 1}}};
    set.losses = {1.0, 0.5};
    set.settings = {{"seed", "111"}};
    set.images.push_back({.file = "good/0.png", .kind = "good", .raw = 0.25, .score = 0.125, .width = 200, .height = 100});
    set.images.push_back({.file = "</script><!--<b>.png", .kind = "scratch", .anomalous = true, .raw = 1.5, .score = 0.75});
    set.images.back().width = 100;
    set.images.back().height = 50;
    set.images.back().regions.push_back(
        {.box = {10, 20, 30.4, 9.6}, .area = 250, .peak = 0.5f, .outline = {{10, 20}, {40.4, 20}, {40.4, 29.6}}});
    return {"screws", {set}, "A note."};
}

/// The page's data, read back.
io::json data_of(const report& of) {
    const auto html = report_html(of, "<a>@RD4AD_REPORT@<b>");
    REQUIRE(html.starts_with("<a>"));
    REQUIRE(html.ends_with("<b>"));
    return io::parse(std::string_view{html}.substr(3, html.size() - 6), "page");
}

}  // namespace

TEST_CASE("a page holds all that is given, and what is not known as null", "[score]") {
    const auto data = data_of(small_report());
    CHECK(data.at("title") == "screws");
    CHECK(data.at("footer").get<std::string>() ==
          std::string{"rd4ad "} + version + ". Thumbnails: 0.0 MB. A note. Nothing on this page is fetched from elsewhere.");
    const auto& set = data.at("sets").at(0);
    CHECK(set.at("metrics") == io::json::parse(R"([["image AUROC", 0.75], ["AUPRO", null]])"));
    CHECK(set.at("curves").at("precision_recall") == io::json::parse("[[1.0, 0.5]]"));
    CHECK(set.at("losses") == io::json::parse("[1.0, 0.5]"));
    CHECK(set.at("settings") == io::json::parse(R"([["seed", "111"]])"));
    const auto& second = set.at("images").at(1);
    CHECK(second.at("file") == "</script><!--<b>.png");
    CHECK(second.at("ms").is_null());
    CHECK(second.at("regions") == io::json::parse(R"([{"box": [10, 20, 30, 10], "score": 0.5, "area": 250,
                                                           "outline": [100, 400, 404, 400, 404, 592]}])"));
}

TEST_CASE("no text within the data is markup", "[score]") {
    const auto html = report_html(small_report(), "<a>@RD4AD_REPORT@<b>");
    CHECK(html.find('<', 1) == html.size() - 3);
}

TEST_CASE("a file's name that is not UTF-8 is shown as far as it is", "[score]") {
    auto of = small_report();
    of.sets[0].images[0].file = "a\xff.png";
    CHECK(data_of(of).at("sets").at(0).at("images").at(0).at("file") == "a\xef\xbf\xbd.png");
}

TEST_CASE("a set's metrics are averaged over the sets that have them", "[score]") {
    auto of = small_report();
    of.sets.push_back(of.sets[0]);
    of.sets[1].metrics = {{"image AUROC", 0.25}, {"AUPRO", 0.5}};
    of.sets[0].metrics[1].second = std::nullopt;
    CHECK(data_of(of).at("mean") == io::json::parse(R"([["image AUROC", 0.5], ["AUPRO", 0.5]])"));
}

TEST_CASE("a report that can't be drawn is refused", "[score]") {
    const auto message = [](const report& of, std::string_view page = "@RD4AD_REPORT@") {
        return test::message_of([&] { static_cast<void>(report_html(of, page)); });
    };
    CHECK(message({"none"}) == "report: there is no set of images, expected at least one");
    auto of = small_report();
    of.sets[0].images.clear();
    CHECK(message(of) == "report: set 'screw' has no images, expected at least one");
    of = small_report();
    of.sets[0].calibrated = true;
    of.sets[0].images[0].score.reset();
    CHECK(message(of) == "report: good/0.png has no calibrated score, but its set 'screw' is calibrated");
    of = small_report();
    of.sets[0].images[0].raw = std::numeric_limits<double>::infinity();
    CHECK(message(of) == "report: the score of good/0.png is not finite");
    CHECK(message(small_report(), "no mark") ==
          "report.html: expected exactly one @RD4AD_REPORT@; install rd4ad's share folder again");
    CHECK(message(small_report(), "@RD4AD_REPORT@ @RD4AD_REPORT@") ==
          "report.html: expected exactly one @RD4AD_REPORT@; install rd4ad's share folder again");
}

TEST_CASE("the page is written by the template beside the program, or in RD4AD_DATA alone", "[score]") {
    const test::scratch_folder folder;
    write_report(folder / "report.html", small_report());
    const auto html = test::text_of_file(folder / "report.html");
    CHECK(html.starts_with("<!DOCTYPE html>"));
    CHECK(html.find("\"title\":\"screws\"") != std::string::npos);
    ::setenv("RD4AD_DATA", folder.path().c_str(), 1);
    const auto message = test::message_of([&] { static_cast<void>(report_template()); });
    std::filesystem::remove(folder / "report.html");
    const auto missing = test::message_of([&] { static_cast<void>(report_template()); });
    ::unsetenv("RD4AD_DATA");
    CHECK(message == "nothing thrown");
    CHECK(missing == "the report's template is at none of " + (folder / "report.html").string() +
                         ": set RD4AD_DATA to rd4ad's share folder");
}
