// The data of a report page: every value under its key, unknown values null.
#include <rd4ad/score/report_json.hpp>

#include <limits>
#include <string>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/small_probe.hpp>
#include <support/small_report.hpp>

using namespace rd4ad;

TEST_CASE("a page has all data of the report, and unknown values are null", "[score]") {
    const auto data = to_json(test::small_report());
    CHECK(data.at("title") == "screws");
    CHECK(data.at("footer").get<std::string>() ==
          std::string{"rd4ad "} + version + ". Thumbnails: 0.0 MB. A note. This page loads nothing from the network.");
    const auto& set = data.at("sets").at(0);
    CHECK(set.at("metrics") == io::json::parse(R"([["image AUROC", 0.75], ["AUPRO", null]])"));
    CHECK(set.at("curves").at("precision_recall") == io::json::parse("[[1.0, 0.5]]"));
    CHECK(set.at("losses") == io::json::parse("[1.0, 0.5]"));
    CHECK(set.at("settings") == io::json::parse(R"([["seed", "111"]])"));
    const auto& second = set.at("images").at(1);
    CHECK(second.at("file") == "</script><!--<b>.png");
    CHECK(second.at("is_anomalous") == true);
    CHECK(second.at("ms").is_null());
    CHECK(second.at("regions") == io::json::parse(R"([{"box": [10, 20, 30, 10], "raw_score": 0.5, "score": null, "area": 250,
                                                       "outline": [100, 400, 404, 400, 404, 592]}])"));
}

TEST_CASE("a report has the suspects and the detection limits of its sets", "[score]") {
    auto of = test::small_report();
    const auto without = to_json(of).at("sets").at(0);
    CHECK((without.at("limits").is_null() && without.at("suspects").empty()));
    of.sets[0].limits = test::small_probe();
    of.sets[0].suspects = {{.name = "odd.png", .raw_score = 0.5, .p_value = 0.01}};
    const auto with = to_json(of).at("sets").at(0);
    CHECK(with.at("limits") == to_json(test::small_probe()));
    CHECK(with.at("suspects") == io::json::array({to_json(of.sets[0].suspects[0])}));
}

TEST_CASE("a raw score never takes a score's place in a report", "[score]") {
    auto of = test::small_report();
    of.sets[0].images[1].score.reset();
    const auto set = to_json(of).at("sets").at(0);
    CHECK((set.at("axis") == "raw_score" && set.at("threshold") == 0.5));
    CHECK((set.at("images").at(1).at("raw_score") == 1.5 && set.at("images").at(1).at("score").is_null()));
    of.sets[0].is_calibrated = true;
    of.sets[0].images[1].score = 0.75;
    of.sets[0].images[1].regions[0].score = 0.625;
    const auto calibrated = to_json(of).at("sets").at(0);
    CHECK(calibrated.at("axis") == "score");
    CHECK((calibrated.at("images").at(1).at("raw_score") == 1.5 && calibrated.at("images").at(1).at("score") == 0.75));
    CHECK(calibrated.at("images").at(1).at("regions").at(0).at("score") == 0.625);
}

TEST_CASE("a set's metrics are averaged over the sets that have them", "[score]") {
    auto of = test::small_report();
    of.sets.push_back(of.sets[0]);
    of.sets[1].metrics = {{"image AUROC", 0.25}, {"AUPRO", 0.5}};
    of.sets[0].metrics[1].second = std::nullopt;
    CHECK(to_json(of).at("mean") == io::json::parse(R"([["image AUROC", 0.5], ["AUPRO", 0.5]])"));
}

TEST_CASE("a report that can't be drawn is refused", "[score]") {
    const auto message = [](const report& of) { return test::message_of([&] { static_cast<void>(to_json(of)); }); };
    CHECK_THAT(message({"none"}), test::mentions("report", "no set", "at least one"));
    auto of = test::small_report();
    of.sets[0].images.clear();
    CHECK_THAT(message(of), test::mentions("'screw'", "no images", "at least one"));
    of = test::small_report();
    of.sets[0].is_calibrated = true;
    of.sets[0].images[0].score.reset();
    CHECK_THAT(message(of), test::mentions("good/0.png", "'screw'", "no score"));
    of = test::small_report();
    of.sets[0].images[0].raw_score = std::numeric_limits<double>::infinity();
    CHECK_THAT(message(of), test::mentions("good/0.png", "'screw'", "not finite"));
}
