// The scale from 0 to 1: strictly increasing, 0.5 at the threshold; and thresholds whose false-alarm rates are as promised.
#include <rd4ad/score/calibration.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <support/catch.hpp>
#include <support/image_files.hpp>

using namespace rd4ad;

namespace {

std::vector<float> draw(std::size_t n, rd4ad::random& source, double (*shape)(rd4ad::random&)) {
    std::vector<float> scores(n);
    for (float& one : scores) one = static_cast<float>(shape(source));
    return scores;
}

double exponential(rd4ad::random& source) { return 0.2 - 0.05 * std::log(1 - source.uniform()); }
double uniform(rd4ad::random& source) { return source.uniform(); }

/// The share of the law above a threshold.
double exponential_above(double t) { return t < 0.2 ? 1 : std::exp(-(t - 0.2) / 0.05); }

}  // namespace

TEST_CASE("typical is near 0, the threshold at 0.5, an extreme score near 1", "[score]") {
    const calibration by{.typical = 0.2, .threshold = 0.3};
    CHECK(by(0.3) == 0.5);
    CHECK(by(0.2) == Approx(0.0097).margin(1e-4));
    CHECK(by(0.4) == Approx(0.9903).margin(1e-4));
    CHECK((by(3.0) > 0.9999 && by(3.0) < 1));
    CHECK((by(0.0) > 0 && by(0.0) < 0.01));
    for (const double value : {0.001, 0.0097, 0.3, 0.5, 0.8, 0.999}) CHECK(by(by.raw(value)) == Approx(value).margin(1e-12));
    CHECK(test::message_of<option_error>([&] { (void)by.raw(1.0); }) == "calibration: the value 1.0 must be above 0 and below 1");
    const auto map = calibrated(by, {2, 1, 1, {0.3f, 0.2f}});
    CHECK(map.pixels[0] == Approx(0.5f));
    CHECK(map.pixels[1] == Approx(0.0097f).margin(1e-4));
}

TEST_CASE("every float from 1e-6 to 3 has a value above its neighbour's", "[score]") {
    rd4ad::random source{11};
    for (const double spread : {calibration::smallest_spread, 0.01, 0.1, 1.0})
        for (const double threshold : {0.01, 0.25, 1.9}) {
            const calibration by{.typical = threshold - spread, .threshold = threshold};
            const auto check = [&](float at) {
                const float next = std::nextafter(at, 4.0f);
                CAPTURE(spread, threshold, at);
                const double low = by(static_cast<double>(at)), high = by(static_cast<double>(next));
                if (!(low < high && low > 0 && high < 1)) CHECK(low < high);
            };
            for (int i = 0; i < 5000; ++i) {
                check(static_cast<float>(3 * source.uniform()) + 1e-6f);
                check(static_cast<float>(std::pow(10.0, 6.477 * source.uniform() - 6)));
                check(static_cast<float>(threshold + 1e-6 * (source.uniform() - 0.5)));
            }
            check(std::nextafter(3.0f, 0.0f));
        }
    SUCCEED();
}

TEST_CASE("the k-th largest score is the threshold, with its rate and interval", "[score]") {
    std::vector<float> scores(99);
    for (std::size_t i = 0; i < scores.size(); ++i) scores[98 - i] = static_cast<float>(i + 1) / 100;
    const auto by = calibrate(scores, 0.05);
    CHECK(by.rule == threshold_rule::order_statistic);
    CHECK(by.threshold == static_cast<double>(0.95f));
    CHECK(by.typical == static_cast<double>(0.5f));
    CHECK(by.expected_rate == 0.05);
    CHECK(by.rate_interval.low == Approx(0.01659).margin(1e-4));  // scipy.stats.beta.ppf([0.025, 0.975], 5, 95)
    CHECK(by.rate_interval.high == Approx(0.10003).margin(2e-3));
    CHECK(by.good_scores.front() == 0.01f);
    CHECK(calibrate(scores, 0.0199).expected_rate == 0.01);
    CHECK(calibrate(std::vector<float>(19, 0.5f), 0.05).rule == threshold_rule::order_statistic);
    CHECK(calibrate(std::vector<float>(18, 0.5f), 0.05).rule == threshold_rule::exponential_tail);
    const auto constant = calibrate({0.5f, 0.5f}, 0.01);
    CHECK(constant.threshold == 0.5 + calibration::smallest_spread);
}

