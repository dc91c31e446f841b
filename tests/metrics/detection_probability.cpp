// Compares the fit of hits and misses with numpy and scipy (scripts/make_detection_references.py), and counts how often a90/95
// lies above the true a90.
#include <rd4ad/metrics/detection_probability.hpp>

#include <cmath>
#include <cstdint>
#include <tuple>
#include <vector>

#include <rd4ad/core/random.hpp>

#include <support/catch.hpp>
#include <support/image_files.hpp>
#include <support/mentions.hpp>
#include <support/reference_text.hpp>

using namespace rd4ad;
using metrics::fit_detection_curve, metrics::size_outcome;

namespace {

std::vector<size_outcome> outcomes_of(const test::reference_case& one) {
    std::vector<size_outcome> outcomes;
    for (std::size_t i = 0; i < one.all("sizes").size(); ++i)
        outcomes.push_back(
            {one.all("sizes")[i], static_cast<std::size_t>(one.all("found")[i]), static_cast<std::size_t>(one.all("tried")[i])});
    return outcomes;
}

const std::vector<double> octaves{0.02, 0.04, 0.08, 0.16, 0.32};

/// The same number found of `tried` at each size.
std::vector<size_outcome> constant(std::size_t found, std::size_t tried) {
    std::vector<size_outcome> outcomes;
    for (const double size : octaves) outcomes.push_back({size, found, tried});
    return outcomes;
}

}  // namespace

TEST_CASE("a detection curve equals Firth's regression by scipy", "[metrics]") {
    const auto cases = test::reference_cases("metrics/detection.txt");
    REQUIRE(cases.size() == 8);
    for (const auto& one : cases) {
        CAPTURE(one.name);
        const auto curve = fit_detection_curve(outcomes_of(one));
        CHECK(curve.intercept == Approx(one.all("estimate")[0]).epsilon(1e-5));
        CHECK(curve.slope == Approx(one.all("estimate")[1]).epsilon(1e-5));
        for (std::size_t i = 0; i < 3; ++i) CHECK(curve.covariance[i] == Approx(one.all("covariance")[i]).epsilon(1e-4));
        CHECK(curve.a90.has_value() == !one.all("a90").empty());
        CHECK(curve.a90_95.has_value() == !one.all("a90_95").empty());
        if (curve.a90) {
            CHECK(*curve.a90 == Approx(one.one("a90")).epsilon(1e-5));
            CHECK(curve(*curve.a90) == Approx(0.9));
        }
        if (curve.a90_95) CHECK(*curve.a90_95 == Approx(one.one("a90_95")).epsilon(1e-5));
    }
}

TEST_CASE("a90 and its bound stay within the sizes tried", "[metrics]") {
    const auto all = fit_detection_curve(constant(60, 60));
    CHECK(all.a90 == Approx(0.02));
    CHECK(all.a90_95 == Approx(0.02));
    const auto none = fit_detection_curve(constant(0, 40));
    CHECK_FALSE(none.a50);
    CHECK_FALSE(none.a90);
    CHECK_FALSE(none.a90_95);
    const auto half = fit_detection_curve(constant(20, 40));  // no size is better than another
    CHECK(half.slope < 1e-3);
    CHECK_FALSE(half.a90_95);
    auto falling = constant(38, 40);
    falling.back().found = 20;
    CHECK(fit_detection_curve(falling).slope == 0);
    CHECK_FALSE(fit_detection_curve(falling).a90_95);
}

TEST_CASE("few trials support no bound, even if all are found", "[metrics]") {
    for (const std::size_t tried : {1u, 2u, 3u}) CHECK_FALSE(fit_detection_curve(constant(tried, tried)).a90_95);
    // With 29 found of 29 a Clopper-Pearson bound reaches 0.9; with fewer the smallest size is not stated.
    for (const std::size_t tried : {4u, 8u, 16u, 28u}) {
        CAPTURE(tried);
        const auto curve = fit_detection_curve(constant(tried, tried));
        CHECK((!curve.a90_95 || *curve.a90_95 > 0.02001));
    }
    CHECK(fit_detection_curve(constant(29, 29)).a90_95 == Approx(0.02));
}

