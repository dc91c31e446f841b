// rd4ad/image/overlay.hpp: images for people: a map over its image, images side by side, boxes and outlines. Twin:
// tests/image/overlay.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/colour.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/resize.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

/// A colour: R, G, B.
using rgb = std::array<std::uint8_t, 3>;

/// Converts to RGB: repeats a single channel, copies RGB. Throws shape_error for another number of channels.
[[nodiscard]] inline image_u8 to_rgb(const image_u8& image) {
    check_image(image, 0, "to_rgb");
    if (image.channels == 3) return image;
    check_image(image, 1, "to_rgb");
    image_u8 out = make_image<std::uint8_t>(image.width, image.height, 3);
    for (std::size_t i = 0; i < out.pixels.size(); ++i) out.pixels[i] = image.pixels[i / 3];
    return out;
}

/// Converts a mask of zeros and ones to black and white, for viewing and for files. Throws shape_error for several channels.
[[nodiscard]] inline image_u8 mask_image(image_u8 mask) {
    check_image(mask, 1, "mask_image");
    for (auto& value : mask.pixels) value = value != 0 ? 255 : 0;
    return mask;
}

/// Blends the colours of a map into an image (1 or 3 channels): alpha 0 shows the image alone, alpha 1 the map alone. Resizes the
/// map to the image. Throws shape_error for a map with several channels or an image without 1 or 3 channels, and option_error for
/// alpha outside 0..1 or unless low < high, both finite.
[[nodiscard]] inline image_u8 overlay(const image_u8& image, const image_f32& map, float low, float high, float alpha = 0.5f) {
    if (!(alpha >= 0.0f && alpha <= 1.0f)) throw option_error{text("overlay: alpha is ", alpha, "; expected 0 to 1")};
    image_u8 out = to_rgb(image);
    const image_u8 colours = colourise(resize_map(map, out.width, out.height), low, high);
    for (std::size_t i = 0; i < out.pixels.size(); ++i)
        out.pixels[i] = static_cast<std::uint8_t>(static_cast<float>(out.pixels[i]) * (1.0f - alpha) +
                                                  static_cast<float>(colours.pixels[i]) * alpha + 0.5f);
    return out;
}

/// Places images (1 or 3 channels) in one row, with white gaps of `gap` pixels; resizes all of them to the first one's height.
/// Returns RGB. Throws shape_error for an empty list.
[[nodiscard]] inline image_u8 side_by_side(std::span<const image_u8> images, std::size_t gap = 4) {
    if (images.empty()) throw shape_error{"side_by_side: the list of images is empty; expected at least one"};
    const std::size_t height = images.front().height;
    std::vector<image_u8> scaled;
    std::size_t width = gap * (images.size() - 1);
    for (const image_u8& image : images) {
        image_u8 colour = to_rgb(image);
        const std::size_t scaled_width = std::max<std::size_t>(1, (colour.width * height + colour.height / 2) / colour.height);
        scaled.push_back(resize(std::move(colour), scaled_width, height));
        width += scaled_width;
    }
    image_u8 out = make_image<std::uint8_t>(width, height, 3, 255);
    std::size_t left = 0;
    for (const image_u8& image : scaled) {
        for (std::size_t y = 0; y < out.height; ++y) std::copy_n(image.row(y), image.width * 3, out.at(left, y));
        left += image.width + gap;
    }
    return out;
}

/// Draws the border of a box on an RGB image, `thickness` pixels wide, inside the box. x, y: the box's upper left pixel. Clips
/// the box to the image. Throws shape_error unless the image has 3 channels.
inline void draw_box(image_u8& on, std::size_t x, std::size_t y, std::size_t width, std::size_t height, rgb colour = {255, 0, 0},
                     std::size_t thickness = 1) {
    check_image(on, 3, "draw_box");
    const std::size_t right = std::min(on.width, x + width), bottom = std::min(on.height, y + height);
    for (std::size_t row = y; row < bottom; ++row)
        for (std::size_t column = x; column < right; ++column)
            if (row < y + thickness || row + thickness >= y + height || column < x + thickness || column + thickness >= x + width)
                std::copy(colour.begin(), colour.end(), on.at(column, row));
}

/// Colours the pixels of a mask (1 channel, not 0) that share an edge with a pixel outside the mask. The outline stays open where
/// the mask reaches the image's edge. Throws shape_error unless both have the same size and the image has 3 channels.
inline void draw_outline(image_u8& on, const image_u8& mask, rgb colour = {255, 0, 0}) {
    check_image(on, 3, "draw_outline");
    check_image(mask, 1, "draw_outline");
    if (on.width != mask.width || on.height != mask.height)
        throw shape_error{text("draw_outline: the image is ", size_text(on), ", the mask ", size_text(mask),
                               " (width x height x channels); expected the same width and height")};
    const auto outside = [&](std::size_t x, std::size_t y) { return *mask.at(x, y) == 0; };
    for (std::size_t y = 0; y < on.height; ++y)
        for (std::size_t x = 0; x < on.width; ++x)
            if (!outside(x, y) && ((x > 0 && outside(x - 1, y)) || (x + 1 < on.width && outside(x + 1, y)) ||
                                   (y > 0 && outside(x, y - 1)) || (y + 1 < on.height && outside(x, y + 1))))
                std::copy(colour.begin(), colour.end(), on.at(x, y));
}

}  // namespace rd4ad::inline RD4AD_ABI::image
