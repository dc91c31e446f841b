// rd4ad/image/overlay.hpp: pictures for people: a map over its photograph, pictures side by side, boxes and outlines. Twin:
// tests/image/overlay.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/image/colour.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/resize.hpp>

namespace rd4ad::image {

/// The three channels of a colour.
using rgb = std::array<std::uint8_t, 3>;

/// The picture in RGB: grey repeated, RGB as it is. Throws shape_error for other channels.
[[nodiscard]] inline picture to_rgb(const picture& from) {
    check_image(from, 0, "to_rgb");
    if (from.channels == 3) return from;
    check_image(from, 1, "to_rgb");
    picture out = make_image<std::uint8_t>(from.width, from.height, 3);
    for (std::size_t i = 0; i < out.pixels.size(); ++i) out.pixels[i] = from.pixels[i / 3];
    return out;
}

/// A mask of zeros and ones as black and white, to be looked at or written.
[[nodiscard]] inline picture mask_picture(picture mask) {
    check_image(mask, 1, "mask_picture");
    for (auto& value : mask.pixels) value = value != 0 ? 255 : 0;
    return mask;
}

/// The map's colours over the photograph (1 or 3 channels): alpha 0 shows the photograph alone, 1 the map alone. The map
/// is resized to the photograph. Throws shape_error, and option_error for alpha outside 0..1 or unless low < high.
[[nodiscard]] inline picture overlay(const picture& photograph, const plane& map, float low, float high, float alpha = 0.5f) {
    if (!(alpha >= 0.0f && alpha <= 1.0f))
        throw option_error{"overlay: alpha is " + std::to_string(alpha) + ", it must be 0 to 1"};
    picture out = to_rgb(photograph);
    const picture colours = colourise(resize_map(map, out.width, out.height), low, high);
    for (std::size_t i = 0; i < out.pixels.size(); ++i)
        out.pixels[i] = static_cast<std::uint8_t>(static_cast<float>(out.pixels[i]) * (1.0f - alpha) +
                                                  static_cast<float>(colours.pixels[i]) * alpha + 0.5f);
    return out;
}

/// Pictures (1 or 3 channels) in one row with white gaps of `gap` pixels, all resized to the first one's height: RGB.
/// Throws shape_error where there are none.
[[nodiscard]] inline picture side_by_side(std::span<const picture> parts, std::size_t gap = 4) {
    if (parts.empty()) throw shape_error{"side_by_side: there are no pictures, expected at least one"};
    std::vector<picture> scaled;
    std::size_t width = gap * (parts.size() - 1);
    for (const picture& part : parts) {
        picture colour = to_rgb(part);
        const std::size_t height = parts.front().height;
        const std::size_t scaled_width = std::max<std::size_t>(1, (colour.width * height + colour.height / 2) / colour.height);
        scaled.push_back(resize(colour, scaled_width, height));
        width += scaled_width;
    }
    picture out = make_image<std::uint8_t>(width, parts.front().height, 3, 255);
    std::size_t left = 0;
    for (const picture& part : scaled) {
        for (std::size_t y = 0; y < out.height; ++y) std::copy_n(part.row(y), part.width * 3, out.at(left, y));
        left += part.width + gap;
    }
    return out;
}

/// The border of the box with its left upper pixel at x, y, drawn inwards `thickness` pixels wide; what lies outside the
/// picture is left out. Throws shape_error unless the picture is RGB.
inline void draw_box(picture& on, std::size_t x, std::size_t y, std::size_t width, std::size_t height, rgb colour = {255, 0, 0},
                     std::size_t thickness = 1) {
    check_image(on, 3, "draw_box");
    const std::size_t right = std::min(on.width, x + width), bottom = std::min(on.height, y + height);
    for (std::size_t row = y; row < bottom; ++row)
        for (std::size_t column = x; column < right; ++column)
            if (row < y + thickness || row + thickness >= y + height || column < x + thickness || column + thickness >= x + width)
                std::copy(colour.begin(), colour.end(), on.at(column, row));
}

/// Colours the mask's pixels (1 channel, not 0) that touch, at a side, a pixel outside the mask. A region that reaches the
/// picture's edge is open there. Throws shape_error unless both have the same size and the picture is RGB.
inline void draw_outline(picture& on, const picture& mask, rgb colour = {255, 0, 0}) {
    check_image(on, 3, "draw_outline");
    check_image(mask, 1, "draw_outline");
    if (on.width != mask.width || on.height != mask.height)
        throw shape_error{"draw_outline: the picture is " + size_text(on) + ", the mask " + size_text(mask) +
                          " (width x height x channels)"};
    const auto outside = [&](std::size_t x, std::size_t y) { return *mask.at(x, y) == 0; };
    for (std::size_t y = 0; y < on.height; ++y)
        for (std::size_t x = 0; x < on.width; ++x)
            if (!outside(x, y) && ((x > 0 && outside(x - 1, y)) || (x + 1 < on.width && outside(x + 1, y)) ||
                                   (y > 0 && outside(x, y - 1)) || (y + 1 < on.height && outside(x, y + 1))))
                std::copy(colour.begin(), colour.end(), on.at(x, y));
}

}  // namespace rd4ad::image
