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
#include <rd4ad/core/random.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/metrics/binomial_interval.hpp>
#include <rd4ad/metrics/f1.hpp>
#include <rd4ad/score/calibration.hpp>

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

/// Sets the threshold above all n raw scores whose expected false-alarm rate is `rate`, if raw scores above the (m + 1)-th
/// largest decrease exponentially. The rate of a threshold that lies c times the sum of the m excesses above the (m + 1)-th
/// largest is B exp(-c G) with B ~ Beta(m + 1, n - m) and G ~ Gamma(m); its mean is (m + 1) / (n + 1) (1 + c)^-m.
inline void fit_exponential_tail(calibration& to, double rate) {
    const auto& scores = to.good_scores;
    const std::size_t n = scores.size(), m = std::min(n - 1, std::max<std::size_t>(5, n / 5));
    const auto count = static_cast<double>(m);
    const double from = static_cast<double>(scores[n - 1 - m]), largest = static_cast<double>(scores.back());
    double excess = 0;
    for (std::size_t i = n - m; i < n; ++i) excess += static_cast<double>(scores[i]) - from;
    const double c = std::pow((count + 1) / (static_cast<double>(n + 1) * rate), 1 / count) - 1;
    to.threshold = std::max(from + c * excess, largest);
    to.expected_rate = rate;
    // The interval's lower end is drawn under the exponential law. The upper end is that of the largest raw score, which holds
    // for every distribution.
    constexpr std::size_t draws = 4000;
    random source{1};
    const auto gamma = [&](std::size_t shape) {
        double sum = 0;
        for (std::size_t i = 0; i < shape; ++i) sum -= std::log(1 - source.uniform());
        return sum;
    };
    std::vector<double> rates(draws);
    for (double& one : rates) {
        const double above = gamma(m + 1), below = gamma(n - m);
        one = above / (above + below) * std::exp(-c * gamma(m));
    }
    const auto low = rates.begin() + draws / 40;
    std::nth_element(rates.begin(), low, rates.end());
    to.rate_interval = {*low, metrics::beta_quantile(1, n, 0.975)};
}

}  // namespace score_detail

/// Returns the rank, counted from the largest, of the raw score among n that is the threshold for a false-alarm rate; 0 if the
/// rate is below 1 / (n + 1).
[[nodiscard]] inline std::size_t threshold_rank(std::size_t n, double false_alarm_rate) {
    // The 1e-9 absorbs rounding: 0.05 x 20 gives rank 1.
    return static_cast<std::size_t>(false_alarm_rate * static_cast<double>(n + 1) + 1e-9);
}

/// Returns a calibration from the raw scores of good images that training did not use. Its expected false-alarm rate is at most
/// `false_alarm_rate`. For n raw scores and a rate of at least 1 / (n + 1) the threshold is the k-th largest,
/// k = floor(rate (n + 1)); its expected rate is k / (n + 1) for every distribution of the scores, and the rate itself has the
/// distribution Beta(k, n + 1 - k). For a smaller rate the threshold lies above the largest, by an exponential tail.
/// Throws data_error for fewer than 2 raw scores, numeric_error if one is not finite, option_error unless
/// 0 < false_alarm_rate < 1.
[[nodiscard]] inline calibration calibrate(std::vector<float> good_scores, double false_alarm_rate) {
    if (!(false_alarm_rate > 0 && false_alarm_rate < 1))
        throw option_error{
            text("calibrate: the false-alarm rate is ", false_alarm_rate, "; expected a value above 0 and below 1")};
    if (good_scores.size() < 2)
        throw data_error{
            text("calibrate: found ", good_scores.size(), " raw scores of good images, expected at least 2; add good images")};
    score_detail::check_raw_scores(good_scores, "calibrate");
    std::sort(good_scores.begin(), good_scores.end());
    calibration made;
    made.typical = score_detail::median(good_scores);
    made.asked_rate = false_alarm_rate;
    made.good_scores = std::move(good_scores);
    const std::size_t n = made.good_scores.size();
    if (const auto k = threshold_rank(n, false_alarm_rate); k > 0) {
        made.rule = threshold_rule::order_statistic;
        made.threshold = static_cast<double>(made.good_scores[n - k]);
        made.expected_rate = static_cast<double>(k) / static_cast<double>(n + 1);
        made.rate_interval = {metrics::beta_quantile(k, n + 1 - k, 0.025), metrics::beta_quantile(k, n + 1 - k, 0.975)};
    } else {
        made.rule = threshold_rule::exponential_tail;
        score_detail::fit_exponential_tail(made, false_alarm_rate);
    }
    made.threshold = std::max(made.threshold, made.typical + calibration::min_spread);
    return made;
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
/// holds for every distribution of the scores and depends only on the threshold's rank among the good raw scores. It is wider
/// than calibration::rate_interval: few images show a rate only roughly.
[[nodiscard]] inline metrics::count_interval predicted_false_alarms(const calibration& by, std::size_t images) {
    const auto& scores = by.good_scores;
    const auto first =
        std::find_if(scores.begin(), scores.end(), [&](float one) { return static_cast<double>(one) >= by.threshold; });
    const auto alarms = static_cast<std::size_t>(scores.end() - first);
    const bool is_a_score = alarms > 0 && static_cast<double>(*first) == by.threshold;
    const std::size_t below = is_a_score ? alarms : alarms + 1;  // the rank of the raw score at or below the threshold
    metrics::count_interval found{0, images};
    if (alarms > 0) found.low = metrics::predicted_count(alarms, scores.size(), images).low;
    if (below <= scores.size()) found.high = metrics::predicted_count(below, scores.size(), images).high;
    return found;
}

}  // namespace rd4ad::inline RD4AD_ABI
