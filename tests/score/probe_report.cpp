// The page of a probe: the template with the data in it, safe for any text.
#include <rd4ad/score/probe_report.hpp>

#include <string>
#include <string_view>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/small_probe.hpp>

using namespace rd4ad;

TEST_CASE("a probe's page holds its data in the place of the mark", "[score]") {
    const probe_report of{"screws", test::small_probe(), "A note."};
    const auto html = probe_html(of, "<a>@RD4AD_PROBE@<b>");
    REQUIRE((html.starts_with("<a>") && html.ends_with("<b>")));
    CHECK(html.find('<', 1) == html.size() - 3);  // no text of the data is markup
    const auto data = io::parse_json(std::string_view{html}.substr(3, html.size() - 6), "page");
    CHECK(data == io::json::parse(to_json(of).dump()));
    CHECK(data.at("examples").at(0).at("file") == "</script><b>.png");
    CHECK(data.at("sentences").size() == 4);
    CHECK_THAT(data.at("footer").get<std::string>(), test::mentions("A note.", "nothing from the network"));
    CHECK_THAT(test::message_of([&] { static_cast<void>(probe_html(of, "no mark")); }),
               test::mentions("probe.html", "exactly one @RD4AD_PROBE@"));
}

TEST_CASE("the template of a probe's page lies in the data folder", "[score]") {
    const test::scratch_folder folder;
    write_probe_report(folder / "probe.html", {"screws", test::small_probe()});
    const auto html = test::text_of_file(folder / "probe.html");
    CHECK(html.starts_with("<!DOCTYPE html>"));
    CHECK(html.find("\"title\":\"screws\"") != std::string::npos);
    CHECK(html.find("@RD4AD") == std::string::npos);      // every shared part is in it
    CHECK(html.find("http") == html.find("http-equiv"));  // the first URL is that of SVG's namespace, inside the script
}