TEST_CASE("more trials tighten the bound, and the estimate stays", "[metrics]") {
    double last = 1;
    for (const std::size_t times : {1u, 2u, 5u, 20u}) {
        const auto curve = fit_detection_curve(std::vector<size_outcome>{{0.02, 0, 8 * times},
                                                                         {0.04, 2 * times, 8 * times},
                                                                         {0.08, 5 * times, 8 * times},
                                                                         {0.16, 8 * times, 8 * times},
                                                                         {0.32, 8 * times, 8 * times}});
        REQUIRE((curve.a90 && curve.a90_95));
        const double bound = *curve.a90_95;
        CHECK(bound > *curve.a90);
        CHECK(bound < last);
        last = bound;
    }
    CHECK(last < 0.13);
}

TEST_CASE("a detection curve does not depend on the unit of size or on how trials are grouped", "[metrics]") {
    std::vector<size_outcome> single, grouped{{1, 1, 6}, {2, 3, 6}, {4, 6, 6}}, scaled;
    for (const auto& one : grouped) {
        scaled.push_back({one.size * 1000, one.found, one.tried});
        for (std::size_t i = 0; i < one.tried; ++i) single.push_back({one.size, i < one.found ? 1u : 0u, 1});
    }
    single.push_back({100, 0, 0});
    const auto a = fit_detection_curve(grouped), b = fit_detection_curve(single), c = fit_detection_curve(scaled);
    REQUIRE((a.a90 && b.a90 && c.a90));
    CHECK(*b.a90 == Approx(*a.a90));
    CHECK(*c.a90 == Approx(1000 * *a.a90));
    CHECK(b.largest == Approx(4));
    const auto limits = metrics::find_detection_limits(grouped, std::vector{0.5, 0.9});
    REQUIRE(limits.size() == 2);
    CHECK(limits[0].size == Approx(*a.a50));
    CHECK(limits[1].size == Approx(*a.a90));
    CHECK(limits[1].bound == a.a90_95);
}

TEST_CASE("a90/95 lies above the true a90 in about 95 of 100 draws", "[metrics]") {
    rd4ad::random source{8};
    for (const auto& [trials, ratio, a90] : {std::tuple{20u, 2.0, 0.09}, {8u, 4.0, 0.15}, {20u, 1.5, 0.021}}) {
        const double slope = std::log(9.0) / std::log(ratio);
        int covered = 0;
        constexpr int rounds = 250;
        for (int round = 0; round < rounds; ++round) {
            std::vector<size_outcome> outcomes;
            for (const double size : octaves) {
                outcomes.push_back({size, 0, trials});
                for (std::size_t i = 0; i < trials; ++i)
                    if (source.uniform() < 1 / (1 + std::pow(size / a90, -slope) / 9)) ++outcomes.back().found;
            }
            const auto bound = fit_detection_curve(outcomes).a90_95;
            covered += !bound || *bound >= a90 ? 1 : 0;
        }
        CAPTURE(trials, ratio, a90, covered);
        CHECK(covered >= 0.92 * rounds);
    }
}

TEST_CASE("impossible outcomes are refused", "[metrics]") {
    const auto message = [](const std::vector<size_outcome>& outcomes) {
        return test::message_of<option_error>([&] { (void)fit_detection_curve(outcomes); });
    };
    CHECK_THAT(message({}), test::mentions("no size", "two sizes"));
    CHECK_THAT(message({{2, 1, 3}, {2, 0, 3}, {4, 0, 0}}), test::mentions("one size", "two sizes"));
    CHECK_THAT(message({{2, 4, 3}, {3, 0, 3}}), test::mentions("4 of 3", "size 2"));
    CHECK_THAT(message({{0, 1, 3}, {3, 0, 3}}), test::mentions("positive size"));
    CHECK_THAT(test::message_of<option_error>([] {
                   (void)metrics::find_detection_limits(constant(1, 2), std::vector{0.5, 1.0});
               }),
               test::mentions("share of defects found is 1"));
}
