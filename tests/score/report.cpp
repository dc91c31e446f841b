// The report page: the template with the data in it, safe for any text.
#include <rd4ad/score/report.hpp>

#include <cstdlib>
#include <string>
#include <string_view>

#include <support/catch.hpp>
#include <support/environment.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/small_report.hpp>

using namespace rd4ad;

namespace {

/// The page's data, parsed from the page.
io::json data_of(const report& of) {
    const auto html = report_html(of, "<a>@RD4AD_REPORT@<b>");
    REQUIRE(html.starts_with("<a>"));
    REQUIRE(html.ends_with("<b>"));
    return io::parse_json(std::string_view{html}.substr(3, html.size() - 6), "page");
}

}  // namespace

TEST_CASE("a page holds the report's data in the place of the mark", "[score]") {
    CHECK(data_of(test::small_report()) == io::json::parse(to_json(test::small_report()).dump()));
}

TEST_CASE("no text of the data is markup", "[score]") {
    const auto html = report_html(test::small_report(), "<a>@RD4AD_REPORT@<b>");
    CHECK(html.find('<', 1) == html.size() - 3);
}

TEST_CASE("bytes of a file name that are not UTF-8 are escaped", "[score]") {
    auto of = test::small_report();
    of.sets[0].images[0].file = "a\xff.png";
    CHECK(data_of(of).at("sets").at(0).at("images").at(0).at("file") == "a\\xff.png");
}

TEST_CASE("a template without exactly one mark is refused", "[score]") {
    for (const std::string_view page : {"no mark", "@RD4AD_REPORT@ @RD4AD_REPORT@"})
        CHECK_THAT(test::message_of([&] { static_cast<void>(report_html(test::small_report(), page)); }),
                   test::mentions("report.html", "exactly one @RD4AD_REPORT@", "share folder"));
}

TEST_CASE("the template is beside the program, or only in RD4AD_DATA", "[score]") {
    const test::scratch_folder folder;
    write_report(folder / "report.html", test::small_report());
    const auto html = test::text_of_file(folder / "report.html");
    CHECK(html.starts_with("<!DOCTYPE html>"));
    CHECK(html.find("\"title\":\"screws\"") != std::string::npos);
    CHECK(html.find("@RD4AD") == std::string::npos);  // every shared part is in it
    const test::environment data_folder{"RD4AD_DATA", folder.path().c_str()};
    CHECK(test::message_of([&] { static_cast<void>(report_template()); }) == "nothing thrown");
    test::write_text(folder / "report.html", "<a>\n@RD4AD_INCLUDE page.css@\n</a>@RD4AD_INCLUDE page.css@\n");
    CHECK_THAT(test::message_of([&] { static_cast<void>(report_template()); }), test::mentions(folder / "page.css"));
    test::write_text(folder / "page.css", "p\n");
    CHECK(report_template() == "<a>\np\n</a>p\n");
    std::filesystem::remove(folder / "report.html");
    CHECK_THAT(test::message_of([&] { static_cast<void>(report_template()); }),
               test::mentions("report's template", folder / "report.html", "RD4AD_DATA"));
}
