// rd4ad/score/calibration.hpp: raw scores on a scale of 0 to 1 with the threshold at 0.5. Twin: tests/score/calibration.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/random.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/metrics/f1.hpp>
#include <rd4ad/metrics/rate_interval.hpp>

namespace rd4ad {

/// How a threshold was found; docs/calibration.md has the formulas.
enum class threshold_rule {
    order_statistic,   ///< the k-th largest score of n good images
    exponential_tail,  ///< beyond the largest of them, where the rate is too small for their number
    best_f1            ///< where labelled images give the best F1
};

/// "order statistic", "exponential tail" or "best F1".
[[nodiscard]] inline std::string to_string(threshold_rule rule) {
    return rule == threshold_rule::order_statistic    ? "order statistic"
           : rule == threshold_rule::exponential_tail ? "exponential tail"
                                                      : "best F1";
}

/// A scale for raw scores (0..3), and for the pixels of raw maps. Ranks are the raw ones, nothing is clamped: with z the
/// distance from the threshold in units of spread(), the value is 1/2 + 5 z / (2 sqrt(1 + 25 z^2)): 0.5 at the threshold,
/// 0.01 at a typical good image, to 0 and 1 beyond. Computed in double it is strictly increasing over all floats from 1e-6 to
/// 3; in float it is not, near 1. A score of at least the threshold is an alarm.
struct calibration {
    double typical{0};    ///< median raw score of the good images
    double threshold{1};  ///< raw
    threshold_rule rule{threshold_rule::order_statistic};
    double asked_rate{0};                    ///< the false-alarm rate that was asked for; 0 for best_f1
    double expected_rate{0};                 ///< of good images like those it was found from, for best_f1 of those themselves
    metrics::rate_interval rate_interval{};  ///< 95 % interval of that rate
    std::optional<double> f1{};              ///< of the labelled images
    std::vector<float> good_scores{};        ///< raw, ascending: what it was found from

    friend bool operator==(const calibration& a, const calibration& b) {
        return a.typical == b.typical && a.threshold == b.threshold && a.rule == b.rule && a.asked_rate == b.asked_rate &&
               a.expected_rate == b.expected_rate && a.rate_interval.low == b.rate_interval.low &&
               a.rate_interval.high == b.rate_interval.high && a.f1 == b.f1 && a.good_scores == b.good_scores;
    }

    /// A closer threshold than this would make a scale that double can't tell apart at 3.
    static constexpr double smallest_spread = 1.0 / 512;
    /// The scale's steepness: z = -1, a typical good image, comes to 0.0097.
    static constexpr double steepness = 5;

    /// threshold - typical, at least smallest_spread.
    [[nodiscard]] double spread() const noexcept { return std::max(threshold - typical, smallest_spread); }

    /// The value of a raw score or pixel, in 0..1.
    [[nodiscard]] double operator()(double raw) const noexcept {
        const double g = steepness * (raw - threshold) / spread(), h = std::sqrt(1 + g * g);
        return g < 0 ? 0.5 / (h * (h - g)) : 0.5 + 0.5 * g / h;  // the first is 0.5 + 0.5 g / h without its cancellation
    }

