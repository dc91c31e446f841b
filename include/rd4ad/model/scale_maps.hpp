// rd4ad/model/scale_maps.hpp: the distances of network inputs at the three scales, before they add up to a map. Twin:
// tests/model/scale_maps.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <rd4ad/model/scoring_network.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The distances 1 - cosine (0..1) of a number of network inputs at strides 4, 8 and 16, on the host. 5376 values per input of
/// 256 x 256 pixels.
struct scale_maps {
    std::array<std::size_t, 3> heights{}, widths{};
    std::vector<float> values{};  ///< per input scale 0, 1, 2, each row by row

    /// For inputs of height x width pixels.
    scale_maps(std::size_t height, std::size_t width, std::size_t inputs) {
        for (std::size_t k = 0; k < 3; ++k) heights[k] = height >> (k + 2), widths[k] = width >> (k + 2);
        values.resize(inputs * each());
    }

    /// Values per input.
    [[nodiscard]] std::size_t each() const noexcept { return offset(3); }
    [[nodiscard]] std::size_t inputs() const noexcept { return values.size() / each(); }
    [[nodiscard]] std::span<const float> at(std::size_t input, std::size_t scale) const {
        return std::span{values}.subspan(input * each() + offset(scale), heights[scale] * widths[scale]);
    }
    [[nodiscard]] std::span<float> at(std::size_t input, std::size_t scale) {
        return std::span{values}.subspan(input * each() + offset(scale), heights[scale] * widths[scale]);
    }

   private:
    [[nodiscard]] std::size_t offset(std::size_t scale) const noexcept {
        std::size_t sum = 0;
        for (std::size_t k = 0; k < scale; ++k) sum += heights[k] * widths[k];
        return sum;
    }
};

/// Computes the distances between the teacher's features and those of bottleneck and student for a batch, and stores them for
/// the inputs in `to`, one per image of the batch. student: prepared by fold_network.
template <Backend B>
void put_scale_maps(typename B::queue& q, const trainable_network& layers, const nn::folded_weights<B>& student,
                    const features<B>& teacher, std::span<const std::size_t> to, scale_maps& maps) {
    const auto embedding = infer<B>(q, layers.bottleneck, student, teacher);
    const auto rebuilt = infer<B>(q, layers.student, student, embedding);
    for (std::size_t k = 0; k < 3; ++k) {
        const auto distances = to_host<B>(q, nn::cosine_map<B>(q, teacher[k], rebuilt[k]));
        const std::size_t each = distances.size() / to.size();
        for (std::size_t i = 0; i < to.size(); ++i)
            std::transform(distances.begin() + static_cast<std::ptrdiff_t>(i * each),
                           distances.begin() + static_cast<std::ptrdiff_t>((i + 1) * each), maps.at(to[i], k).begin(),
                           [](auto value) { return static_cast<float>(value); });
    }
}

/// The matrices that turn scale maps into the network's map by the model's units; for one input size.
template <Backend B>
class map_builder {
   public:
    /// sigma: of the Gaussian over the map, in pixels; 0: none.
    map_builder(typename B::queue& q, std::size_t height, std::size_t width, const map_units& units, double sigma)
        : positions_{units.positions}, height_{height}, width_{width} {
        for (std::size_t k = 0; k < 3; ++k)
            upsample_[k] = nn::make_upsampling<B>(q, height >> (k + 2), width >> (k + 2), height, width, sigma, units.weights[k]);
    }

    /// Replaces the gains and offsets, of the same sizes; the weights stay.
    void set_positions(std::array<position_units, 3> positions) { positions_ = std::move(positions); }

    /// The network's map of one input, height x width.
    [[nodiscard]] image::image_f32 map(typename B::queue& q, const scale_maps& from, std::size_t input) const {
        using T = typename B::value_type;
        auto out = make_tensor<B>(q, {1, 1, height_, width_});
        for (std::size_t k = 0; k < 3; ++k) {
            const auto distances = from.at(input, k);
            std::vector<T> values{distances.begin(), distances.end()};
            const auto& [height, width, gain, offset] = positions_[k];
            for (std::size_t p = 0; p < gain.size(); ++p)
                values[p] = static_cast<T>(gain[p]) * values[p] + static_cast<T>(offset[p]);
            const auto device = to_device<B>(q, {1, 1, from.heights[k], from.widths[k]}, values);
            nn::add_upsampled<B>(q, upsample_[k], device, k != 0, out);
        }
        const auto values = to_host<B>(q, out);
        return {width_, height_, 1, std::vector<float>(values.begin(), values.end())};
    }

   private:
    std::array<position_units, 3> positions_;
    std::size_t height_, width_;
    std::array<nn::upsampling<B>, 3> upsample_{};
};

}  // namespace rd4ad::inline RD4AD_ABI
