// rd4ad/image/thumbnail.hpp: a photograph, its map and its mask as small files of a bounded size. Twin: tests/image/thumbnail.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <rd4ad/image/colour.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/overlay.hpp>
#include <rd4ad/image/resize.hpp>
#include <rd4ad/image/write.hpp>

namespace rd4ad::image {

/// Small pictures of one photograph. All are empty where not even the smallest fits.
struct thumbnail {
    std::vector<std::byte> photograph;  ///< JPEG, RGB
    std::vector<std::byte> map;         ///< JPEG, grey: 0 is `low`, 255 is `high`
    float low{0}, high{0};              ///< the map's smallest and largest value
    std::vector<std::byte> mask;        ///< PNG, RGBA: the defect tinted and outlined, all else clear; empty without a defect

    [[nodiscard]] std::size_t bytes() const noexcept { return photograph.size() + map.size() + mask.size(); }
};

/// The picture with its longer side at most `side`, its shape kept to the nearest pixel; a smaller one as it is.
[[nodiscard]] inline picture no_larger_than(picture from, std::size_t side) {
    const std::size_t longer = std::max(from.width, from.height);
    if (longer <= side) return from;
    const auto scaled = [&](std::size_t length) { return std::max<std::size_t>(1, (length * side + longer / 2) / longer); };
    return resize(from, scaled(from.width), scaled(from.height));
}

namespace detail {

// A pixel is set where any of the mask's pixels that it covers is: small defects stay to be seen.
[[nodiscard]] inline picture covered_mask(const picture& mask, std::size_t width, std::size_t height) {
    picture out = make_image<std::uint8_t>(width, height, 1);
    for (std::size_t y = 0; y < height; ++y)
        for (std::size_t x = 0; x < width; ++x) {
            const std::size_t left = x * mask.width / width, right = std::max(left + 1, (x + 1) * mask.width / width);
            const std::size_t top = y * mask.height / height, bottom = std::max(top + 1, (y + 1) * mask.height / height);
            for (std::size_t row = top; row < bottom; ++row)
                for (std::size_t column = left; column < right; ++column)
                    if (*mask.at(column, row) != 0) *out.at(x, y) = 1;
        }
    return out;
}

// The mask as a coloured layer; no picture where nothing is set.
[[nodiscard]] inline std::optional<picture> mask_layer(const picture& mask) {
    if (std::all_of(mask.pixels.begin(), mask.pixels.end(), [](std::uint8_t p) { return p == 0; })) return std::nullopt;
    constexpr std::array<std::uint8_t, 4> edge{255, 64, 208, 255}, inside{255, 64, 208, 56};
    picture out = make_image<std::uint8_t>(mask.width, mask.height, 4);
    const auto set = [&](std::size_t x, std::size_t y) { return x < mask.width && y < mask.height && *mask.at(x, y) != 0; };
    for (std::size_t y = 0; y < mask.height; ++y)
        for (std::size_t x = 0; x < mask.width; ++x) {
            if (!set(x, y)) continue;
            const bool within = set(x - 1, y) && set(x + 1, y) && set(x, y - 1) && set(x, y + 1);  // x - 1 of 0 is outside
            std::copy_n((within ? inside : edge).begin(), 4, out.at(x, y));
        }
    return out;
}

}  // namespace detail

/// The largest thumbnail of a photograph (RGB or grey) that takes at most `most_bytes`, its longer side one of 640, 480,
/// 360, 280, 220, 160, 120 and 80 pixels. map: of any size; mask (1 channel, 0 outside): of any size, or none.
/// Throws shape_error for other channels, numeric_error where a value of the map is not finite.
[[nodiscard]] inline thumbnail make_thumbnail(const picture& photograph, const plane& map, const std::optional<picture>& mask,
                                              std::size_t most_bytes) {
    check_image(map, 1, "make_thumbnail");
    if (mask) check_image(*mask, 1, "make_thumbnail");
    if (std::any_of(map.pixels.begin(), map.pixels.end(), [](float value) { return !std::isfinite(value); }))
        throw numeric_error{"make_thumbnail: a value of the map is not finite; expected a detector's map"};
    const auto extremes = std::minmax_element(map.pixels.begin(), map.pixels.end());
    const float low = *extremes.first, high = *extremes.second;
    auto grey = make_image<std::uint8_t>(map.width, map.height, 1);
    const float range = high > low ? high - low : 1.0f;
    std::transform(map.pixels.begin(), map.pixels.end(), grey.pixels.begin(),
                   [&](float value) { return static_cast<std::uint8_t>((value - low) / range * 255.0f + 0.5f); });
    picture small = to_rgb(photograph);
    constexpr std::array<std::size_t, 8> sides{640, 480, 360, 280, 220, 160, 120, 80};
    for (const std::size_t side : sides) {
        small = no_larger_than(std::move(small), side);
        thumbnail made{encode_jpeg(small, 80),
                       encode_jpeg(no_larger_than(grey, std::max<std::size_t>(64, side / 2)), 85),
                       low,
                       low + range,
                       {}};
        if (mask)
            if (const auto layer = detail::mask_layer(detail::covered_mask(*mask, small.width, small.height)))
                made.mask = encode_png(*layer);
        if (made.bytes() <= most_bytes) return made;
    }
    return {{}, {}, low, low + range, {}};
}

}  // namespace rd4ad::image
