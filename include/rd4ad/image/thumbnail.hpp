// rd4ad/image/thumbnail.hpp: an image, its map and its mask as small files of a limited size. Twin: tests/image/thumbnail.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/overlay.hpp>
#include <rd4ad/image/resize.hpp>
#include <rd4ad/image/thumbnail_data.hpp>
#include <rd4ad/image/write.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

/// Reduces an image to at most `side` pixels on its longer side, in proportion. Returns a smaller image unchanged. Throws
/// shape_error as resize does.
[[nodiscard]] inline image_u8 no_larger_than(image_u8 image, std::size_t side) {
    const std::size_t longer = std::max(image.width, image.height);
    if (longer <= side) return image;
    const auto scaled = [&](std::size_t length) { return std::max<std::size_t>(1, (length * side + longer / 2) / longer); };
    return resize(image, scaled(image.width), scaled(image.height));
}

namespace detail {

// Reduces a mask to width x height. Sets a pixel where it covers at least one set pixel, so that small defects stay visible.
[[nodiscard]] inline image_u8 covered_mask(const image_u8& mask, std::size_t width, std::size_t height) {
    image_u8 out = make_image<std::uint8_t>(width, height, 1);
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

// The mask as a coloured RGBA layer; nullopt where no pixel is set.
[[nodiscard]] inline std::optional<image_u8> mask_layer(const image_u8& mask) {
    if (std::all_of(mask.pixels.begin(), mask.pixels.end(), [](std::uint8_t p) { return p == 0; })) return std::nullopt;
    constexpr std::array<std::uint8_t, 4> edge{255, 64, 208, 255}, inside{255, 64, 208, 56};
    image_u8 out = make_image<std::uint8_t>(mask.width, mask.height, 4);
    const auto set = [&](std::size_t x, std::size_t y) { return x < mask.width && y < mask.height && *mask.at(x, y) != 0; };
    for (std::size_t y = 0; y < mask.height; ++y)
        for (std::size_t x = 0; x < mask.width; ++x) {
            if (!set(x, y)) continue;
            const bool within = set(x - 1, y) && set(x + 1, y) && set(x, y - 1) && set(x, y + 1);  // 0 - 1 wraps to outside
            std::copy_n((within ? inside : edge).begin(), 4, out.at(x, y));
        }
    return out;
}

// A map as 8-bit grey: 0 is `low`, 255 is low + range.
[[nodiscard]] inline image_u8 grey_map(const image_f32& map, float low, float range) {
    auto grey = make_image<std::uint8_t>(map.width, map.height, 1);
    std::transform(map.pixels.begin(), map.pixels.end(), grey.pixels.begin(),
                   [&](float value) { return static_cast<std::uint8_t>((value - low) / range * 255.0f + 0.5f); });
    return grey;
}

}  // namespace detail

/// Makes the largest thumbnail that takes at most `max_bytes`. Its longer side is 640, 480, 360, 280, 220, 160, 120 or 80 pixels.
/// image: RGB or grey. map and mask (1 channel, 0 outside the defect): of any size.
/// Throws shape_error for another number of channels, and numeric_error for a map with a value that is not finite.
[[nodiscard]] inline thumbnail make_thumbnail(const image_u8& image, const image_f32& map, const std::optional<image_u8>& mask,
                                              std::size_t max_bytes) {
    check_image(map, 1, "make_thumbnail");
    if (mask) check_image(*mask, 1, "make_thumbnail");
    if (std::any_of(map.pixels.begin(), map.pixels.end(), [](float value) { return !std::isfinite(value); }))
        throw numeric_error{"make_thumbnail: a value of the map is not finite; expected a map from a detector"};
    const auto extremes = std::minmax_element(map.pixels.begin(), map.pixels.end());
    const float low = *extremes.first, high = *extremes.second;
    const float range = high > low ? high - low : 1.0f;
    const image_u8 grey = detail::grey_map(map, low, range);
    image_u8 small = to_rgb(image);
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
        if (made.bytes() <= max_bytes) return made;
    }
    return {{}, {}, low, low + range, {}};
}

}  // namespace rd4ad::inline RD4AD_ABI::image
