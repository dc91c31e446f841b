// Drift: without one, windows warn as often as stated; a shift of the good parts' raw scores is found.
#include <rd4ad/score/drift.hpp>

#include <limits>
#include <vector>

#include <rd4ad/core/random.hpp>
#include <rd4ad/score/threshold_rules.hpp>

#include <support/catch.hpp>
#include <support/image_files.hpp>
#include <support/mentions.hpp>
#include <support/score_laws.hpp>

using namespace rd4ad;

namespace {

/// The share of windows that warn, over draws of a calibration and of parts whose raw scores are `factor` times those of the law.
double warning_share(const test::score_law& law, std::size_t n, const drift_options& options, double factor,
                     metrics::gumbel_predictions& predictions) {
    constexpr int rounds = 250, windows = 2;
    rd4ad::random source{n};
    int warnings = 0;
    for (int i = 0; i < rounds; ++i) {
        drift_monitor monitor{calibrate(law.draw(n, source), default_rate(n), 3, predictions), options};
        for (int tests = 0; tests < windows;)
            if (const auto found = monitor.add(factor * law.value(source))) {
                warnings += found->is_drift ? 1 : 0;
                ++tests;
            }
    }
    return warnings / static_cast<double>(rounds * windows);
}

}  // namespace

TEST_CASE("without a drift, windows warn as often as stated", "[score]") {
    metrics::gumbel_predictions predictions;
    for (const auto& law : test::score_laws())
        for (const std::size_t n : {20u, 40u})
            for (const auto side : {drift_side::higher, drift_side::both}) {
                const drift_options options{.window = n == 20 ? 30u : 50u, .false_alarm_rate = 0.05, .side = side};
                const double share = warning_share(law, n, options, 1, predictions);
                CAPTURE(law.name, n, share);
                CHECK(share <= 0.095);  // two windows share a calibration, so 500 windows vary like some 350
                CHECK(share >= 0.012);
            }
}

TEST_CASE("a shift of the good parts' raw scores is found", "[score]") {
    metrics::gumbel_predictions predictions;
    for (const auto& law : test::score_laws()) {
        if (law.name != "log-normal 0.15" && law.name != "Gumbel 0.09" && law.name != "Weibull 5") continue;
        CAPTURE(law.name);
        // Of parts that rise, those above the threshold are anomalies: Weibull's law, wide below its end, leaves a smaller shift.
        const bool wide = law.name == "Weibull 5";
        CHECK(warning_share(law, 40, {}, 1.2, predictions) > (wide ? 0.3 : 0.8));
        CHECK(warning_share(law, 40, {.side = drift_side::higher}, 1.2, predictions) > (wide ? 0.4 : 0.85));
        CHECK(warning_share(law, 40, {}, 0.8, predictions) > 0.9);
        CHECK(warning_share(law, 40, {.side = drift_side::higher}, 0.8, predictions) == 0);
    }
}

TEST_CASE("each window of parts judged good gets one test, and anomalies don't count", "[score]") {
    calibration by{.typical = 0.5, .threshold = 0.8};
    for (int i = 0; i < 20; ++i) by.good_scores.push_back(0.41f + 0.02f * static_cast<float>(i));
    drift_monitor monitor{by, {.window = 10}};
    for (int i = 0; i < 9; ++i) {
        CHECK(!monitor.add(0.76 + 0.001 * i));
        CHECK(!monitor.add(0.8));  // at the threshold: an anomaly
    }
    CHECK((monitor.parts() == 9 && !monitor.last()));
    auto copy = monitor;
    const auto found = monitor.add(0.755);
    REQUIRE(found);
    CHECK((found->is_drift && found->p_value < 0.01 && found->parts == 10));
    CHECK(found->level == Approx(0.7635));
    CHECK(found->calibration_level == Approx(0.6));
    CHECK(monitor.last()->p_value == found->p_value);
    CHECK(copy.parts() == 9);
    for (int i = 0; i < 9; ++i) CHECK(!monitor.add(0.5 + 0.02 * i));
    CHECK(!monitor.add(0.55)->is_drift);
    CHECK(monitor.parts() == 20);

    // The calibration's good scores at or above the threshold are cut off, too.
    by.threshold = 0.6;
    drift_monitor cut{by, {.window = 5}};
    for (int i = 0; i < 4; ++i) CHECK(!cut.add(0.5));
    CHECK(cut.add(0.5)->calibration_level == Approx(0.5));
}

TEST_CASE("a monitor without scores, window or rate is refused", "[score]") {
    calibration by{.typical = 0.5, .threshold = 0.8, .good_scores = {0.1f, 0.2f, 0.3f, 0.4f, 0.9f}};
    CHECK_THAT(test::message_of<data_error>([&] { (void)drift_monitor{by}; }),
               test::mentions("drift: ", "4 good raw scores", "at least 5"));
    CHECK_FALSE(can_test_drift(by));
    by.good_scores[4] = 0.5f;
    CHECK(can_test_drift(by));
    for (const std::size_t window : {std::size_t{4}, std::size_t{1'000'001}, std::numeric_limits<std::size_t>::max()})
        CHECK_THAT(test::message_of<option_error>([&] { (void)drift_monitor(by, {.window = window}); }),
                   test::mentions("drift: ", text("window is ", window), "5 to 1000000"));
    for (const double rate : {0.0, 1.0})
        CHECK_THAT(test::message_of<option_error>([&] { (void)drift_monitor(by, {.false_alarm_rate = rate}); }),
                   test::mentions("drift: ", rate, "above 0 and below 1"));
    drift_monitor monitor{by};
    CHECK_THAT(test::message_of<numeric_error>([&] { (void)monitor.add(std::numeric_limits<double>::quiet_NaN()); }),
               test::mentions("drift: ", "nan", "finite"));
}
