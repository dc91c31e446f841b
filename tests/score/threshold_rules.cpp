// Thresholds: their false-alarm rates and the predicted numbers of false alarms are as promised.
#include <rd4ad/score/threshold_rules.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include <rd4ad/core/random.hpp>

#include <support/catch.hpp>
#include <support/image_files.hpp>
#include <support/mentions.hpp>
#include <support/score_laws.hpp>

using namespace rd4ad;

namespace {

/// What calibrations from many draws of a law promise and what they keep.
struct promise_counts {
    double mean_rate{0};         ///< of the true false-alarm rates
    double in_rate_interval{0};  ///< share of draws
    double below{0}, above{0};   ///< shares of draws with fewer or more false alarms than predicted
    double mean_threshold{0};    ///< divided by the law's quantile of the expected rate
    double expected_rate{0};
    double set_aside{0};  ///< mean number
};

promise_counts count_promises(const test::score_law& law, std::size_t n, double rate, std::size_t new_images,
                              metrics::gumbel_predictions& predictions) {
    constexpr int rounds = 300;
    rd4ad::random source{n + new_images};
    promise_counts found;
    for (int i = 0; i < rounds; ++i) {
        const auto by = calibrate(law.draw(n, source), rate, 3, predictions);
        const double above = law.above(by.threshold);
        found.expected_rate += by.expected_rate / rounds;
        found.mean_rate += above / rounds;
        found.in_rate_interval +=
            above >= by.rate_interval.low - 1e-9 && above <= by.rate_interval.high + 1e-9 ? 1.0 / rounds : 0;
        found.set_aside += static_cast<double>(by.set_aside) / rounds;
        found.mean_threshold += by.threshold / law.quantile(1 - by.expected_rate) / rounds;
        const auto predicted = predicted_false_alarms(by, new_images);
        std::size_t count = 0;
        for (const float score : law.draw(new_images, source)) count += static_cast<double>(score) >= by.threshold ? 1 : 0;
        found.below += count < predicted.low ? 1.0 / rounds : 0;
        found.above += count > predicted.high ? 1.0 / rounds : 0;
    }
    return found;
}

}  // namespace

TEST_CASE("the threshold lies between the k-th and the (k + 1)-th largest raw score, with its rate and interval", "[score]") {
    std::vector<float> scores(99);
    for (std::size_t i = 0; i < scores.size(); ++i) scores[98 - i] = static_cast<float>(i + 1) / 100;
    const auto by = calibrate(scores, 0.05);
    CHECK(by.rule == threshold_rule::order_statistic);
    CHECK((by.threshold >= static_cast<double>(0.94f) && by.threshold <= static_cast<double>(0.95f)));
    CHECK(by.typical == static_cast<double>(0.5f));
    CHECK((by.expected_rate == 0.05 && by.asked_rate == 0.05 && by.set_aside == 0));
    CHECK(by.rate_interval.low == Approx(0.01659).margin(1e-4));   // scipy.stats.beta.ppf(0.025, 5, 95)
    CHECK(by.rate_interval.high == Approx(0.11394).margin(1e-4));  // scipy.stats.beta.ppf(0.975, 6, 94)
    CHECK(by.good_scores.front() == 0.01f);
    CHECK(by.source == score_source::hold_out);
    CHECK(calibrate(std::vector<float>(19, 0.5f), 0.05).rule == threshold_rule::order_statistic);
    CHECK(calibrate(std::vector<float>(18, 0.5f), 0.05).rule == threshold_rule::location_scale);
    const auto constant = calibrate({0.5f, 0.5f}, 0.01);
    CHECK(constant.threshold == 0.5 + calibration::min_spread);
    CHECK(calibrate({30.0f, 30.0f}, 0.01, 100).threshold == 30 + 30 * calibration::min_spread);
    CHECK(calibrate({0.5f, 0.6f}, 0.99).threshold >= 0.5);
}

TEST_CASE("a threshold above all raw scores stays near them and below what a raw score can be", "[score]") {
    metrics::gumbel_predictions predictions;
    rd4ad::random source{3};
    for (const auto& law : test::score_laws())
        for (const std::size_t n : {2u, 3u, 5u, 20u, 40u})
            for (int i = 0; i < 50; ++i) {
                const auto by = calibrate(law.draw(n, source), 0.001, 3, predictions);
                const auto largest = static_cast<double>(by.good_scores[n - 1 - by.set_aside]);
                CAPTURE(law.name, n, by.threshold, largest);
                const double floor_at = by.typical + calibration::min_spread_at(by.typical);
                CHECK(by.rule == threshold_rule::location_scale);
                CHECK(by.threshold >= largest);
                CHECK(by.threshold <= std::max(2 * largest - by.typical + 1e-12, floor_at));
                CHECK(by.threshold <= std::max(0.5 * (largest + 3) + 1e-12, floor_at));
                CHECK(by.expected_rate == Approx(0.25 / static_cast<double>(n - by.set_aside + 1)));
                CHECK(by.rate_interval.low == 0);
            }
    std::vector<float> high(20);
    for (std::size_t i = 0; i < 20; ++i) high[i] = 2 + 0.04f * static_cast<float>(i);
    const double bounded = calibrate(high, 0.001).threshold, free = calibrate(high, 0.001, 1e9).threshold;
    CHECK(bounded == Approx(2.88));  // the middle between 2.76 and 3
    CHECK(free > 2.95);
}

