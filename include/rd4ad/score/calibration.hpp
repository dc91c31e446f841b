// rd4ad/score/calibration.hpp: maps raw scores (0..3) to scores (0..1) with the threshold at 0.5. Twin:
// tests/score/calibration.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/metrics/binomial_interval.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The rule that chose a threshold; docs/calibration.md has the formulas.
enum class threshold_rule {
    order_statistic,  ///< between the k-th and the (k + 1)-th largest raw score of n good images
    location_scale,   ///< at or above the largest raw score, for a false-alarm rate below 1 / (n + 1)
    best_f1           ///< the best F1 of labelled images
};

/// "order statistic", "location-scale law" or "best F1".
[[nodiscard]] inline std::string to_string(threshold_rule rule) {
    return rule == threshold_rule::order_statistic  ? "order statistic"
           : rule == threshold_rule::location_scale ? "location-scale law"
                                                    : "best F1";
}

/// Where the raw scores of the good images come from.
enum class score_source {
    hold_out,     ///< images that training left out
    out_of_fold,  ///< every training image, scored by a model that was trained without it
    given         ///< images given after training
};

/// "hold-out", "out-of-fold" or "given".
[[nodiscard]] inline std::string to_string(score_source source) {
    return source == score_source::hold_out ? "hold-out" : source == score_source::out_of_fold ? "out-of-fold" : "given";
}

/// A strictly increasing function from raw scores to scores; it applies to images and to the pixels of a map. With
/// z = (raw_score - threshold) / spread() the score is 1/2 + 5 z / (2 sqrt(1 + 25 z^2)): 0.5 at the threshold, 0.0097 at a
/// typical good image, close to 0 and 1 at the extremes. Nothing is clamped, so scores and raw scores have the same ranks. The
/// function is strictly increasing in double for all floats from 1e-6 to 3 max(1, threshold); scores rounded to float are equal
/// near 1. A raw score at or above the threshold is an alarm.
struct calibration {
    double typical{0};    ///< median raw score of the good images
    double threshold{1};  ///< raw score at which an alarm begins
    threshold_rule rule{threshold_rule::order_statistic};
    double asked_rate{0};                         ///< the requested false-alarm rate; 0 for best_f1
    double expected_rate{0};                      ///< expected false-alarm rate by the rule; docs/calibration.md has its bounds
    metrics::rate_interval rate_interval{};       ///< 95 % interval of the false-alarm rate
    std::optional<double> f1{};                   ///< F1 of the labelled images; empty without labels
    std::vector<float> good_scores{};             ///< raw scores of the good calibration images, ascending
    std::size_t set_aside{0};                     ///< how many of the largest good_scores the rule left out: they don't belong
    score_source source{score_source::hold_out};  ///< where good_scores come from

    friend bool operator==(const calibration& a, const calibration& b) {
        return a.typical == b.typical && a.threshold == b.threshold && a.rule == b.rule && a.asked_rate == b.asked_rate &&
               a.expected_rate == b.expected_rate && a.rate_interval.low == b.rate_interval.low &&
               a.rate_interval.high == b.rate_interval.high && a.f1 == b.f1 && a.good_scores == b.good_scores &&
               a.set_aside == b.set_aside && a.source == b.source;
    }

    /// The smallest spread for a threshold of at most 1. A smaller one would map neighbouring floats near 3 to the same double.
    static constexpr double min_spread = 1.0 / 512;
    /// The factor of z in the formula: the score of a typical good image, z = -1, is 0.0097.
    static constexpr double steepness = 5;

    /// The smallest spread for a threshold: min_spread, in proportion for a threshold above 1 (raw scores beyond 3).
    [[nodiscard]] static double min_spread_at(double threshold) noexcept { return min_spread * std::max(1.0, threshold); }

    /// threshold - typical, at least min_spread_at(threshold).
    [[nodiscard]] double spread() const noexcept { return std::max(threshold - typical, min_spread_at(threshold)); }

    /// Returns the score of a raw score, in 0..1.
    [[nodiscard]] double operator()(double raw_score) const noexcept {
        const double g = steepness * (raw_score - threshold) / spread(), h = std::sqrt(1 + g * g);
        return g < 0 ? 0.5 / (h * (h - g)) : 0.5 + 0.5 * g / h;  // for g < 0 the second form loses digits by cancellation
    }

    /// Returns the raw score of a score. Throws option_error unless 0 < score < 1.
    [[nodiscard]] double raw_score(double score) const {
        if (!(score > 0 && score < 1))
            throw option_error{text("calibration: the score ", score, " has no raw score; expected a score above 0 and below 1")};
        const double u = 2 * score - 1;
        return threshold + spread() * u / (2 * steepness * std::sqrt(score * (1 - score)));
    }
};

/// Returns the map with each raw score replaced by its score, rounded to float. It is for display: near 1, different raw scores
/// may have equal floats.
[[nodiscard]] inline image::image_f32 calibrated_map(const calibration& by, image::image_f32 map) {
    for (float& value : map.pixels) value = static_cast<float>(by(static_cast<double>(value)));
    return map;
}

}  // namespace rd4ad::inline RD4AD_ABI
