// rd4ad/metrics/detection_probability.hpp: the probability of detection as a function of a defect's size, from hits and misses;
// the size that is found in nine of ten, and its confidence bound. Twin: tests/metrics/detection_probability.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/metrics/binomial_interval.hpp>

namespace rd4ad::inline RD4AD_ABI::metrics {

/// How many defects of one size were found.
struct size_outcome {
    double size{0};  ///< above 0, in any unit
    std::size_t found{0}, tried{0};
};

/// The size from which on a share of the defects is found. Sizes that were not tried are never stated: a value equal to the
/// smallest size tried reads "at most this size".
struct detection_limit {
    std::optional<double> size{};   ///< the estimate; empty: the share is not reached by the largest size tried
    std::optional<double> bound{};  ///< lies above the true size with a confidence of 95 %; empty: the data do not support one
};

/// The probability of detection over size: POD(size) = 1 / (1 + exp(-(intercept + slope ln size))), the hit/miss model of
/// MIL-HDBK-1823A.
struct detection_curve {
    double intercept{0}, slope{0};       ///< slope: at least 0
    std::array<double, 3> covariance{};  ///< var(intercept), cov(intercept, slope), var(slope)
    double smallest{0}, largest{0};      ///< the sizes tried
    std::optional<double> a50{};         ///< the size found in half; see detection_limit::size
    std::optional<double> a90{};         ///< the size found in nine of ten; see detection_limit::size
    std::optional<double> a90_95{};      ///< the 95 % bound of a90; see detection_limit::bound

    /// The probability of detection of a size, 0..1.
    [[nodiscard]] double operator()(double size) const { return 1 / (1 + std::exp(-(intercept + slope * std::log(size)))); }
};

/// Fits the curve. The estimates maximise the likelihood with Firth's penalty (half the log determinant of the information;
/// Firth, Biometrika 80, 1993), with a slope of at least 0. They are finite also where all defects are found, or none, or all
/// from some size on (separation), where those of maximum likelihood are not.
///
/// a90/95 is the largest size at which a POD of 0.9 is not rejected by the profile of the penalised likelihood: 2 (maximum -
/// profile) <= 2.706, the one-sided 95 % point of chi-square with one degree of freedom. The plain likelihood's profile rejects
/// too readily where few trials lie between misses and hits. The smallest size tried is a bound only if its own trials support it
/// (exact binomial test: 29 found of 29). docs/probe.md states how often the bound lies above the true a90, also where the true
/// curve is no logistic one.
///
/// Cost: some 7000 evaluations of the likelihood. Throws option_error for a size that is not positive and finite, for more found
/// than tried, or unless at least two sizes were tried.
[[nodiscard]] inline detection_curve fit_detection_curve(std::span<const size_outcome> outcomes);

/// The sizes found with other probabilities than 0.9, and their bounds. shares: above 0 and below 1. Throws as
/// fit_detection_curve does, and option_error for another share.
[[nodiscard]] inline std::vector<detection_limit> find_detection_limits(std::span<const size_outcome> outcomes,
                                                                        std::span<const double> shares);

// Implementation.

namespace detail {

/// The hit/miss model over x = ln(size) - centre.
class hit_miss_model {
   public:
    explicit hit_miss_model(std::span<const size_outcome> outcomes) {
        double sum = 0, trials = 0;
        double low = std::numeric_limits<double>::infinity(), high = -low;
        for (const auto& one : outcomes) {
            if (!(one.size > 0 && std::isfinite(one.size)) || one.found > one.tried)
                throw option_error{text("detection curve: found ", one.found, " of ", one.tried, " defects of size ", one.size,
                                        "; expected a positive size, and no more found than tried")};
            if (one.tried == 0) continue;
            const double x = std::log(one.size), tried = static_cast<double>(one.tried);
            groups_.push_back({x, static_cast<double>(one.found), tried});
            sum += x * tried, trials += tried;
            low = std::min(low, x), high = std::max(high, x);
        }
        if (!(high > low))
            throw option_error{text("detection curve: the ", groups_.size(), " outcomes have ", groups_.empty() ? "no" : "one",
                                    " size; expected defects of at least two sizes")};
        centre_ = sum / trials;
        for (auto& one : groups_) one.x -= centre_;
        low_ = low - centre_, high_ = high - centre_;
        fit();
    }