TEST_CASE("false-alarm rates and counts are as promised, for laws that are not the assumed one", "[score]") {
    metrics::gumbel_predictions predictions;
    for (const auto& law : test::score_laws())
        for (const std::size_t n : {10u, 20u, 40u, 150u, 500u})
            for (const double rate : {default_rate(n), 0.5 * supported_rate(n)}) {
                if (n == 500 && rate < 0.01) continue;
                const auto found = count_promises(law, n, rate, n == 20 ? 200 : 40, predictions);
                const std::size_t k = threshold_rank(n, rate);
                CAPTURE(law.name, n, rate, k, found.mean_rate, found.in_rate_interval, found.below, found.above,
                        found.mean_threshold, found.set_aside);
                CHECK(found.in_rate_interval >= 0.94);
                CHECK(found.below <= 0.045);
                CHECK(found.above <= 0.045);
                // The bounds of every distribution, counting those set aside as alarms; 300 draws' error is below a tenth.
                const double step = supported_rate(n);
                CHECK(found.mean_rate <= 1.1 * step * (static_cast<double>(k) + 1 + found.set_aside));
                CHECK(found.mean_rate >= 0.85 * step * static_cast<double>(k));
                // For laws with Gumbel's tail or a lighter one, the rate asked for is the rate.
                if (law.tail == test::law_tail::gumbel || law.tail == test::law_tail::light)
                    CHECK(found.mean_rate <= 1.35 * found.expected_rate + (k == 0 ? 0.15 * step : 0));
                if (law.tail != test::law_tail::clusters && k > 0) {
                    CHECK(found.mean_threshold < 1.06);
                    CHECK(found.mean_threshold > 0.93);
                }
                if (law.tail != test::law_tail::clusters) CHECK(found.mean_threshold < 1.25);
            }
}

TEST_CASE("one or two defects among the good images don't move the threshold beyond the good ones", "[score]") {
    metrics::gumbel_predictions predictions;
    constexpr int rounds = 200;
    for (const auto& law : test::score_laws())
        for (const std::size_t n : {20u, 40u})
            for (const std::size_t defects : {1u, 2u}) {
                if (law.tail == test::law_tail::clusters) continue;
                rd4ad::random source{n};
                double clean = 0, with_defects = 0, found = 0;
                for (int i = 0; i < rounds; ++i) {
                    auto scores = law.draw(n, source);
                    for (const double rate : {default_rate(n), 0.01}) {
                        auto mixed = scores;
                        for (std::size_t d = 0; d < defects; ++d)
                            mixed[d] = static_cast<float>(2 * law.quantile(0.99) * (1 + 0.1 * source.uniform()));
                        clean += calibrate(scores, rate, 3, predictions).threshold / rounds;
                        const auto by = calibrate(mixed, rate, 3, predictions);
                        with_defects += by.threshold / rounds;
                        found += by.set_aside >= defects ? 0.5 / rounds : 0;
                    }
                }
                CAPTURE(law.name, n, defects, clean, with_defects, found);
                CHECK(found >= 0.97);
                CHECK(with_defects < (law.tail == test::law_tail::heavy ? 1.2 : 1.08) * clean);
            }
    // Of three, two are set aside: more may be a second kind of good images.
    std::vector<float> scores(40);
    for (std::size_t i = 0; i < 40; ++i) scores[i] = 0.5f + 0.005f * static_cast<float>(i);
    for (std::size_t i = 0; i < 3; ++i) scores[i] = 2.0f + 0.1f * static_cast<float>(i);
    CHECK(calibrate(scores, 0.03).set_aside == 2);
    CHECK(calibrate(scores, 0.03).threshold > 0.75);
    scores[0] = 0.6f;
    CHECK(calibrate(scores, 0.03).set_aside == 2);
    CHECK(calibrate(scores, 0.03).threshold < 0.75);
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
    by = {.typical = 0.2, .threshold = 0.3, .good_scores = {0.1f, 0.2f, 0.25f, 0.35f, 2.4f}, .set_aside = 1};
    found = predicted_false_alarms(by, 50);  // the largest may be a defect: it counts for the upper end only
    CHECK(found.low == metrics::predicted_count(1, 4, 50).low);
    CHECK(found.high == metrics::predicted_count(3, 5, 50).high);
    by = {.threshold = static_cast<double>(0.4f), .rule = threshold_rule::location_scale, .good_scores = {0.1f, 0.4f}};
    CHECK((predicted_false_alarms(by, 500).low == 0 && predicted_false_alarms(by, 500).high < 500));
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
    for (const double largest : {0.0, -1.0})
        CHECK_THAT(test::message_of<option_error>([&] {
                       (void)calibrate({0.1f, 0.2f}, 0.1, largest);
                   }),
                   test::mentions("calibrate", "largest possible raw score", largest, "above 0"));
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