    /// The raw score of a value within 0..1, ends excluded. Throws option_error for others.
    [[nodiscard]] double raw(double value) const {
        if (!(value > 0 && value < 1))
            throw option_error{"calibration: the value " + io::json(value).dump() + " must be above 0 and below 1"};
        const double u = 2 * value - 1;
        return threshold + spread() * u / (2 * steepness * std::sqrt(value * (1 - value)));
    }
};

/// A raw map on the calibrated scale, pixel by pixel. Rounded to float: for looking at, not for ranking.
[[nodiscard]] inline image::plane calibrated(const calibration& by, image::plane map) {
    for (float& value : map.pixels) value = static_cast<float>(by(static_cast<double>(value)));
    return map;
}

namespace detail {

inline void check_scores(std::span<const float> scores, const char* what) {
    for (const float score : scores)
        if (!std::isfinite(score))
            throw numeric_error{std::string{what} + ": a score is not finite; expected raw scores of 0 to 3"};
}

[[nodiscard]] inline double median(std::span<const float> ascending) {
    const std::size_t n = ascending.size();
    return 0.5 * (static_cast<double>(ascending[(n - 1) / 2]) + static_cast<double>(ascending[n / 2]));
}

/// The threshold beyond all of n scores whose expected rate is `rate`, if scores past the (m + 1)-th largest fall off
/// exponentially: the rate of a threshold c times the sum of their m excesses above it is B exp(-c G) with B ~ Beta(m + 1,
/// n - m) and G ~ Gamma(m), whose mean is (m + 1) / (n + 1) (1 + c)^-m.
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
    // The lower end is drawn under that law; the upper end is that of the largest score itself, which holds under any law.
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

}  // namespace detail

/// The rank, from the largest, of the score among n that is the threshold for a false-alarm rate; 0: n are too few for it.
[[nodiscard]] inline std::size_t threshold_rank(std::size_t n, double rate) {
    return static_cast<std::size_t>(rate * static_cast<double>(n + 1) + 1e-9);  // the excess lets 0.05 of 19 be one of 20
}

/// A scale from raw scores of good images that training did not see, with a threshold whose expected false-alarm rate is at
/// most `rate`. Where n scores are enough (rate >= 1 / (n + 1)) it is the k-th largest, k = floor(rate (n + 1)): expected rate
/// k / (n + 1), whatever the scores' distribution, the rate itself distributed Beta(k, n + 1 - k). Else it lies beyond the
/// largest, by an exponential tail.
/// Throws data_error for less than 2 scores, numeric_error where one is not finite, option_error unless 0 < rate < 1.
[[nodiscard]] inline calibration calibrate(std::vector<float> good_scores, double rate) {
    if (!(rate > 0 && rate < 1))
        throw option_error{"calibrate: the false-alarm rate is " + io::json(rate).dump() + ", it must be above 0 and below 1"};
    if (good_scores.size() < 2)
        throw data_error{"calibrate: " + std::to_string(good_scores.size()) +
                         " scores of good images, expected at least 2; give more good images"};
    detail::check_scores(good_scores, "calibrate");
    std::sort(good_scores.begin(), good_scores.end());
    calibration made;
    made.typical = detail::median(good_scores);
    made.asked_rate = rate;
    made.good_scores = std::move(good_scores);
    const std::size_t n = made.good_scores.size();
    const auto k = threshold_rank(n, rate);
    if (k > 0) {
        made.rule = threshold_rule::order_statistic;
        made.threshold = static_cast<double>(made.good_scores[n - k]);
        made.expected_rate = static_cast<double>(k) / static_cast<double>(n + 1);
        made.rate_interval = {metrics::beta_quantile(k, n + 1 - k, 0.025), metrics::beta_quantile(k, n + 1 - k, 0.975)};
    } else {
        made.rule = threshold_rule::exponential_tail;
        detail::fit_exponential_tail(made, rate);
    }
    made.threshold = std::max(made.threshold, made.typical + calibration::smallest_spread);
    return made;
}

/// A scale from labelled images (0: good) that are not those it is judged by: the threshold lies in the middle of the gap
/// below the score that gives the best F1. The rate is the share of alarms among these good images, its interval Clopper and
/// Pearson's. Throws shape_error where lengths differ, data_error without 2 good images and a defect, numeric_error.
[[nodiscard]] inline calibration calibrate_labelled(std::span<const float> scores, std::span<const std::uint8_t> labels) {
    if (scores.size() != labels.size())
        throw shape_error{"calibrate_labelled: " + std::to_string(scores.size()) + " scores and " +
                          std::to_string(labels.size()) + " labels; expected as many"};
    detail::check_scores(scores, "calibrate_labelled");
    calibration made;
    made.rule = threshold_rule::best_f1;
    for (std::size_t i = 0; i < scores.size(); ++i)
        if (labels[i] == 0) made.good_scores.push_back(scores[i]);
    const std::size_t good = made.good_scores.size();
    if (good < 2 || good == scores.size())
        throw data_error{"calibrate_labelled: " + std::to_string(good) + " good images and " +
                         std::to_string(scores.size() - good) + " with a defect, expected at least 2 and 1"};
    std::sort(made.good_scores.begin(), made.good_scores.end());
    made.typical = detail::median(made.good_scores);
    const auto best = metrics::best_f1(scores, labels);
    made.f1 = best.f1;
    double below = -1;
    for (const float score : scores)
        if (static_cast<double>(score) < best.threshold) below = std::max(below, static_cast<double>(score));
    made.threshold = below < 0 ? best.threshold : 0.5 * (below + best.threshold);
    const auto alarms =
        static_cast<std::size_t>(std::count_if(made.good_scores.begin(), made.good_scores.end(),
                                               [&](float score) { return static_cast<double>(score) >= made.threshold; }));
    made.expected_rate = static_cast<double>(alarms) / static_cast<double>(good);
    made.rate_interval = metrics::interval_of_count(alarms, good);
    return made;
}

/// How many of `images` further good ones, like those that set the threshold and none of them, will reach it: all but 2.5 % on
/// either side, whatever the scores' distribution, by where the threshold lies among the good scores. It is wider than
/// rate_interval, as few images show a rate only roughly.
[[nodiscard]] inline metrics::count_interval predicted_alarms(const calibration& by, std::size_t images) {
    const auto& scores = by.good_scores;
    const auto first =
        std::find_if(scores.begin(), scores.end(), [&](float score) { return static_cast<double>(score) >= by.threshold; });
    const auto reached = static_cast<std::size_t>(scores.end() - first);
    const bool is_a_score = reached > 0 && static_cast<double>(*first) == by.threshold;
    const std::size_t below = is_a_score ? reached : reached + 1;  // the rank of the score at or below the threshold
    metrics::count_interval found{0, images};
    if (reached > 0) found.low = metrics::predicted_count(reached, scores.size(), images).low;
    if (below <= scores.size()) found.high = metrics::predicted_count(below, scores.size(), images).high;
    return found;
}

/// As it is kept in a checkpoint; docs/formats.md lists the keys.
[[nodiscard]] inline io::json to_json(const calibration& from) {
    return {{"typical", from.typical},
            {"threshold", from.threshold},
            {"spread", from.spread()},
            {"rule", to_string(from.rule)},
            {"asked_rate", from.asked_rate},
            {"expected_rate", from.expected_rate},
            {"rate_interval", std::array{from.rate_interval.low, from.rate_interval.high}},
            {"f1", from.f1 ? io::json(*from.f1) : io::json()},
            {"good_scores", from.good_scores}};
}

/// What to_json wrote; none for null. format_error beginning with `where` for anything else.
[[nodiscard]] inline std::optional<calibration> calibration_from(const io::json& from, const std::string& where) {
    if (from.is_null()) return std::nullopt;
    const auto wrong = [&] {
        return format_error{where +
                            ": its calibration can't be read: expected what rd4ad writes; calibrate again by rd4ad "
                            "calibrate"};
    };
    try {
        calibration made;
        made.typical = from.at("typical").get<double>();
        made.threshold = from.at("threshold").get<double>();
        const auto rule = from.at("rule").get<std::string>();
        for (const auto one : {threshold_rule::order_statistic, threshold_rule::exponential_tail, threshold_rule::best_f1})
            if (to_string(one) == rule) made.rule = one;
        if (to_string(made.rule) != rule) throw wrong();
        made.asked_rate = from.at("asked_rate").get<double>();
        made.expected_rate = from.at("expected_rate").get<double>();
        const auto ends = from.at("rate_interval").get<std::array<double, 2>>();
        made.rate_interval = {ends[0], ends[1]};
        if (!from.at("f1").is_null()) made.f1 = from.at("f1").get<double>();
        made.good_scores = from.at("good_scores").get<std::vector<float>>();
        return made;
    } catch (const io::json::exception&) {
        throw wrong();
    }
}

}  // namespace rd4ad