    [[nodiscard]] detection_curve curve() const {
        detection_curve made{.intercept = b0_ - b1_ * centre_,
                             .slope = b1_,
                             .smallest = std::exp(low_ + centre_),
                             .largest = std::exp(high_ + centre_)};
        const auto i = information(b0_, b1_);
        const double determinant = i[0] * i[2] - i[1] * i[1];
        const double v0 = i[2] / determinant, v01 = -i[1] / determinant, v1 = i[0] / determinant;
        made.covariance = {v0 - 2 * centre_ * v01 + centre_ * centre_ * v1, v01 - centre_ * v1, v1};
        return made;
    }

    [[nodiscard]] detection_limit limit(double share) const {
        const double logit = std::log(share / (1 - share));
        // With a slope of 0 every size or none is found with this probability.
        const double reached = b1_ > 0 ? (logit - b0_) / b1_ : (b0_ >= logit ? low_ : high_ + 1);
        if (reached > high_) return {};
        const double from = std::max(reached, low_), cut = maximum_ - 0.5 * 2.705543454095404;
        detection_limit found{.size = size_at(from)};
        if (profile(high_, logit) > cut) return found;
        double low = from, high = high_;
        if (profile(from, logit) < cut) high = from;
        for (int step = 0; step < 40; ++step) {
            const double middle = 0.5 * (low + high);
            (profile(middle, logit) > cut ? low : high) = middle;
        }
        found.bound = size_at(std::max(high, least_bound(share)));
        return found;
    }

   private:
    struct group {
        double x, found, tried;
    };

    /// The smallest size, if its own trials reject a smaller share at 5 %, by the exact binomial test; else the next size.
    [[nodiscard]] double least_bound(double share) const {
        std::size_t found = 0, tried = 0;
        double next = high_;
        for (const auto& one : groups_) {
            if (one.x > low_) {
                next = std::min(next, one.x);
                continue;
            }
            found += static_cast<std::size_t>(one.found), tried += static_cast<std::size_t>(one.tried);
        }
        return found > 0 && beta_quantile(found, tried - found + 1, 0.05) >= share ? low_ : next;
    }

    [[nodiscard]] double size_at(double x) const { return std::exp(x + centre_); }

    [[nodiscard]] static double probability(double eta) { return 1 / (1 + std::exp(-eta)); }

    /// Fisher's information: the sums of w, w x and w x^2 with w = n p (1 - p).
    [[nodiscard]] std::array<double, 3> information(double b0, double b1) const {
        std::array<double, 3> sums{};
        for (const auto& one : groups_) {
            const double p = probability(b0 + b1 * one.x), w = one.tried * p * (1 - p);
            sums[0] += w, sums[1] += w * one.x, sums[2] += w * one.x * one.x;
        }
        return sums;
    }

    [[nodiscard]] double log_likelihood(double b0, double b1) const {
        double sum = 0, w0 = 0, w1 = 0, w2 = 0;
        for (const auto& one : groups_) {
            const double eta = b0 + b1 * one.x, e = std::exp(-std::abs(eta));
            sum += one.found * eta - one.tried * (std::max(eta, 0.0) + std::log1p(e));
            const double w = one.tried * e / ((1 + e) * (1 + e));
            w0 += w, w1 += w * one.x, w2 += w * one.x * one.x;
        }
        const double determinant = w0 * w2 - w1 * w1;
        return sum + 0.5 * std::log(std::max(determinant, 1e-300));
    }

