// rd4ad/metrics/roc.hpp: the receiver operating characteristic and the area under it. Twin: tests/metrics/roc.cpp
#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/metrics/histogram.hpp>

namespace rd4ad::metrics {

/// One point of the curve: rates where everything with score >= threshold is called positive.
struct roc_point {
    double false_positive_rate, true_positive_rate;
    float threshold;
};

/// Area under the ROC curve: the chance that a positive scores above a negative, ties as half. Both classes present.
/// The error bound is 0 where the histogram is exact.
[[nodiscard]] inline bounded auroc(const score_histogram& scores) {
    require_positives("auroc", scores);
    require_negatives("auroc", scores);
    double won = 0, tied = 0, above = 0;
    const auto negatives = static_cast<double>(scores.negatives());
    scores.for_each_positive_score([&](const score_step& at) {
        const auto p = static_cast<double>(at.positives), n = static_cast<double>(at.negatives);
        above += n;
        won += p * (negatives - above);
        tied += p * n;
    });
    const double pairs = static_cast<double>(scores.positives()) * negatives;
    return {(won + tied / 2) / pairs, scores.exact() ? 0.0 : tied / 2 / pairs};
}

/// Area under the ROC curve, exact, ties as half (scikit-learn's roc_auc_score). Chance is 0.5, best is 1.
/// labels: 0 negative (normal), anything else positive (anomalous). Any finite scores.
/// Throws shape_error (lengths differ), numeric_error (a score is not finite, or one class only).
[[nodiscard]] inline double auroc(std::span<const float> scores, std::span<const std::uint8_t> labels) {
    return auroc(histogram_of("auroc", scores, labels)).value;
}

/// The ROC curve from (0, 0) at threshold infinity to (1, 1), one point for each distinct score (scikit-learn's
/// roc_curve with drop_intermediate=False). Throws as auroc.
[[nodiscard]] inline std::vector<roc_point> roc_curve(std::span<const float> scores, std::span<const std::uint8_t> labels) {
    const auto counted = histogram_of("roc_curve", scores, labels);
    require_positives("roc_curve", counted);
    require_negatives("roc_curve", counted);
    std::vector<roc_point> curve{{0.0, 0.0, std::numeric_limits<float>::infinity()}};
    std::uint64_t found = 0, false_alarms = 0;
    counted.for_each_score([&](const score_step& at) {
        found += at.positives;
        false_alarms += at.negatives;
        curve.push_back({static_cast<double>(false_alarms) / static_cast<double>(counted.negatives()),
                         static_cast<double>(found) / static_cast<double>(counted.positives()), at.threshold});
    });
    return curve;
}

}  // namespace rd4ad::metrics
