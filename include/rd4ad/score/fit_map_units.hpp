// rd4ad/score/fit_map_units.hpp: the map's units from the distances of good images. Twin: tests/score/fit_map_units.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/model/map_units.hpp>
#include <rd4ad/model/scale_maps.hpp>

namespace rd4ad::inline RD4AD_ABI {

namespace score_detail {

/// The spread of a scale that is the same everywhere; distances lie in 0..1.
inline constexpr double least_spread = 1e-6;

/// Sums of values and of their squares.
struct moment_sums {
    double count{0}, sum{0}, squares{0};

    void add(double value, double times = 1) {
        count += times;
        sum += times * value;
        squares += times * value * value;
    }
    [[nodiscard]] double mean() const { return sum / count; }
    [[nodiscard]] double variance() const { return std::max(squares / count - mean() * mean(), 0.0); }
};

/// Weights in proportion to 1 / spread that sum to 3.
[[nodiscard]] inline std::array<double, 3> weights_for(const std::array<double, 3>& spreads) {
    std::array<double, 3> weights{};
    double sum = 0;
    for (std::size_t k = 0; k < 3; ++k) sum += weights[k] = 1 / std::max(spreads[k], least_spread);
    for (double& weight : weights) weight *= 3 / sum;
    return weights;
}

/// Whether a position takes part in the statistics.
[[nodiscard]] inline bool counts(const scale_maps* inside, std::size_t input, std::size_t scale, std::size_t position) {
    return inside == nullptr || inside->at(input, scale)[position] != 0;
}

inline void check_inputs(std::span<const std::size_t> inputs, std::size_t least) {
    if (inputs.size() < least)
        throw data_error{text("the map's units need at least ", least, " good images, found ", inputs.size(),
                              "; give more, or choose --map paper")};
}

}  // namespace score_detail

/// Returns the units in which each scale's distances have the same spread over good images: weight k is proportional to 1 / the
/// standard deviation of scale k's distances over the given inputs and all positions; the weights sum to 3. good: distances by
/// models that were not trained on these images. inside: 0 at positions that do not count; null: all count. Throws data_error
/// without inputs.
[[nodiscard]] inline map_units fit_scale_units(const scale_maps& good, std::span<const std::size_t> inputs,
                                               const scale_maps* inside = nullptr) {
    score_detail::check_inputs(inputs, 1);
    std::array<double, 3> spreads{};
    for (std::size_t k = 0; k < 3; ++k) {
        score_detail::moment_sums all;
        for (const std::size_t i : inputs) {
            const auto values = good.at(i, k);
            for (std::size_t p = 0; p < values.size(); ++p)
                if (score_detail::counts(inside, i, k, p)) all.add(static_cast<double>(values[p]));
        }
        spreads[k] = std::sqrt(all.variance());
    }
    return {.weights = score_detail::weights_for(spreads)};
}

/// Mean and spread of good images' distances by position, for images in which a position is always the same place. A position's
/// variance is drawn towards its scale's: it counts as prior_images further images of the scale's variance. Means and variances
/// are smoothed over 3 x 3 positions. A position that is inside in no image has gain 1 and offset 0.
class position_statistics {
   public:
    static constexpr double prior_images = 10;

    /// good: distances by models that were not trained on these images. inside: 0 at positions that do not count; null: all
    /// count. Both must outlive the statistics. Throws data_error for fewer than 3 inputs.
    position_statistics(const scale_maps& good, std::span<const std::size_t> inputs, const scale_maps* inside = nullptr)
        : good_{&good}, inside_{inside} {
        score_detail::check_inputs(inputs, 3);
        for (std::size_t k = 0; k < 3; ++k) {
            sums_[k].resize(good.heights[k] * good.widths[k]);
            for (const std::size_t i : inputs) add(k, i, 1, sums_[k]);
        }
    }

    /// The units of all inputs.
    [[nodiscard]] map_units units() const { return units_of(sums_); }