    /// The maximum of a function with one maximum, by golden sections around the best of 24 points over 0 and 1e-3..1e3.
    template <class F>
    [[nodiscard]] static std::array<double, 2> maximise(const F& f) {
        constexpr double ratio = 0.6180339887498949, shift = 1e-3;
        const auto at = [&](double t) { return std::exp(t) - shift; };
        const double first = std::log(shift), step = (std::log(1e3) - first) / 23;
        double best = first, value = f(0.0);
        for (int i = 1; i < 24; ++i)
            if (const double t = first + i * step, other = f(at(t)); other > value) best = t, value = other;
        double low = std::max(first, best - step), high = best + step;
        double a = high - ratio * (high - low), b = low + ratio * (high - low), fa = f(at(a)), fb = f(at(b));
        for (int i = 0; i < 44; ++i) {
            if (fa < fb) {
                low = a, a = b, fa = fb;
                b = low + ratio * (high - low), fb = f(at(b));
            } else {
                high = b, b = a, fb = fa;
                a = high - ratio * (high - low), fa = f(at(a));
            }
        }
        if (const double middle = f(at(0.5 * (low + high))); middle >= value) return {at(0.5 * (low + high)), middle};
        return {at(best), value};
    }

    /// The largest penalised log-likelihood of the curves that reach `logit` at x, over slopes of at least 0.
    [[nodiscard]] double profile(double x, double logit) const {
        const double scale = 1 / (high_ - low_);
        return maximise([&](double slope) { return log_likelihood(logit - slope * scale * x, slope * scale); })[1];
    }

    /// Firth's estimate: the maximum over the slope, with the best intercept for each slope.
    void fit() {
        const double scale = 1 / (high_ - low_);
        double intercept = 0;
        const auto best_intercept = [&](double slope) {
            double low = -40 - slope * std::max(std::abs(low_), std::abs(high_)), high = -low;
            for (int i = 0; i < 48; ++i) {  // the penalised score falls in the intercept
                const double middle = 0.5 * (low + high);
                (score(middle, slope) > 0 ? low : high) = middle;
            }
            return 0.5 * (low + high);
        };
        const auto [slope, value] = maximise([&](double t) {
            intercept = best_intercept(t * scale);
            return log_likelihood(intercept, t * scale);
        });
        b1_ = slope * scale > 1e-6 ? slope * scale : 0;
        b0_ = best_intercept(b1_);
        maximum_ = std::max(value, log_likelihood(b0_, b1_));
    }

    /// The derivative of log_likelihood by the intercept.
    [[nodiscard]] double score(double b0, double b1) const {
        const auto i = information(b0, b1);
        const double determinant = std::max(i[0] * i[2] - i[1] * i[1], 1e-300);
        double sum = 0;
        for (const auto& one : groups_) {
            const double p = probability(b0 + b1 * one.x), w = one.tried * p * (1 - p);
            const double leverage = w * (i[2] - 2 * i[1] * one.x + i[0] * one.x * one.x) / determinant;
            sum += one.found - one.tried * p + leverage * (0.5 - p);
        }
        return sum;
    }

    std::vector<group> groups_{};
    double centre_{0}, low_{0}, high_{0};
    double b0_{0}, b1_{0}, maximum_{0};
};

}  // namespace detail

inline detection_curve fit_detection_curve(std::span<const size_outcome> outcomes) {
    const detail::hit_miss_model model{outcomes};
    auto made = model.curve();
    const auto limit = model.limit(0.9);
    made.a50 = model.limit(0.5).size;
    made.a90 = limit.size;
    made.a90_95 = limit.bound;
    return made;
}

inline std::vector<detection_limit> find_detection_limits(std::span<const size_outcome> outcomes,
                                                          std::span<const double> shares) {
    const detail::hit_miss_model model{outcomes};
    std::vector<detection_limit> limits;
    for (const double share : shares) {
        if (!(share > 0 && share < 1))
            throw option_error{text("detection limits: the share of defects found is ", share, "; expected above 0 and below 1")};
        limits.push_back(model.limit(share));
    }
    return limits;
}

}  // namespace rd4ad::inline RD4AD_ABI::metrics