TEST_CASE("rates are as promised, over many draws", "[score]") {
    rd4ad::random source{5};
    constexpr int rounds = 500;
    for (const std::size_t n : {16u, 40u, 120u})
        for (const double rate : {0.01, 0.05, 0.2}) {
            double sum = 0, any_law = 0;
            int inside = 0;
            threshold_rule rule{};
            for (int i = 0; i < rounds; ++i) {
                const auto by = calibrate(draw(n, source, exponential), rate);
                rule = by.rule;
                const double above = exponential_above(by.threshold);
                sum += above;
                inside += above >= by.rate_interval.low && above <= by.rate_interval.high ? 1 : 0;
                any_law += 1 - std::min(calibrate(draw(n, source, uniform), rate).threshold, 1.0);
            }
            CAPTURE(n, rate, to_string(rule));
            const double expected = calibrate(draw(n, source, exponential), rate).expected_rate;
            CHECK(expected <= rate + 1e-12);
            CHECK(sum / rounds < rate * 1.2);
            CHECK(any_law / rounds < rate * 1.2);
            if (rule == threshold_rule::order_statistic) {
                CHECK(sum / rounds == Approx(expected).epsilon(0.15));
                CHECK(any_law / rounds == Approx(expected).epsilon(0.15));
            }
            CHECK(inside > rounds * 0.92);
        }
}

TEST_CASE("alarms among further images lie where they are predicted, by every rule and law", "[score]") {
    rd4ad::random source{8};
    constexpr int rounds = 1000;
    for (const std::size_t n : {16u, 20u, 120u})
        for (const std::size_t further : {20u, 100u})
            for (const double rate : {0.01, 0.05, 0.3})
                for (const auto law : {exponential, uniform}) {
                    int below = 0, above = 0, shares_inside = 0;
                    for (int i = 0; i < rounds; ++i) {
                        const auto by = calibrate(draw(n, source, law), rate);
                        const auto predicted = predicted_alarms(by, further);
                        std::size_t count = 0;
                        for (const float score : draw(further, source, law))
                            if (static_cast<double>(score) >= by.threshold) ++count;
                        below += count < predicted.low ? 1 : 0;
                        above += count > predicted.high ? 1 : 0;
                        const double share = static_cast<double>(count) / static_cast<double>(further);
                        shares_inside += share >= by.rate_interval.low && share <= by.rate_interval.high ? 1 : 0;
                    }
                    CAPTURE(n, further, rate, below, above);
                    CHECK(below < rounds * 0.04);
                    CHECK(above < rounds * 0.04);
                    // Why the rate's own interval is none for a share of few images: it has no room for none at all.
                    if (n == 20 && further == 20 && rate == 0.05) CHECK(shares_inside < rounds * 0.7);
                }
}

TEST_CASE("alarms are predicted by where the threshold lies among the good scores", "[score]") {
    calibration by{.typical = 0.2, .threshold = 0.3, .good_scores = {0.1f, 0.2f, 0.25f, 0.35f, 0.4f}};
    auto found = predicted_alarms(by, 50);  // two of five reach it, the third lies below: the second and the third bound it
    CHECK(found.low == metrics::predicted_count(2, 5, 50).low);
    CHECK(found.high == metrics::predicted_count(3, 5, 50).high);
    by.threshold = static_cast<double>(0.35f);
    CHECK(predicted_alarms(by, 50).high == metrics::predicted_count(2, 5, 50).high);
    by.threshold = 0.5;
    found = predicted_alarms(by, 50);
    CHECK((found.low == 0 && found.high == metrics::predicted_count(1, 5, 50).high));
    by.threshold = 0.05;
    found = predicted_alarms(by, 50);
    CHECK((found.low == metrics::predicted_count(5, 5, 50).low && found.high == 50));
    by.good_scores.clear();
    found = predicted_alarms(by, 50);
    CHECK((found.low == 0 && found.high == 50));
}

