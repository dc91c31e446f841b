// Thresholds: their false-alarm rates and the predicted numbers of false alarms are as promised.
#include <rd4ad/score/threshold_rules.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <rd4ad/core/random.hpp>

#include <support/catch.hpp>
#include <support/image_files.hpp>
#include <support/mentions.hpp>

using namespace rd4ad;

namespace {

std::vector<float> draw(std::size_t n, rd4ad::random& source, double (*shape)(rd4ad::random&)) {
    std::vector<float> scores(n);
    for (float& one : scores) one = static_cast<float>(shape(source));
    return scores;
}

double exponential(rd4ad::random& source) { return 0.2 - 0.05 * std::log(1 - source.uniform()); }
double uniform(rd4ad::random& source) { return source.uniform(); }

/// The exponential distribution's share above a threshold.
double exponential_above(double t) { return t < 0.2 ? 1 : std::exp(-(t - 0.2) / 0.05); }

}  // namespace

TEST_CASE("the k-th largest raw score is the threshold, with its rate and interval", "[score]") {
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
    CHECK(constant.threshold == 0.5 + calibration::min_spread);
}

TEST_CASE("false-alarm rates are as promised, over many draws", "[score]") {
    rd4ad::random source{5};
    constexpr int rounds = 500;
    for (const std::size_t n : {16u, 40u, 120u})
        for (const double rate : {0.01, 0.05, 0.2}) {
            double sum = 0, uniform_sum = 0;
            int inside = 0;
            threshold_rule rule{};
            for (int i = 0; i < rounds; ++i) {
                const auto by = calibrate(draw(n, source, exponential), rate);
                rule = by.rule;
                const double above = exponential_above(by.threshold);
                sum += above;
                inside += above >= by.rate_interval.low && above <= by.rate_interval.high ? 1 : 0;
                uniform_sum += 1 - std::min(calibrate(draw(n, source, uniform), rate).threshold, 1.0);
            }
            CAPTURE(n, rate, to_string(rule));
            const double expected = calibrate(draw(n, source, exponential), rate).expected_rate;
            CHECK(expected <= rate + 1e-12);
            CHECK(sum / rounds < rate * 1.2);
            CHECK(uniform_sum / rounds < rate * 1.2);
            if (rule == threshold_rule::order_statistic) {
                CHECK(sum / rounds == Approx(expected).epsilon(0.15));
                CHECK(uniform_sum / rounds == Approx(expected).epsilon(0.15));
            }
            CHECK(inside > rounds * 0.92);
        }
}

TEST_CASE("the false alarms of new images lie in the predicted interval, by every rule and distribution", "[score]") {
    rd4ad::random source{8};
    constexpr int rounds = 1000;
    for (const std::size_t n : {16u, 20u, 120u})
        for (const std::size_t new_images : {20u, 100u})
            for (const double rate : {0.01, 0.05, 0.3})
                for (const auto distribution : {exponential, uniform}) {
                    int below = 0, above = 0, shares_inside = 0;
                    for (int i = 0; i < rounds; ++i) {
                        const auto by = calibrate(draw(n, source, distribution), rate);
                        const auto predicted = predicted_false_alarms(by, new_images);
                        std::size_t count = 0;
                        for (const float score : draw(new_images, source, distribution))
                            if (static_cast<double>(score) >= by.threshold) ++count;
                        below += count < predicted.low ? 1 : 0;
                        above += count > predicted.high ? 1 : 0;
                        const double share = static_cast<double>(count) / static_cast<double>(new_images);
                        shares_inside += share >= by.rate_interval.low && share <= by.rate_interval.high ? 1 : 0;
                    }
                    CAPTURE(n, new_images, rate, below, above);
                    CHECK(below < rounds * 0.04);
                    CHECK(above < rounds * 0.04);
                    // The rate's own interval is too narrow for the share of a few images: it excludes 0.
                    if (n == 20 && new_images == 20 && rate == 0.05) CHECK(shares_inside < rounds * 0.7);
                }
}

TEST_CASE("the predicted false alarms depend on the threshold's rank among the good raw scores", "[score]") {
    calibration by{.typical = 0.2, .threshold = 0.3, .good_scores = {0.1f, 0.2f, 0.25f, 0.35f, 0.4f}};
    auto found = predicted_false_alarms(by, 50);  // two of five are at or above it, so the second and the third bound it
    CHECK(found.low == metrics::predicted_count(2, 5, 50).low);
    CHECK(found.high == metrics::predicted_count(3, 5, 50).high);
    by.threshold = static_cast<double>(0.35f);
    CHECK(predicted_false_alarms(by, 50).high == metrics::predicted_count(2, 5, 50).high);
    by.threshold = 0.5;
    found = predicted_false_alarms(by, 50);
    CHECK((found.low == 0 && found.high == metrics::predicted_count(1, 5, 50).high));
    by.threshold = 0.05;
    found = predicted_false_alarms(by, 50);
    CHECK((found.low == metrics::predicted_count(5, 5, 50).low && found.high == 50));
    by.good_scores.clear();
    found = predicted_false_alarms(by, 50);
    CHECK((found.low == 0 && found.high == 50));
}

TEST_CASE("labelled images set the threshold in the gap below the best F1", "[score]") {
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
    // The anomalous image has the lowest raw score: the function still increases.
    const auto poor = calibrate_labelled(std::vector<float>{0.5f, 0.6f, 0.1f}, std::vector<std::uint8_t>{0, 0, 1});
    CHECK(poor.spread() == calibration::min_spread);
    CHECK((poor(static_cast<double>(0.1f)) == 0.5 && poor(0.1) < poor(0.2)));
}

TEST_CASE("raw scores that can't calibrate are refused", "[score]") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (const double rate : {0.0, 1.0})
        CHECK_THAT(test::message_of<option_error>([&] {
                       (void)calibrate({0.1f, 0.2f}, rate);
                   }),
                   test::mentions("calibrate", "false-alarm rate", rate, "above 0 and below 1"));
    CHECK_THAT(test::message_of<data_error>([] { (void)calibrate({0.1f}, 0.1); }),
               test::mentions("calibrate", "1 raw scores", "at least 2", "add good images"));
    CHECK_THAT(test::message_of<numeric_error>([&] {
                   (void)calibrate({0.1f, nan}, 0.1);
               }),
               test::mentions("calibrate", "raw score 1", "nan", "not finite"));
    CHECK_THAT(
        test::message_of<shape_error>([] { (void)calibrate_labelled(std::vector<float>(2), std::vector<std::uint8_t>(3)); }),
        test::mentions("calibrate_labelled", "2 raw scores", "3 labels"));
    CHECK_THAT(test::message_of<data_error>([] {
                   (void)calibrate_labelled(std::vector<float>(3), std::vector<std::uint8_t>{0, 0, 0});
               }),
               test::mentions("calibrate_labelled", "3 good", "0 anomalous", "at least 2 good and 1 anomalous"));
}
