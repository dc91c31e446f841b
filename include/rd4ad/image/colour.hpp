// rd4ad/image/colour.hpp: anomaly maps as colours and as 16-bit grey. Twin: tests/image/colour.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/image.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

/// The colour (R, G, B) of a value: 0 is dark blue, then cyan, green and yellow follow, 1 is dark red. Clamps to 0..1; NaN has
/// the colour of 0. Equal steps of the value look equally large, unlike in the colormap JET. Source: A. Mikhailov, "Turbo, An
/// Improved Rainbow Colormap", the polynomial of degree 5.
[[nodiscard]] inline std::array<std::uint8_t, 3> heat(float value) noexcept {
    constexpr std::array<std::array<float, 6>, 3> coefficients{
        {{0.13572138f, 4.61539260f, -42.66032258f, 132.13108234f, -152.94239396f, 59.28637943f},
         {0.09140261f, 2.19418839f, 4.84296658f, -14.18503333f, 4.27729857f, 2.82956604f},
         {0.10667330f, 12.64194608f, -60.58204836f, 110.36276771f, -89.90310912f, 27.34824973f}}};
    const float x = value > 0.0f ? std::min(value, 1.0f) : 0.0f;
    std::array<std::uint8_t, 3> rgb{};
    for (std::size_t c = 0; c < 3; ++c) {
        float sum = 0;
        for (std::size_t power = 6; power-- > 0;) sum = sum * x + coefficients[c][power];
        rgb[c] = static_cast<std::uint8_t>(std::clamp(sum, 0.0f, 1.0f) * 255.0f + 0.5f);
    }
    return rgb;
}

namespace detail {
inline void check_range(float low, float high, const char* caller) {
    if (!(low < high) || !std::isfinite(high - low))
        throw option_error{text(caller, ": the range is ", low, " to ", high, "; expected low below high, both finite")};
}
}  // namespace detail

/// Colours a map by `heat`, with `low` as 0 and `high` as 1. Returns RGB. Throws shape_error for a map with several channels, and
/// option_error unless low < high, both finite.
[[nodiscard]] inline image_u8 colourise(const image_f32& map, float low, float high) {
    check_image(map, 1, "colourise");
    detail::check_range(low, high, "colourise");
    image_u8 out = make_image<std::uint8_t>(map.width, map.height, 3);
    for (std::size_t i = 0; i < map.pixels.size(); ++i) {
        const auto rgb = heat((map.pixels[i] - low) / (high - low));
        std::copy(rgb.begin(), rgb.end(), out.pixels.begin() + static_cast<std::ptrdiff_t>(3 * i));
    }
    return out;
}

/// Converts a map to 16-bit grey, with `low` as 0 and `high` as 65535; clamps, and writes NaN as 0. A value within the range can
/// be recovered with an error of at most (high - low) / 131070. Throws as colourise does.
[[nodiscard]] inline image_u16 quantise(const image_f32& map, float low, float high) {
    check_image(map, 1, "quantise");
    detail::check_range(low, high, "quantise");
    image_u16 out = make_image<std::uint16_t>(map.width, map.height, 1);
    for (std::size_t i = 0; i < map.pixels.size(); ++i) {
        const double x = (double{map.pixels[i]} - low) / (double{high} - low);
        out.pixels[i] = static_cast<std::uint16_t>((x > 0.0 ? std::min(x, 1.0) : 0.0) * 65535.0 + 0.5);
    }
    return out;
}

}  // namespace rd4ad::inline RD4AD_ABI::image