TEST_CASE("labelled images set the threshold in the gap of the best F1", "[score]") {
    const std::vector<float> scores{0.1f, 0.3f, 0.2f, 0.7f, 0.5f, 0.25f};
    const std::vector<std::uint8_t> labels{0, 0, 0, 1, 1, 1};
    const auto by = calibrate_labelled(scores, labels);
    CHECK(by.rule == threshold_rule::best_f1);
    CHECK(*by.f1 == Approx(6.0 / 7));
    CHECK(by.threshold == Approx(0.225));
    CHECK(by.typical == Approx(0.2));
    CHECK(by.expected_rate == Approx(1.0 / 3));
    CHECK(by.rate_interval.low == Approx(0.0084).margin(1e-4));
    CHECK(by.spread() == Approx(0.025).margin(1e-6));
    // Worse than the good ones: the scale is still increasing.
    const auto poor = calibrate_labelled(std::vector<float>{0.5f, 0.6f, 0.1f}, std::vector<std::uint8_t>{0, 0, 1});
    CHECK(poor.spread() == calibration::smallest_spread);
    CHECK((poor(static_cast<double>(0.1f)) == 0.5 && poor(0.1) < poor(0.2)));
}

TEST_CASE("a calibration comes back from JSON as it was", "[score]") {
    rd4ad::random source{9};
    for (const double rate : {0.001, 0.1}) {
        const auto by = calibrate(draw(30, source, uniform), rate);
        CHECK(*calibration_from(io::parse(to_json(by).dump(), "text"), "text") == by);
    }
    const auto labelled = calibrate_labelled(std::vector<float>{0.1f, 0.2f, 0.3f}, std::vector<std::uint8_t>{0, 0, 1});
    CHECK(*calibration_from(to_json(labelled), "part") == labelled);
    CHECK(!calibration_from({}, "part"));
    const auto message = "part: its calibration can't be read: expected what rd4ad writes; calibrate again by rd4ad calibrate";
    CHECK(test::message_of<format_error>([] { (void)calibration_from({{"typical", 1}}, "part"); }) == message);
    auto wrong = to_json(labelled);
    wrong["rule"] = "guess";
    CHECK(test::message_of<format_error>([&] { (void)calibration_from(wrong, "part"); }) == message);
}

TEST_CASE("scores that calibrate nothing are refused", "[score]") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK(test::message_of<option_error>([] {
              (void)calibrate({0.1f, 0.2f}, 0.0);
          }) == "calibrate: the false-alarm rate is 0.0, it must be above 0 and below 1");
    CHECK(test::message_of<data_error>([] { (void)calibrate({0.1f}, 0.1); }) ==
          "calibrate: 1 scores of good images, expected at least 2; give more good images");
    CHECK(test::message_of<numeric_error>([&] {
              (void)calibrate({0.1f, nan}, 0.1);
          }) == "calibrate: a score is not finite; expected raw scores of 0 to 3");
    CHECK(test::message_of<shape_error>([] { (void)calibrate_labelled(std::vector<float>(2), std::vector<std::uint8_t>(3)); }) ==
          "calibrate_labelled: 2 scores and 3 labels; expected as many");
    CHECK(test::message_of<data_error>([] {
              (void)calibrate_labelled(std::vector<float>(3), std::vector<std::uint8_t>{0, 0, 0});
          }) == "calibrate_labelled: 3 good images and 0 with a defect, expected at least 2 and 1");
}
