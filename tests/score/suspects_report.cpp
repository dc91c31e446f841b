// The page of suspects: text, JSON and page state the same; the page goes with the last suspect.
#include <rd4ad/score/suspects_report.hpp>

#include <string>
#include <string_view>
#include <utility>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

using namespace rd4ad;

namespace {

suspects_report two_suspects() {
    suspects_report made{.title = "screws"};
    made.by = {.typical = 0.25, .threshold = 0.5, .good_scores = {0.2f, 0.25f, 0.3f}, .source = score_source::out_of_fold};
    made.suspects = {{.image = "data/train/good/</script>.png",
                      .name = "</script>.png",
                      .raw_score = 0.75,
                      .score = 0.99,
                      .p_value = 0.004,
                      .width = 200,
                      .height = 100},
                     {.name = "b.png", .raw_score = 0.625, .p_value = 1e-12}};
    made.suspects[0].regions = {{.box = {20.4, 10, 40, 30.2}, .raw_score = 0.75f, .score = 0.99, .outline = {{20, 10}, {60, 40}}},
                                {.box = {1, 2, 3, 4}, .raw_score = 0.6f}};
    return made;
}

}  // namespace

TEST_CASE("a page of suspects holds their data in the place of the mark", "[score]") {
    const auto of = two_suspects();
    const auto html = suspects_html(of, "<a>@RD4AD_SUSPECTS@<b>");
    REQUIRE((html.starts_with("<a>") && html.ends_with("<b>")));
    CHECK(html.find('<', 1) == html.size() - 3);  // no text of the data is markup
    const auto data = io::parse_json(std::string_view{html}.substr(3, html.size() - 6), "page");
    CHECK(data == io::json::parse(to_json(of).dump()));
    CHECK(data.at("headline") == "2 of 5 good images look unlike the others");
    CHECK(data.at("threshold") == 0.5);
    CHECK(data.at("good_scores").size() == 3);
    const auto colours = colours_of(of.by);
    CHECK(data.at("colours") == io::json::parse(io::json{colours.low, colours.high}.dump()));
    const auto& first = data.at("suspects").at(0);
    CHECK((first.at("image") == "</script>.png" && first.at("raw_score") == 0.75 && first.at("one_in") == 250));
    CHECK(first.at("box") == io::json{20, 10, 40, 30});
    CHECK(first.at("regions").at(0).at("outline") == io::json{100, 100, 300, 400});
    const auto& second = data.at("suspects").at(1);
    CHECK((second.at("score").is_null() && second.at("box").is_null() && second.at("one_in") == 1000000));
    CHECK_THAT(test::message_of([&] { static_cast<void>(suspects_html(of, "no mark")); }),
               test::mentions("suspects.html", "exactly one @RD4AD_SUSPECTS@"));
}

TEST_CASE("lines and advice about suspects", "[score]") {
    auto of = two_suspects();
    CHECK(suspect_line(of.suspects[0]) ==
          "data/train/good/</script>.png: raw score 0.7500, one good image in 250 has as much, region 40 x 30 at 20, 10");
    CHECK(suspect_line(of.suspects[1]) == "b.png: raw score 0.6250, one good image in 1000000 has as much");
    CHECK_THAT(advice_of(of).back(), test::mentions("--without-suspects"));
    CHECK_THAT(advice_of(of).front(), test::mentions("did not set the threshold", "was trained on them"));
    of.by.source = score_source::hold_out;
    CHECK_THAT(advice_of(of).front(), test::mentions("held out of the training"));
    of.left_out = true;
    CHECK_THAT(advice_of(of).front(), test::mentions("trained without them"));
    of.suspects.pop_back();
    CHECK(headline_of(of) == "1 of 4 good images looks unlike the others");
}

TEST_CASE("a checkpoint's suspects come back without their pictures", "[score]") {
    const auto of = two_suspects();
    io::json training{{"suspects", io::json::array()}};
    for (const auto& one : of.suspects) training["suspects"].push_back(to_json(one));
    const auto back = suspects_in(io::json::parse(training.dump()));
    REQUIRE(back.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) CHECK(to_json(back[i]) == io::json::parse(to_json(of.suspects[i]).dump()));
    CHECK(suspects_in({}).empty());
    CHECK(suspects_in(io::json::parse(R"({"suspects": [7]})")).empty());
    const auto old = suspects_in(io::json::parse(R"({"suspects": [{"image": "a.png", "raw_score": 1.5, "p_value": 0.5}]})"));
    REQUIRE(old.size() == 1);
    CHECK((old[0].name == "a.png" && old[0].raw_score == 1.5 && !old[0].score && old[0].regions.empty()));
}

TEST_CASE("the suspects' page is written with suspects and removed without", "[score]") {
    const test::scratch_folder folder;
    const auto page = suspects_path(folder / "screws.safetensors");
    CHECK(page == folder / "screws.suspects.html");
    auto of = two_suspects();
    CHECK(update_suspects_report(page, of));
    const auto html = test::text_of_file(page);
    CHECK(html.starts_with("<!DOCTYPE html>"));
    CHECK(html.find("\"title\":\"screws\"") != std::string::npos);
    CHECK(html.find("@RD4AD") == std::string::npos);      // every shared part is in it
    CHECK(html.find("http") == html.find("http-equiv"));  // the first URL is that of SVG's namespace, inside the script
    of.suspects.clear();
    CHECK_FALSE(update_suspects_report(page, of));
    CHECK_FALSE(std::filesystem::exists(page));
    CHECK_FALSE(update_suspects_report(page, of));
}

TEST_CASE("a file that is no page of suspects is neither replaced nor removed", "[score]") {
    const test::scratch_folder folder;
    const auto page = folder / "screws.suspects.html";
    auto of = two_suspects();
    const std::string mine = "<!DOCTYPE html><title>my notes</title>";
    io::write_atomically(page, std::string_view{mine});
    CHECK_FALSE(is_suspects_report(page));
    CHECK_THAT(test::message_of([&] { static_cast<void>(update_suspects_report(page, of)); }),
               test::mentions(page, "rd4ad did not write it", "--overwrite"));
    const auto suspects = std::exchange(of.suspects, {});
    CHECK_FALSE(update_suspects_report(page, of));
    CHECK(test::text_of_file(page) == mine);
    of.suspects = suspects;
    CHECK(update_suspects_report(page, of, true));
    CHECK(is_suspects_report(page));
    CHECK(update_suspects_report(page, of));  // its own page is replaced
    CHECK_FALSE(is_suspects_report(folder / "missing.html"));
    std::filesystem::remove(page);
    std::filesystem::create_directory(page);
    of.suspects.clear();
    CHECK_FALSE(update_suspects_report(page, of));
}

TEST_CASE("the page of a product lies beside the checkpoint, whatever the product's name", "[score]") {
    CHECK(suspects_path("models/all.safetensors", "screw") == "models/all.screw.suspects.html");
    CHECK(suspects_path("models/all.safetensors", "../../screw").parent_path() == "models");
}
