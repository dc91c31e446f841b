// rd4ad/metrics/bootstrap.hpp: confidence intervals of a statistic, by resampling images. Twin: tests/metrics/bootstrap.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/random.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::metrics {

/// A statistic over all images, and its bootstrap interval.
struct interval {
    double value{0}, low{0}, high{0};
    std::size_t resamples{0};  ///< number of draws that gave a value
};

/// Settings of a bootstrap.
struct bootstrap_options {
    std::size_t resamples{2000};  ///< at least 1
    double confidence{0.95};      ///< above 0 and below 1
    std::uint64_t seed{111};
};

/// The interval between the quantiles (1 - confidence) / 2 and (1 + confidence) / 2 of the draws' values, linear between order
/// statistics, as numpy.percentile. draws: at least one value.
[[nodiscard]] inline interval percentile_interval(double value, std::vector<double> draws, double confidence) {
    std::sort(draws.begin(), draws.end());
    const auto quantile = [&](double probability) {
        const double position = probability * static_cast<double>(draws.size() - 1);
        const auto below = static_cast<std::size_t>(position);
        const std::size_t above = std::min(below + 1, draws.size() - 1);
        return draws[below] + (draws[above] - draws[below]) * (position - static_cast<double>(below));
    };
    return {value, quantile((1 - confidence) / 2), quantile((1 + confidence) / 2), draws.size()};
}

/// A function of the drawn images' indices (with repeats), such as the difference of two detectors' AUROC.
template <class F>
concept ImageStatistic = requires(const F& statistic, std::span<const std::size_t> images) {
    { statistic(images) } -> std::convertible_to<double>;
};

/// The percentile bootstrap over images: draws as many images as there are, with repeats, and takes quantiles of the statistic
/// (see percentile_interval). For a comparison, let the statistic return the difference: both detectors then see the same draws.
/// Skips a draw if the statistic throws numeric_error (for example, only one class is drawn) or returns NaN. The same seed gives
/// the same interval on every machine.
/// images: the number of images, at least 1. Cost: resamples + 1 calls of the statistic.
/// Throws option_error (options), data_error (no image), numeric_error (no draw gave a value).
template <ImageStatistic Statistic>
[[nodiscard]] interval bootstrap(std::size_t images, const Statistic& statistic, const bootstrap_options& options = {}) {
    if (images == 0) throw data_error{"bootstrap: there are 0 images; at least 1 is needed"};
    if (options.resamples == 0) throw option_error{"bootstrap: 0 resamples; at least 1 is needed"};
    if (!(options.confidence > 0 && options.confidence < 1))
        throw option_error{text("bootstrap: the confidence is ", options.confidence, "; it must lie between 0 and 1")};
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
        throw numeric_error{
            text("bootstrap: the statistic is undefined for all ", options.resamples, " draws; more images are needed")};
    return percentile_interval(value, std::move(values), options.confidence);
}

}  // namespace rd4ad::inline RD4AD_ABI::metrics
