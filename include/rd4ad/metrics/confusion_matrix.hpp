// rd4ad/metrics/confusion_matrix.hpp: counts right and wrong verdicts, with precision, recall, F1 and accuracy.
// Twin: tests/metrics/confusion_matrix.cpp
#pragma once
#include <cstddef>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::metrics {

/// The numbers of true and false positives and negatives; an anomaly is positive. Every ratio is 0..1, and 0 if its denominator
/// is 0 (scikit-learn's zero_division = 0).
struct confusion_matrix {
    std::size_t tp{0};  ///< true positives: anomalies found
    std::size_t fp{0};  ///< false positives: false alarms
    std::size_t fn{0};  ///< false negatives: anomalies missed
    std::size_t tn{0};  ///< true negatives: normal and not reported

    /// Counts one verdict.
    constexpr void add(bool is_anomalous, bool is_reported) noexcept {
        ++(is_anomalous ? (is_reported ? tp : fn) : (is_reported ? fp : tn));
    }

    [[nodiscard]] constexpr std::size_t count() const noexcept { return tp + fp + fn + tn; }
    [[nodiscard]] constexpr double precision() const noexcept { return ratio(tp, tp + fp); }
    [[nodiscard]] constexpr double recall() const noexcept { return ratio(tp, tp + fn); }
    [[nodiscard]] constexpr double f1() const noexcept { return ratio(2 * tp, 2 * tp + fp + fn); }
    [[nodiscard]] constexpr double accuracy() const noexcept { return ratio(tp + tn, count()); }

   private:
    [[nodiscard]] static constexpr double ratio(std::size_t numerator, std::size_t denominator) noexcept {
        return denominator == 0 ? 0.0 : static_cast<double>(numerator) / static_cast<double>(denominator);
    }
};

}  // namespace rd4ad::inline RD4AD_ABI::metrics
