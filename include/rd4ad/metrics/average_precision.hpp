// rd4ad/metrics/average_precision.hpp: precision and recall at each threshold. Twin: tests/metrics/average_precision.cpp
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/metrics/histogram.hpp>

namespace rd4ad::metrics {

/// One point of the curve: where everything with score >= threshold is called positive.
struct precision_recall_point {
    double precision, recall;
    float threshold;
};

/// Average precision of a histogram: sum over falling thresholds of (gain in recall) x precision. A positive is present.
/// Error bound, 0 where exact: in a bin, positives may come before all its negatives, or after.
[[nodiscard]] inline bounded average_precision(const score_histogram& scores) {
    require_positives("average_precision", scores);
    double found = 0, false_alarms = 0, sum = 0, least = 0, most = 0;
    scores.for_each_positive_score([&](const score_step& at) {
        const auto p = static_cast<double>(at.positives), n = static_cast<double>(at.negatives);
        if (p > 0) {
            least += p * (found + 1) / (found + 1 + false_alarms + n);
            most += p * (found + p) / (found + p + false_alarms);
        }
        found += p;
        false_alarms += n;
        if (p > 0) sum += p * found / (found + false_alarms);
    });
    return {sum / found, scores.exact() ? 0.0 : std::max(most - sum, sum - least) / found};
}

/// Average precision, step-wise and without interpolation (scikit-learn's average_precision_score), 0..1. Without any
/// negative it is 1. labels: 0 negative, anything else positive. Any finite scores.
/// Throws shape_error (lengths differ), numeric_error (a score is not finite, or no positive).
[[nodiscard]] inline double average_precision(std::span<const float> scores, std::span<const std::uint8_t> labels) {
    return average_precision(histogram_of("average_precision", scores, labels)).value;
}

/// Precision and recall at each distinct score, from the highest threshold to the lowest (scikit-learn's
/// precision_recall_curve in reverse, without its last point at recall 0). Throws as average_precision.
[[nodiscard]] inline std::vector<precision_recall_point> precision_recall_curve(std::span<const float> scores,
                                                                                std::span<const std::uint8_t> labels) {
    const auto counted = histogram_of("precision_recall_curve", scores, labels);
    require_positives("precision_recall_curve", counted);
    std::vector<precision_recall_point> curve;
    std::uint64_t found = 0, called = 0;
    counted.for_each_score([&](const score_step& at) {
        found += at.positives;
        called += at.positives + at.negatives;
        curve.push_back({static_cast<double>(found) / static_cast<double>(called),
                         static_cast<double>(found) / static_cast<double>(counted.positives()), at.threshold});
    });
    return curve;
}

}  // namespace rd4ad::metrics
