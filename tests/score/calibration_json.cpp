// A calibration as JSON and back.
#include <rd4ad/score/calibration_json.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <rd4ad/core/random.hpp>
#include <rd4ad/score/threshold_rules.hpp>

#include <support/catch.hpp>
#include <support/image_files.hpp>
#include <support/mentions.hpp>

using namespace rd4ad;

namespace {

std::vector<float> draw(std::size_t n, rd4ad::random& source) {
    std::vector<float> raw_scores(n);
    for (float& one : raw_scores) one = static_cast<float>(source.uniform());
    return raw_scores;
}

}  // namespace

TEST_CASE("a calibration survives JSON unchanged", "[score]") {
    rd4ad::random source{9};
    for (const double rate : {0.001, 0.1}) {
        const auto by = calibrate(draw(30, source), rate);
        CHECK(*calibration_from(io::parse_json(to_json(by).dump(), "text"), "text") == by);
    }
    const auto labelled = calibrate_labelled(std::vector<float>{0.1f, 0.2f, 0.3f}, std::vector<std::uint8_t>{0, 0, 1});
    CHECK(*calibration_from(to_json(labelled), "part") == labelled);
    CHECK(!calibration_from({}, "part"));
    CHECK_THAT(test::message_of<format_error>([] {
                   (void)calibration_from({{"typical", 1}}, "part");
               }),
               test::mentions("part: the calibration can't be read", "threshold", "rd4ad calibrate"));
    auto crossed = labelled;
    crossed.source = score_source::out_of_fold;
    crossed.set_aside = 1;
    CHECK(*calibration_from(to_json(crossed), "part") == crossed);
    CHECK(!(crossed == labelled));
    for (const char* key : {"rule", "source"}) {
        auto wrong = to_json(labelled);
        wrong[key] = "guess";
        CHECK_THAT(test::message_of<format_error>([&] { (void)calibration_from(wrong, "part"); }),
                   test::mentions("part: the calibration can't be read", key, "'guess'", "rd4ad calibrate"));
    }
    auto wrong = to_json(labelled);
    wrong["set_aside"] = 3;
    CHECK_THAT(test::message_of<format_error>([&] { (void)calibration_from(wrong, "part"); }),
               test::mentions("part: the calibration can't be read", "3 of 2 good scores"));
}

TEST_CASE("a calibration that is not finite is refused by the value's name", "[score]") {
    const auto good = calibrate({0.1f, 0.2f, 0.3f}, 0.1);
    const auto refusal = [&](const auto& change) {
        auto changed = good;
        change(changed);
        return test::message_of<numeric_error>([&] { (void)calibration_from(to_json(changed), "part"); });
    };
    const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
    CHECK_THAT(refusal([&](auto& by) { by.threshold = nan; }), test::mentions("part: ", "threshold is NaN", "rd4ad calibrate"));
    CHECK_THAT(refusal([&](auto& by) { by.threshold = infinity; }), test::mentions("part: ", "threshold is infinite"));
    CHECK_THAT(refusal([&](auto& by) { by.typical = -infinity; }), test::mentions("part: ", "typical is -infinite"));
    CHECK_THAT(refusal([&](auto& by) { by.f1 = nan; }), test::mentions("part: ", "f1 is NaN"));
    CHECK_THAT(refusal([&](auto& by) { by.good_scores[1] = static_cast<float>(nan); }),
               test::mentions("part: ", "good_scores hold NaN at 1"));
    auto null = to_json(good);
    null["threshold"] = nullptr;  // JSON's text of NaN
    CHECK_THAT(test::message_of<format_error>([&] { (void)calibration_from(null, "part"); }), test::mentions("part: "));
}

TEST_CASE("a calibration of an older checkpoint is read", "[score]") {
    const auto old = io::parse_json(
        R"({"typical": 0.5, "threshold": 1.25, "spread": 0.75, "rule": "exponential tail", "asked_rate": 0.01, "f1": null,
            "expected_rate": 0.01, "rate_interval": [0.001, 0.2], "good_scores": [0.25, 0.5, 0.75]})",
        "text");
    const auto by = calibration_from(old, "part");
    REQUIRE(by);
    CHECK(by->rule == threshold_rule::location_scale);
    CHECK((by->threshold == 1.25 && by->expected_rate == 0.01 && by->good_scores.size() == 3));
    CHECK((by->source == score_source::hold_out && by->set_aside == 0));
}
