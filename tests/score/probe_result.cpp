// A probe's result in sentences and JSON.
#include <rd4ad/score/probe_result.hpp>

#include <algorithm>
#include <string>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/small_probe.hpp>

using namespace rd4ad;

TEST_CASE("a sentence states the size found in nine of ten, with its unit", "[score]") {
    const auto result = test::small_probe();
    CHECK(sentence_of(result.groups[0]) ==
          "A scratch of 15 % of the short side at contrast 30 is found in 9 of 10 photographs; with 95 % confidence, one of 19 % "
          "is.");
    CHECK(
        sentence_of(result.groups[1]) ==
        "Not found in 9 of 10 photographs: a pasted patch of up to 32 % of the short side; of the largest, 3 of 40 were found.");
    CHECK_THAT(sentence_of(result.groups[2]), test::mentions("Too few sizes", "a dent", "contrast 15"));
    const auto sentences = sentences_of(result);
    REQUIRE(sentences.size() == 4);
    CHECK_THAT(sentences.back(), test::mentions("1 of 40 photographs", "false alarms"));
}

TEST_CASE("a sentence never states a size that was not tried", "[score]") {
    probe_group group{.kind = data::defect_kind::missing_part};
    for (const double size : {0.02, 0.05}) {
        group.cells.push_back({.size = size, .found = 40, .tried = 40});
        group.outcomes.push_back({size, 40, 40});
    }
    fit_curve(group);
    CHECK(
        sentence_of(group) ==
        "A missing part of at most 2.0 % of the short side is found in 9 of 10 photographs; with 95 % confidence, one of at most "
        "2.0 % is.");
    for (auto& one : group.outcomes) one.found = one.tried = 3;
    fit_curve(group);
    CHECK_THAT(sentence_of(group), test::mentions("Too few defects", "a missing part"));
    for (auto& one : group.outcomes) one.found = one.tried = 15;
    group.outcomes[0].found = 2, group.outcomes[1].found = 14;
    fit_curve(group);
    CHECK_THAT(sentence_of(group),
               test::mentions("A missing part of 4.", "too few were tried to state a size with 95 % confidence"));
}

TEST_CASE("a lower curve rises, and lies below the curve", "[score]") {
    const auto group = test::small_probe().groups[0];
    REQUIRE(group.lower_curve.size() >= 6);
    for (std::size_t i = 0; i < group.lower_curve.size(); ++i) {
        const auto& [size, share] = group.lower_curve[i];
        if (i > 0) CHECK(size >= group.lower_curve[i - 1].first);
        CHECK(share <= (*group.curve)(size) + 1e-6);
    }
    const auto nine =
        std::find_if(group.lower_curve.begin(), group.lower_curve.end(), [](const auto& one) { return one.second == 0.9; });
    REQUIRE(nine != group.lower_curve.end());
    CHECK(nine->first == Approx(*group.curve->a90_95));
}

TEST_CASE("a probe's JSON has counts with intervals, and null where nothing is known", "[score]") {
    const auto json = to_json(test::small_probe());
    CHECK(json.at("photographs") == 40);
    CHECK(json.at("false_alarms") == 1);
    const auto& groups = json.at("groups");
    REQUIRE(groups.size() == 3);
    CHECK(groups[0].at("kind") == "scratch");
    CHECK(groups[0].at("contrast") == 30);
    CHECK(groups[0].at("a90").get<double>() == Approx(0.1456396));
    CHECK(groups[0].at("a90_95").get<double>() == Approx(0.1864274));
    CHECK(groups[0].at("curve").at("slope").get<double>() == Approx(2.6536985));
    const auto& cell = groups[0].at("cells")[4];
    CHECK((cell.at("found") == 40 && cell.at("localised") == 20 && cell.at("tried") == 40));
    CHECK(cell.at("found_low").get<double>() == Approx(0.9119).margin(1e-4));
    CHECK(cell.at("found_high") == 1.0);
    CHECK(groups[1].at("contrast").is_null());
    CHECK(groups[1].at("a90").is_null());
    CHECK(groups[1].at("a90_95").is_null());
    CHECK(groups[2].at("curve").is_null());
}

TEST_CASE("a probe's JSON is read back, and other JSON is refused", "[score]") {
    const auto json = io::json::parse(to_json(test::small_probe()).dump());
    const auto back = probe_result_from(json, "probe.json");
    CHECK(to_json(back) == json);
    CHECK(sentences_of(back) == sentences_of(test::small_probe()));
    const auto message = [&](const char* pointer, const io::json& value) {
        auto changed = json;
        changed[io::json::json_pointer{pointer}] = value;
        return test::message_of([&] { static_cast<void>(probe_result_from(changed, "probe.json")); });
    };
    CHECK_THAT(message("/threshold", "high"), test::mentions("probe.json: is no result of a probe", "rd4ad probe"));
    CHECK_THAT(message("/groups/0/kind", "crack"), test::mentions("probe.json", "crack"));
    CHECK_THAT(message("/groups/0/cells/0/found", 41), test::mentions("probe.json", "41 of 40 found"));
    CHECK_THAT(message("/groups/0/cells/0/found", -1), test::mentions("probe.json: is no result of a probe"));
    CHECK_THAT(message("/photographs", 1e300), test::mentions("probe.json: is no result of a probe"));
    CHECK_THAT(message("/groups/0/curve/smallest", 0), test::mentions("probe.json", "smallest size of 0"));
    CHECK_THAT(message("/groups", io::json::array()), test::mentions("probe.json", "no defects"));
    CHECK_THAT(test::message_of([] { static_cast<void>(probe_result_from({}, "probe.json")); }), test::mentions("probe.json"));
}
