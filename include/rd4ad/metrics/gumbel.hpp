// rd4ad/metrics/gumbel.hpp: fits a Gumbel law to few values and predicts how often a new value exceeds a level. Twin:
// tests/metrics/gumbel.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <span>
#include <tuple>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/random.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::metrics {

/// The law of the largest of many values: P(X > x) = 1 - exp(-exp(-(x - location) / scale)). scale: above 0 unless the values of
/// a fit are equal.
struct gumbel_law {
    double location{0}, scale{1};
};

/// The ranks first .. last - 1 of values in ascending order; rank 0 is the smallest value.
struct rank_range {
    std::size_t first{0}, last{0};
    friend auto operator<=>(const rank_range&, const rank_range&) = default;
};

namespace detail {

/// Gringorten's plotting position of a rank among n, as a Gumbel quantile.
[[nodiscard]] inline double gumbel_position(std::size_t rank, std::size_t n) {
    return -std::log(-std::log((static_cast<double>(rank) + 0.56) / (static_cast<double>(n) + 0.12)));
}

}  // namespace detail

/// Returns the line through the Gumbel probability plot (least squares, Gringorten's plotting positions). ascending: all n
/// values; only those of the ranks `used` enter the fit, so that the others may be outliers. Throws option_error unless used.last
/// <= n and `used` has at least 2 ranks.
[[nodiscard]] inline gumbel_law fit_gumbel(std::span<const double> ascending, rank_range used) {
    const std::size_t n = ascending.size();
    if (used.last > n || used.first + 2 > used.last)
        throw option_error{text("fit_gumbel: the ranks ", used.first, " to ", used.last, " (excluded) of ", n,
                                " values; expected at least 2 ranks among them")};
    const auto count = static_cast<double>(used.last - used.first);
    double mean_position = 0, mean_value = 0;
    std::vector<double> positions(used.last - used.first);
    for (std::size_t i = used.first; i < used.last; ++i) {
        positions[i - used.first] = detail::gumbel_position(i, n);
        mean_position += positions[i - used.first] / count;
        mean_value += ascending[i] / count;
    }
    double products = 0, squares = 0;
    for (std::size_t i = used.first; i < used.last; ++i) {
        const double offset = positions[i - used.first] - mean_position;
        products += offset * (ascending[i] - mean_value);
        squares += offset * offset;
    }
    const double scale = products / squares;
    return {mean_value - scale * mean_position, scale};
}

/// How often a new value exceeds location + z scale, where location and scale are those of fit_gumbel on n values of the same
/// Gumbel law. This counts the error of the fit; the law itself would give 1 - exp(-exp(-z)), which is too small for few values.
/// The distribution of fits doesn't depend on the law, so it is drawn once from the standard law, with a fixed seed (at most 2000
/// fits, and 200 000 values together for n up to 10 000).
class gumbel_prediction {
   public:
    /// Throws option_error as fit_gumbel does.
    gumbel_prediction(std::size_t n, rank_range used)
        : fits_(std::clamp<std::size_t>(200000 / std::max<std::size_t>(n, 1), 20, 2000)) {
        random source{1};
        std::vector<double> ascending(n);
        for (auto& fit : fits_) {
            double exponential = 0;  // ascending order statistics of exponential values, by their spacings
            for (std::size_t i = n; i > 0; --i) {
                exponential -= std::log1p(-source.uniform()) / static_cast<double>(i);
                ascending[i - 1] = -std::log(std::max(exponential, 1e-300));
            }
            fit = fit_gumbel(ascending, used);
        }
    }

    /// The probability that a new value exceeds location + z scale.
    [[nodiscard]] double exceedance(double z) const {
        double sum = 0;
        for (const auto& fit : fits_) sum -= std::expm1(-std::exp(-(fit.location + z * fit.scale)));
        return sum / static_cast<double>(fits_.size());
    }

    /// The z whose probability of being exceeded is `rate`; at most 1e6. Throws option_error unless 0 < rate < 1.
    [[nodiscard]] double quantile(double rate) const {
        if (!(rate > 0 && rate < 1))
            throw option_error{
                text("gumbel_prediction: the rate ", rate, " has no quantile; expected a rate above 0 and below 1")};
        double low = -16, high = 16;
        while (high < 1e6 && exceedance(high) > rate) high *= 2;
        while (low > -1e6 && exceedance(low) < rate) low *= 2;
        for (int step = 0; step < 60; ++step) {
            const double middle = 0.5 * (low + high);
            (exceedance(middle) > rate ? low : high) = middle;
        }
        return std::min(0.5 * (low + high), 1e6);
    }

   private:
    std::vector<gumbel_law> fits_;
};

/// Keeps predictions and their quantiles, for those who fit many samples of the same sizes.
class gumbel_predictions {
   public:
    /// The prediction for n values and the used ranks; drawn at the first call.
    [[nodiscard]] const gumbel_prediction& of(std::size_t n, rank_range used) {
        return predictions_.try_emplace({n, used}, n, used).first->second;
    }

    /// of(n, used).quantile(rate), computed at the first call.
    [[nodiscard]] double quantile(std::size_t n, rank_range used, double rate) {
        const auto [place, is_new] = quantiles_.try_emplace({n, used, rate}, 0.0);
        if (is_new) place->second = of(n, used).quantile(rate);
        return place->second;
    }

   private:
    std::map<std::tuple<std::size_t, rank_range>, gumbel_prediction> predictions_;
    std::map<std::tuple<std::size_t, rank_range, double>, double> quantiles_;
};

}  // namespace rd4ad::inline RD4AD_ABI::metrics
