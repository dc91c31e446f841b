// rd4ad/metrics/f1.hpp: the best F1 over all thresholds, and the threshold that gives it. Twin: tests/metrics/f1.cpp
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

#include <rd4ad/metrics/histogram.hpp>

namespace rd4ad::metrics {

/// The best F1 and where it is reached: score >= threshold is called positive.
struct best_f1_result {
    double f1{0}, threshold{0}, precision{0}, recall{0};
    double error_bound{0};  ///< of f1: 0 where the scores were counted exactly
};

/// The largest F1 over the thresholds of a histogram; the lowest threshold where several reach it. A positive is present.
[[nodiscard]] inline best_f1_result best_f1(const score_histogram& scores) {
    require_positives("best_f1", scores);
    const auto positives = static_cast<double>(scores.positives());
    double found = 0, false_alarms = 0, most = 0;
    best_f1_result best;
    scores.for_each_positive_score([&](const score_step& at) {
        const auto p = static_cast<double>(at.positives), n = static_cast<double>(at.negatives);
        if (p > 0) most = std::max(most, 2 * (found + p) / (positives + found + p + false_alarms));
        found += p;
        false_alarms += n;
        const double f1 = 2 * found / (positives + found + false_alarms);
        if (p > 0 && f1 >= best.f1)
            best = {f1, static_cast<double>(at.threshold), found / (found + false_alarms), found / positives, 0.0};
    });
    if (!scores.exact()) best.error_bound = most - best.f1;
    return best;
}

/// The largest F1 over all thresholds (those of scikit-learn's precision_recall_curve), exact; the lowest threshold where
/// several reach it. labels: 0 negative, anything else positive. Any finite scores.
/// Throws shape_error (lengths differ), numeric_error (a score is not finite, or no positive).
[[nodiscard]] inline best_f1_result best_f1(std::span<const float> scores, std::span<const std::uint8_t> labels) {
    return best_f1(histogram_of("best_f1", scores, labels));
}

}  // namespace rd4ad::metrics