    /// The units without one of the inputs, in which that input's map is one of a new image.
    [[nodiscard]] map_units units_without(std::size_t input) const {
        auto sums = sums_;
        for (std::size_t k = 0; k < 3; ++k) add(k, input, -1, sums[k]);
        return units_of(sums);
    }

    /// The share of the distances' variance that the position explains in an image that did not contribute to the means, over
    /// the scales in equal parts; below 0 where position explains nothing.
    [[nodiscard]] double explained_share() const {
        double share = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            score_detail::moment_sums all;
            double within = 0;
            for (const auto& one : sums_[k]) {
                if (one.count < 2) continue;
                all.count += one.count, all.sum += one.sum, all.squares += one.squares;
                const double left_out = one.count / (one.count - 1);  // a residual without the image's own share of the mean
                within += one.count * one.variance() * left_out * left_out;
            }
            share += (1 - within / (all.count * std::max(all.variance(), 1e-12))) / 3;
        }
        return share;
    }

   private:
    using position_sums = std::vector<score_detail::moment_sums>;

    void add(std::size_t scale, std::size_t input, double times, position_sums& to) const {
        const auto values = good_->at(input, scale);
        for (std::size_t p = 0; p < values.size(); ++p)
            if (score_detail::counts(inside_, input, scale, p)) to[p].add(static_cast<double>(values[p]), times);
    }

    [[nodiscard]] map_units units_of(const std::array<position_sums, 3>& sums) const {
        map_units made;
        std::array<double, 3> spreads{};
        for (std::size_t k = 0; k < 3; ++k) {
            const std::size_t height = good_->heights[k], width = good_->widths[k];
            const auto smoothed = [&](const auto& value_at) {
                std::vector<double> out(height * width);
                for (std::size_t y = 0; y < height; ++y)
                    for (std::size_t x = 0; x < width; ++x) {
                        double sum = 0, count = 0;
                        for (std::size_t v = y - std::min<std::size_t>(y, 1); v < std::min(height, y + 2); ++v)
                            for (std::size_t u = x - std::min<std::size_t>(x, 1); u < std::min(width, x + 2); ++u) {
                                if (sums[k][v * width + u].count == 0) continue;
                                sum += value_at(sums[k][v * width + u]);
                                ++count;
                            }
                        out[y * width + x] = count > 0 ? sum / count : 0;
                    }
                return out;
            };
            const auto mean = smoothed([](const auto& at) { return at.mean(); });
            const auto variance = smoothed([](const auto& at) { return at.variance(); });
            const auto used =
                static_cast<double>(std::count_if(sums[k].begin(), sums[k].end(), [](const auto& at) { return at.count != 0; }));
            double level = 0, spread2 = 0;
            for (std::size_t p = 0; p < mean.size(); ++p) {
                if (sums[k][p].count == 0) continue;
                level += mean[p] / used;
                spread2 += variance[p] / used;
            }
            spreads[k] = std::max(std::sqrt(spread2), score_detail::least_spread);
            auto& to = made.positions[k];
            to.height = height, to.width = width;
            for (std::size_t p = 0; p < mean.size(); ++p) {
                const double images = sums[k][p].count;
                if (images == 0) {
                    to.gain.push_back(1), to.offset.push_back(0);
                    continue;
                }
                const double drawn = (images * variance[p] + prior_images * spreads[k] * spreads[k]) / (images + prior_images);
                const double gain = spreads[k] / std::sqrt(std::max(drawn, score_detail::least_spread * spreads[k] * spreads[k]));
                to.gain.push_back(static_cast<float>(gain));
                to.offset.push_back(static_cast<float>(level - gain * mean[p]));
            }
        }
        made.weights = score_detail::weights_for(spreads);
        return made;
    }

    const scale_maps *good_, *inside_;
    std::array<position_sums, 3> sums_{};
};

}  // namespace rd4ad::inline RD4AD_ABI
