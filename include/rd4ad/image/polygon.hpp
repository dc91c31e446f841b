// rd4ad/image/polygon.hpp: draws polygons into masks. Twin: tests/image/polygon.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/rectangle.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

/// draw_polygon takes corners up to this distance from the mask's corner, in pixels.
inline constexpr double max_polygon_position = 1e6;

namespace detail {

/// A pixel inside or outside an image.
struct signed_pixel {
    std::int64_t x, y;
};

/// The pixels that the corners of a polygon lie in.
[[nodiscard]] inline std::vector<signed_pixel> corner_pixels(std::span<const point> corners) {
    std::vector<signed_pixel> pixels;
    for (const point& corner : corners) {
        if (!(std::abs(corner.x) <= max_polygon_position && std::abs(corner.y) <= max_polygon_position))
            throw numeric_error{text("draw_polygon: the corner ", corner.x, ", ", corner.y,
                                     " is out of range; expected a position within 1000000 pixels")};
        pixels.push_back({static_cast<std::int64_t>(std::floor(corner.x)), static_cast<std::int64_t>(std::floor(corner.y))});
    }
    return pixels;
}

/// The columns where the edges of a polygon cross row y, ascending.
inline void find_crossings(std::span<const signed_pixel> corners, std::int64_t y, std::vector<double>& crossings) {
    crossings.clear();
    for (std::size_t i = 0; i < corners.size(); ++i) {
        const signed_pixel a = corners[i], b = corners[(i + 1) % corners.size()];
        if ((a.y <= y) != (b.y <= y))
            crossings.push_back(static_cast<double>(a.x) +
                                static_cast<double>((y - a.y) * (b.x - a.x)) / static_cast<double>(b.y - a.y));
    }
    std::sort(crossings.begin(), crossings.end());
}

}  // namespace detail

/// Sets the pixels of a closed polygon to `value`: the pixels that its corners lie in, the nearest pixel of each edge in each
/// row, and the interior by the even-odd rule. Thus even the thinnest polygon sets pixels. The pixels are those of Pillow's
/// ImageDraw.polygon, which labelme and many data sets use. Clips the polygon to the mask.
/// Throws shape_error for a mask with several channels, and numeric_error for a corner that is not finite or beyond
/// max_polygon_position.
inline void draw_polygon(image_u8& mask, std::span<const point> corners, std::uint8_t value = 1) {
    check_image(mask, 1, "draw_polygon");
    const std::vector<detail::signed_pixel> pixels = detail::corner_pixels(corners);
    const auto width = static_cast<std::int64_t>(mask.width), height = static_cast<std::int64_t>(mask.height);
    const auto set_pixel = [&](detail::signed_pixel p) {
        if (p.x >= 0 && p.y >= 0 && p.x < width && p.y < height)
            *mask.at(static_cast<std::size_t>(p.x), static_cast<std::size_t>(p.y)) = value;
    };
    std::vector<double> crossings;
    for (std::int64_t y = 0; y < height; ++y) {
        detail::find_crossings(pixels, y, crossings);
        for (std::size_t i = 0; i + 1 < crossings.size(); i += 2) {
            const double last = std::min(std::ceil(crossings[i + 1] - 0.5), static_cast<double>(width));
            const double first = std::max(std::min(std::floor(crossings[i] + 0.5), last), 0.0);
            for (auto x = static_cast<std::int64_t>(first); static_cast<double>(x) <= last; ++x) set_pixel({x, y});
        }
    }
    for (std::size_t i = 0; i < pixels.size(); ++i) {  // horizontal edges and lowest corners cross no row
        const detail::signed_pixel a = pixels[i], b = pixels[(i + 1) % pixels.size()];
        set_pixel(a);
        if (a.y == b.y)
            for (std::int64_t x = std::max<std::int64_t>(std::min(a.x, b.x), 0); x <= std::min(std::max(a.x, b.x), width); ++x)
                set_pixel({x, a.y});
    }
}

}  // namespace rd4ad::inline RD4AD_ABI::image
