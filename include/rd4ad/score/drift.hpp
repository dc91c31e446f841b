// rd4ad/score/drift.hpp: tests whether the raw scores of the last parts judged good are still those of calibration. Twin:
// tests/score/drift.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/metrics/rank_test.hpp>
#include <rd4ad/score/calibration.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Which drift counts: raw scores that rise (dirt, a worn tool, a lamp that ages), or rise or fall.
enum class drift_side { higher, both };

/// Settings of a drift_monitor.
struct drift_options {
    std::size_t window{50};         ///< number of parts per test, least_drift_scores to most_drift_scores
    double false_alarm_rate{0.01};  ///< of each test, above 0 and below 1: 0.01 warns once per 100 windows without a drift
    drift_side side{drift_side::both};
};

/// The test of one window.
struct drift_test {
    double level{0};              ///< median raw score of the window
    double calibration_level{0};  ///< median raw score of the calibration's good images below the threshold
    double p_value{1};            ///< by mann_whitney, of the options' side
    bool is_drift{false};         ///< p_value <= false_alarm_rate
    std::size_t parts{0};         ///< number of parts judged good so far
};

/// The least number of parts in a window, and of a calibration's good raw scores below its threshold.
inline constexpr std::size_t least_drift_scores = 5;
/// The most parts in a window: a test sorts them.
inline constexpr std::size_t most_drift_scores = 1'000'000;

/// The good raw scores of a calibration that a drift_monitor compares with: those below the threshold.
[[nodiscard]] inline std::vector<double> drift_reference(const calibration& by) {
    std::vector<double> below;
    for (const float one : by.good_scores)
        if (static_cast<double>(one) < by.threshold) below.push_back(static_cast<double>(one));
    return below;
}

/// Whether a drift_monitor takes the calibration.
[[nodiscard]] inline bool can_test_drift(const calibration& by) { return drift_reference(by).size() >= least_drift_scores; }

/// Takes the raw scores of parts one after another and tests each window of parts judged good against the calibration's good
/// scores, by ranks. Windows don't overlap, so that each test has the stated false-alarm rate; it is the rate over calibrations
/// and windows. All windows share one calibration: one drawn by chance at the edge warns more often than another, and many
/// windows with few calibration scores show their sampling error as a drift. Parts with a raw score at or above the threshold are
/// anomalies and don't count. The calibration's scores are cut in the same way, since cut and uncut scores differ.
/// A value: a copy continues on its own.
class drift_monitor {
   public:
    /// Throws option_error for options outside their ranges, data_error unless can_test_drift(by).
    explicit drift_monitor(const calibration& by, const drift_options& options = {})
        : options_{options}, threshold_{by.threshold}, reference_{drift_reference(by)} {
        if (options.window < least_drift_scores || options.window > most_drift_scores)
            throw option_error{text("drift: the window is ", options.window, " parts; expected ", least_drift_scores, " to ",
                                    most_drift_scores)};
        if (!(options.false_alarm_rate > 0 && options.false_alarm_rate < 1))
            throw option_error{
                text("drift: the false-alarm rate is ", options.false_alarm_rate, "; expected a value above 0 and below 1")};
        if (reference_.size() < least_drift_scores)
            throw data_error{text("drift: the calibration has ", reference_.size(),
                                  " good raw scores below the threshold, expected at least ", least_drift_scores,
                                  "; calibrate with more good images")};
        window_.reserve(options.window);
    }

    /// Adds a part. Returns the test when this part completes a window, else nothing. Throws numeric_error if the raw score is
    /// not finite.
    std::optional<drift_test> add(double raw_score) {
        if (!std::isfinite(raw_score))
            throw numeric_error{text("drift: the raw score is ", raw_score, "; expected a finite value")};
        if (raw_score >= threshold_) return std::nullopt;
        if (window_.size() == options_.window) window_.clear();
        window_.push_back(raw_score);
        ++parts_;
        if (window_.size() < options_.window) return std::nullopt;
        const auto found = metrics::mann_whitney(window_, reference_);
        last_.emplace();
        last_->p_value = options_.side == drift_side::higher ? found.p_larger : found.p_different();
        last_->level = median(window_);
        last_->calibration_level = median(reference_);
        last_->is_drift = last_->p_value <= options_.false_alarm_rate;
        last_->parts = parts_;
        return last_;
    }

    /// The test of the last complete window; nothing before the first.
    [[nodiscard]] const std::optional<drift_test>& last() const noexcept { return last_; }

    /// The number of parts judged good so far.
    [[nodiscard]] std::size_t parts() const noexcept { return parts_; }

   private:
    [[nodiscard]] static double median(std::vector<double> values) {
        std::sort(values.begin(), values.end());
        return 0.5 * (values[(values.size() - 1) / 2] + values[values.size() / 2]);
    }

    drift_options options_;
    double threshold_;
    std::vector<double> reference_, window_;
    std::size_t parts_{0};
    std::optional<drift_test> last_;
};

}  // namespace rd4ad::inline RD4AD_ABI
