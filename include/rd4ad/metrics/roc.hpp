// rd4ad/metrics/roc.hpp: the receiver operating characteristic and the area under it. Twin: tests/metrics/roc.cpp
#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <rd4ad/metrics/histogram.hpp>

namespace rd4ad::inline RD4AD_ABI::metrics {

/// A point of the curve: every score >= threshold is called positive.
struct roc_point {
    double false_positive_rate, true_positive_rate;
    float threshold;
};

/// Area under the ROC curve of a histogram: the probability that a positive scores higher than a negative; a tie counts as half.
/// The error bound is 0 if the histogram is exact. Throws numeric_error unless both classes are present.
[[nodiscard]] inline estimate auroc(const score_histogram& scores) {
    require_positives("auroc", scores);
    require_negatives("auroc", scores);
    double won = 0, tied = 0, above = 0;  // pairs of a positive and a negative; negatives above the score
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

/// Area under the ROC curve, exact; a tie counts as half (scikit-learn's roc_auc_score). Chance is 0.5, perfect is 1.
/// labels: 0 negative (normal), any other value positive (anomalous). scores: finite, in any range.
/// Throws shape_error (lengths differ), numeric_error (a score is not finite, or only one class is present).
[[nodiscard]] inline double auroc(std::span<const float> scores, std::span<const std::uint8_t> labels) {
    return auroc(histogram_of("auroc", scores, labels)).value;
}

/// The ROC curve from (0, 0) at threshold infinity to (1, 1), with one point per distinct score (scikit-learn's roc_curve with
/// drop_intermediate=False). Throws as auroc does.
[[nodiscard]] inline std::vector<roc_point> roc_curve(std::span<const float> scores, std::span<const std::uint8_t> labels) {
    const auto histogram = histogram_of("roc_curve", scores, labels);
    require_positives("roc_curve", histogram);
    require_negatives("roc_curve", histogram);
    std::vector<roc_point> curve{{0.0, 0.0, std::numeric_limits<float>::infinity()}};
    std::uint64_t tp = 0, fp = 0;
    histogram.for_each_score([&](const score_step& at) {
        tp += at.positives;
        fp += at.negatives;
        curve.push_back({static_cast<double>(fp) / static_cast<double>(histogram.negatives()),
                         static_cast<double>(tp) / static_cast<double>(histogram.positives()), at.threshold});
    });
    return curve;
}

}  // namespace rd4ad::inline RD4AD_ABI::metrics
