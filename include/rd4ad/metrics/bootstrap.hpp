// rd4ad/metrics/bootstrap.hpp: intervals of a statistic, by resampling images. Twin: tests/metrics/bootstrap.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/random.hpp>

namespace rd4ad::metrics {

/// A value over all images and the interval in which it lies when images are drawn anew.
struct interval {
    double value{0}, low{0}, high{0};
    std::size_t resamples{0};  ///< that gave a value
};

/// Settings of a bootstrap.
struct bootstrap_options {
    std::size_t resamples{2000};  ///< at least 1
    double confidence{0.95};      ///< between 0 and 1
    std::uint64_t seed{111};
};

/// A value with the quantiles of what draws gave (at least one): linear between order statistics, as numpy.percentile.
[[nodiscard]] inline interval percentile_interval(double value, std::vector<double> draws, double confidence) {
    std::sort(draws.begin(), draws.end());
    const auto quantile = [&](double share) {
        const double place = share * static_cast<double>(draws.size() - 1);
        const auto below = static_cast<std::size_t>(place);
        const std::size_t above = std::min(below + 1, draws.size() - 1);
        return draws[below] + (draws[above] - draws[below]) * (place - static_cast<double>(below));
    };
    return {value, quantile((1 - confidence) / 2), quantile((1 + confidence) / 2), draws.size()};
}

/// A function of the drawn images' indices, with repeats: e.g. our AUROC on them less theirs.
template <class F>
concept ImageStatistic = std::invocable<F, std::span<const std::size_t>> &&
                         std::convertible_to < std::invoke_result_t<F, std::span<const std::size_t>>,
double > ;

/// The percentile bootstrap over images: draws as many images as there are, with repeats, and takes the quantiles of the
/// statistic (linear between order statistics, as numpy.percentile). For a difference give the statistic
/// difference(images): both detectors then see the same draws. A draw for which it throws numeric_error (one class only)
/// or gives NaN is left out. The same seed gives the same interval on every machine.
/// images: at least 1. Cost: resamples + 1 calls.
/// Throws option_error (options), data_error (no image), numeric_error (no draw gave a value).
template <ImageStatistic Statistic>
[[nodiscard]] interval bootstrap(std::size_t images, const Statistic& statistic, const bootstrap_options& options = {}) {
    if (images == 0) throw data_error{"bootstrap: there is no image to draw"};
    if (options.resamples == 0) throw option_error{"bootstrap: 0 resamples; at least 1 is needed"};
    if (!(options.confidence > 0 && options.confidence < 1))
        throw option_error{"bootstrap: the confidence is " + std::to_string(options.confidence) +
                           "; it must lie between 0 and 1"};
    std::vector<std::size_t> drawn(images);
    std::iota(drawn.begin(), drawn.end(), std::size_t{0});
    const double value = statistic(std::span<const std::size_t>{drawn});
    random source{options.seed};
    std::vector<double> values;
    for (std::size_t i = 0; i < options.resamples; ++i) {
        for (auto& image : drawn) image = static_cast<std::size_t>(source.below(images));
        try {
            if (const double one = statistic(std::span<const std::size_t>{drawn}); !std::isnan(one)) values.push_back(one);
        } catch (const numeric_error&) {
            continue;  // undefined for this draw
        }
    }
    if (values.empty())
        throw numeric_error{"bootstrap: the statistic is undefined for all " + std::to_string(options.resamples) +
                            " draws; more images are needed"};
    return percentile_interval(value, std::move(values), options.confidence);
}

}  // namespace rd4ad::metrics
