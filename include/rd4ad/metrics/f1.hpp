// rd4ad/metrics/f1.hpp: the best F1 over all thresholds, and its threshold. Twin: tests/metrics/f1.cpp
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>

#include <rd4ad/metrics/histogram.hpp>

namespace rd4ad::inline RD4AD_ABI::metrics {

/// The best F1 with its threshold, precision and recall: every score >= threshold is called positive.
struct best_f1_result {
    double f1{0}, threshold{0}, precision{0}, recall{0};
    double error_bound{0};  ///< of f1; 0 if exact
};

/// The largest F1 over the thresholds of a histogram. Among equal F1s, takes the lowest threshold.
/// Throws numeric_error if there is no positive.
[[nodiscard]] inline best_f1_result best_f1(const score_histogram& scores) {
    require_positives("best_f1", scores);
    const auto positives = static_cast<double>(scores.positives());
    double tp = 0, fp = 0, upper = 0;
    best_f1_result best;
    scores.for_each_positive_score([&](const score_step& at) {
        const auto p = static_cast<double>(at.positives), n = static_cast<double>(at.negatives);
        if (p > 0) upper = std::max(upper, 2 * (tp + p) / (positives + tp + p + fp));
        tp += p;
        fp += n;
        const double f1 = 2 * tp / (positives + tp + fp);
        if (p > 0 && f1 >= best.f1) best = {f1, static_cast<double>(at.threshold), tp / (tp + fp), tp / positives, 0.0};
    });
    if (!scores.exact()) best.error_bound = upper - best.f1;
    return best;
}

/// The largest F1 over the thresholds of scikit-learn's precision_recall_curve, exact. Among equal F1s, takes the lowest
/// threshold. labels: 0 negative, any other value positive. scores: finite, in any range. Throws shape_error (lengths differ),
/// numeric_error (a score is not finite, or there is no positive).
[[nodiscard]] inline best_f1_result best_f1(std::span<const float> scores, std::span<const std::uint8_t> labels) {
    return best_f1(histogram_of("best_f1", scores, labels));
}

}  // namespace rd4ad::inline RD4AD_ABI::metrics
