// rd4ad/train/input_variants.hpp: computes the variants of inputs and of their cells. Twin: tests/train/augmentation.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <rd4ad/image/normalise.hpp>
#include <rd4ad/model/scale_maps.hpp>
#include <rd4ad/train/augmentation.hpp>

namespace rd4ad::inline RD4AD_ABI {

namespace train_detail {

/// Copies a grid of height x width cells of `channels` values each, mirrored and turned. A quarter turn needs a square grid.
inline void place_variant(std::span<const float> from, std::size_t height, std::size_t width, std::size_t channels,
                          const input_variant& by, std::span<float> to) {
    for (std::size_t y = 0; y < height; ++y)
        for (std::size_t x = 0; x < width; ++x) {
            const std::size_t column = by.mirrored ? width - 1 - x : x;
            std::size_t row_to = y, column_to = column;
            if (by.quarter_turns == 1) row_to = column, column_to = height - 1 - y;
            if (by.quarter_turns == 2) row_to = height - 1 - y, column_to = width - 1 - column;
            if (by.quarter_turns == 3) row_to = width - 1 - column, column_to = y;
            const auto cell = from.subspan((y * width + x) * channels, channels);
            std::copy(cell.begin(), cell.end(),
                      to.begin() + static_cast<std::ptrdiff_t>((row_to * width + column_to) * channels));
        }
}

}  // namespace train_detail

/// A variant of normalised inputs of height x width x 3 values each. A quarter turn needs square inputs.
[[nodiscard]] inline std::vector<float> vary_inputs(const std::vector<float>& inputs, std::size_t height, std::size_t width,
                                                    const input_variant& by, const image::normalisation& normalised) {
    std::vector<float> made(inputs.size());
    const std::size_t each = height * width * 3;
    for (std::size_t first = 0; first < inputs.size(); first += each)
        train_detail::place_variant(std::span{inputs}.subspan(first, each), height, width, 3, by,
                                    std::span{made}.subspan(first, each));
    if (by.brightness == 1.0f) return made;
    for (std::size_t i = 0; i < made.size(); ++i) {
        const float mean = normalised.mean[i % 3], deviation = normalised.deviation[i % 3];
        made[i] = (std::min(1.0f, by.brightness * (made[i] * deviation + mean)) - mean) / deviation;
    }
    return made;
}

/// The cells of each input (roi_cells) followed by those of its variants: of variant v and input i at v x inputs + i.
[[nodiscard]] inline scale_maps vary_cells(const scale_maps& cells, std::span<const input_variant> variants) {
    auto made = cells;
    made.values.resize(cells.values.size() * variants.size());
    for (std::size_t v = 1; v < variants.size(); ++v)
        for (std::size_t input = 0; input < cells.inputs(); ++input)
            for (std::size_t k = 0; k < 3; ++k)
                train_detail::place_variant(cells.at(input, k), cells.heights[k], cells.widths[k], 1, variants[v],
                                            made.at(v * cells.inputs() + input, k));
    return made;
}

}  // namespace rd4ad::inline RD4AD_ABI
