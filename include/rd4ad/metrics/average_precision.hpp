// rd4ad/metrics/average_precision.hpp: average precision and the precision-recall curve.
// Twin: tests/metrics/average_precision.cpp
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include <rd4ad/metrics/histogram.hpp>

namespace rd4ad::inline RD4AD_ABI::metrics {

/// A point of the curve: every score >= threshold is called positive.
struct precision_recall_point {
    double precision, recall;
    float threshold;
};

/// Average precision of a histogram: the sum of (gain in recall) x precision over falling thresholds. Error bound (0 if exact):
/// within a bin, the positives may all come before the negatives, or after them.
/// Throws numeric_error if there is no positive.
[[nodiscard]] inline estimate average_precision(const score_histogram& scores) {
    require_positives("average_precision", scores);
    double tp = 0, fp = 0, sum = 0, lower = 0, upper = 0;
    scores.for_each_positive_score([&](const score_step& at) {
        const auto p = static_cast<double>(at.positives), n = static_cast<double>(at.negatives);
        if (p > 0) {
            lower += p * (tp + 1) / (tp + 1 + fp + n);
            upper += p * (tp + p) / (tp + p + fp);
        }
        tp += p;
        fp += n;
        if (p > 0) sum += p * tp / (tp + fp);
    });
    return {sum / tp, scores.exact() ? 0.0 : std::max(upper - sum, sum - lower) / tp};
}

/// Average precision by steps, without interpolation (scikit-learn's average_precision_score), 0..1. 1 if there is no negative.
/// labels: 0 negative, any other value positive. scores: finite, in any range.
/// Throws shape_error (lengths differ), numeric_error (a score is not finite, or there is no positive).
[[nodiscard]] inline double average_precision(std::span<const float> scores, std::span<const std::uint8_t> labels) {
    return average_precision(histogram_of("average_precision", scores, labels)).value;
}

/// Precision and recall at each distinct score, from the highest threshold to the lowest: scikit-learn's precision_recall_curve
/// in reverse, without its last point at recall 0. Throws as average_precision does.
[[nodiscard]] inline std::vector<precision_recall_point> precision_recall_curve(std::span<const float> scores,
                                                                                std::span<const std::uint8_t> labels) {
    const auto histogram = histogram_of("precision_recall_curve", scores, labels);
    require_positives("precision_recall_curve", histogram);
    std::vector<precision_recall_point> curve;
    std::uint64_t tp = 0, called = 0;
    histogram.for_each_score([&](const score_step& at) {
        tp += at.positives;
        called += at.positives + at.negatives;
        curve.push_back({static_cast<double>(tp) / static_cast<double>(called),
                         static_cast<double>(tp) / static_cast<double>(histogram.positives()), at.threshold});
    });
    return curve;
}

}  // namespace rd4ad::inline RD4AD_ABI::metrics
