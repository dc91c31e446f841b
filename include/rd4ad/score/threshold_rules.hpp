// rd4ad/score/threshold_rules.hpp: chooses the threshold of a calibration and predicts its false alarms. Twin:
// tests/score/threshold_rules.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/metrics/binomial_interval.hpp>
#include <rd4ad/metrics/f1.hpp>
#include <rd4ad/metrics/gumbel.hpp>
#include <rd4ad/score/calibration.hpp>
#include <rd4ad/score/supported_rate.hpp>
#include <rd4ad/score/suspects.hpp>

namespace rd4ad::inline RD4AD_ABI {

namespace score_detail {

inline void check_raw_scores(std::span<const float> raw_scores, const char* function) {
    for (std::size_t i = 0; i < raw_scores.size(); ++i)
        if (!std::isfinite(raw_scores[i]))
            throw numeric_error{text(function, ": raw score ", i, " is ", raw_scores[i],
                                     ", which is not finite; expected raw scores from 0 to 3")};
}

[[nodiscard]] inline double median(std::span<const float> ascending) {
    const std::size_t n = ascending.size();
    return 0.5 * (static_cast<double>(ascending[(n - 1) / 2]) + static_cast<double>(ascending[n / 2]));
}

/// How many of the largest raw scores don't belong to the others: at most two, and at most one per 10.
[[nodiscard]] inline std::size_t outliers(std::span<const float> ascending, metrics::gumbel_predictions& predictions) {
    const std::size_t most = std::min<std::size_t>(2, ascending.size() / 10);
    return most == 0 ? 0 : std::min(most, find_suspects(ascending, {}, predictions).size());
}

}  // namespace score_detail

/// Returns k = floor(rate (n + 1)): for this false-alarm rate the threshold lies between the k-th and the (k + 1)-th largest of n
/// raw scores; 0 if the rate is below 1 / (n + 1).
[[nodiscard]] inline std::size_t threshold_rank(std::size_t n, double false_alarm_rate) {
    // The 1e-9 absorbs rounding: 0.05 x 20 gives rank 1.
    return static_cast<std::size_t>(false_alarm_rate * static_cast<double>(n + 1) + 1e-9);
}

/// The rates asked for below this share of 1 / (n + 1) give the threshold of that share: a law fitted to n values says nothing
/// about its tail so far out.
inline constexpr double lowest_share_of_supported_rate = 0.25;

/// Returns a calibration from the raw scores of good images that the scoring model did not train on.
///
/// The threshold is the quantile of a Gumbel law, fitted to the upper half of the n raw scores (at least 20) with the error of
/// the fit counted (metrics::gumbel_prediction). With k = floor(rate (n + 1)) it is confined to lie between the (k + 1)-th and
/// the k-th largest, so for every distribution of the scores the expected false-alarm rate is k / (n + 1) to (k + 1) / (n + 1).
/// For a rate below 1 / (n + 1) (k = 0) it lies at or above the largest, and no further above it than the largest lies above the
/// median, nor beyond the middle between the largest and `max_raw_score`: an anomaly must have room above it. `expected_rate` is
/// the rate asked for, at least 0.25 / (n + 1). One or two raw scores that don't belong (find_suspects) are left out and counted
/// as alarms in the promise: its upper bounds are those of k + 1 + set_aside. max_raw_score: the largest possible raw score; 3
/// for the paper's map, infinity if there is none. Throws data_error for fewer than 2 raw scores, numeric_error if one is not
/// finite, option_error unless 0 < false_alarm_rate < 1 and max_raw_score > 0.
[[nodiscard]] inline calibration calibrate(std::vector<float> good_scores, double false_alarm_rate, double max_raw_score,
                                           metrics::gumbel_predictions& predictions) {
    if (!(false_alarm_rate > 0 && false_alarm_rate < 1))
        throw option_error{
            text("calibrate: the false-alarm rate is ", false_alarm_rate, "; expected a value above 0 and below 1")};
    if (!(max_raw_score > 0))
        throw option_error{text("calibrate: the largest possible raw score is ", max_raw_score, "; expected a value above 0")};
    if (good_scores.size() < 2)
        throw data_error{
            text("calibrate: found ", good_scores.size(), " raw scores of good images, expected at least 2; add good images")};
    score_detail::check_raw_scores(good_scores, "calibrate");
    std::sort(good_scores.begin(), good_scores.end());
    calibration made;
    made.typical = score_detail::median(good_scores);
    made.asked_rate = false_alarm_rate;
    made.set_aside = score_detail::outliers(good_scores, predictions);
    const std::size_t n = good_scores.size(), belonging = n - made.set_aside;
    const std::vector<double> scores(good_scores.begin(), good_scores.begin() + static_cast<std::ptrdiff_t>(belonging));
    made.good_scores = std::move(good_scores);

    const std::size_t k = threshold_rank(belonging, false_alarm_rate);
    made.rule = k > 0 ? threshold_rule::order_statistic : threshold_rule::location_scale;
    made.expected_rate = std::max(false_alarm_rate, lowest_share_of_supported_rate * supported_rate(belonging));
    const double largest = scores.back(), low = scores[k < belonging ? belonging - 1 - k : 0];
    const double high = k > 0 ? scores[belonging - k]
                              : std::max(largest, std::min(largest + (largest - made.typical), 0.5 * (largest + max_raw_score)));
    const metrics::rank_range used{belonging - std::min(belonging, std::max<std::size_t>(20, belonging / 2)), belonging};
    const auto law = metrics::fit_gumbel(scores, used);
    made.threshold = std::clamp(law.location + predictions.quantile(belonging, used, made.expected_rate) * law.scale, low, high);
    made.threshold = std::max(made.threshold, made.typical + calibration::min_spread_at(made.typical));

    const std::size_t lower = k + 1 + made.set_aside;  // the threshold is at least the raw score of this rank
    made.rate_interval = {k > 0 ? metrics::beta_quantile(k, belonging + 1 - k, 0.025) : 0.0,
                          lower <= n ? metrics::beta_quantile(lower, n + 1 - lower, 0.975) : 1.0};
    return made;
}

/// The same for a single set of raw scores.
[[nodiscard]] inline calibration calibrate(std::vector<float> good_scores, double false_alarm_rate, double max_raw_score = 3) {
    metrics::gumbel_predictions predictions;
    return calibrate(std::move(good_scores), false_alarm_rate, max_raw_score, predictions);
}

/// Returns a calibration from labelled images (label 0: good), which should not be the images that it judges later. The threshold
/// lies halfway between the raw score that gives the best F1 and the next lower one. The expected rate is the share of these good
/// images at or above the threshold, with its Clopper-Pearson interval.
/// Throws shape_error if the lengths differ, data_error without 2 good images and 1 anomalous image, numeric_error if a raw score
/// is not finite.
[[nodiscard]] inline calibration calibrate_labelled(std::span<const float> raw_scores, std::span<const std::uint8_t> labels) {
    if (raw_scores.size() != labels.size())
        throw shape_error{text("calibrate_labelled: found ", raw_scores.size(), " raw scores and ", labels.size(),
                               " labels; expected one label per raw score")};
    score_detail::check_raw_scores(raw_scores, "calibrate_labelled");
    calibration made;
    made.rule = threshold_rule::best_f1;
    for (std::size_t i = 0; i < raw_scores.size(); ++i)
        if (labels[i] == 0) made.good_scores.push_back(raw_scores[i]);
    const std::size_t good = made.good_scores.size();
    if (good < 2 || good == raw_scores.size())
        throw data_error{text("calibrate_labelled: found ", good, " good and ", raw_scores.size() - good,
                              " anomalous images, expected at least 2 good and 1 anomalous; add images")};
    std::sort(made.good_scores.begin(), made.good_scores.end());
    made.typical = score_detail::median(made.good_scores);
    const auto best = metrics::best_f1(raw_scores, labels);
    made.f1 = best.f1;
    double below = -1;
    for (const float one : raw_scores)
        if (static_cast<double>(one) < best.threshold) below = std::max(below, static_cast<double>(one));
    made.threshold = below < 0 ? best.threshold : 0.5 * (below + best.threshold);
    const auto alarms = static_cast<std::size_t>(std::count_if(
        made.good_scores.begin(), made.good_scores.end(), [&](float one) { return static_cast<double>(one) >= made.threshold; }));
    made.expected_rate = static_cast<double>(alarms) / static_cast<double>(good);
    made.rate_interval = metrics::clopper_pearson(alarms, good);
    return made;
}

/// Returns the 95 % prediction interval for the number of false alarms among `images` new good images (2.5 % on either side). It
/// holds for every distribution of the scores and depends only on the threshold's rank among the good raw scores; for its lower
/// end, those set aside don't count. It is wider than calibration::rate_interval: few images show a rate only roughly.
[[nodiscard]] inline metrics::count_interval predicted_false_alarms(const calibration& by, std::size_t images) {
    const auto& scores = by.good_scores;
    const auto first =
        std::find_if(scores.begin(), scores.end(), [&](float one) { return static_cast<double>(one) >= by.threshold; });
    const auto alarms = static_cast<std::size_t>(scores.end() - first);
    const bool is_a_score = alarms > 0 && static_cast<double>(*first) == by.threshold;
    const std::size_t below = is_a_score ? alarms : alarms + 1;  // the rank of the raw score at or below the threshold
    metrics::count_interval found{0, images};
    if (alarms > by.set_aside && by.rule != threshold_rule::location_scale)
        found.low = metrics::predicted_count(alarms - by.set_aside, scores.size() - by.set_aside, images).low;
    if (below <= scores.size()) found.high = metrics::predicted_count(below, scores.size(), images).high;
    return found;
}

}  // namespace rd4ad::inline RD4AD_ABI
