// rd4ad/image/polygon.hpp: polygons drawn into masks, as labelling tools draw them. Twin: tests/image/polygon.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/image/image.hpp>

namespace rd4ad::image {

/// A place in an image in pixels: (0, 0) is the left upper corner of the first pixel.
struct point {
    double x{0}, y{0};
    friend bool operator==(const point&, const point&) = default;
};

namespace detail {

struct pixel {
    std::int64_t x, y;
};

}  // namespace detail

/// Sets the mask's pixels of a closed polygon to `value`: corners are taken to the pixels they lie in, edges to the nearest
/// pixel of each row, and what they enclose (even-odd) is filled, edges included. So a defect of any shape has pixels, the
/// same as by Pillow's ImageDraw.polygon, which labelme and many data sets use. What lies outside the mask is left out.
/// Throws shape_error unless the mask has 1 channel, numeric_error for a corner that is not finite or farther than 10^6
/// pixels away.
inline void draw_polygon(picture& mask, std::span<const point> corners, std::uint8_t value = 1) {
    check_image(mask, 1, "draw_polygon");
    std::vector<detail::pixel> at;
    for (const point& corner : corners) {
        if (!(std::abs(corner.x) <= 1e6 && std::abs(corner.y) <= 1e6))
            throw numeric_error{"draw_polygon: the corner " + std::to_string(corner.x) + ", " + std::to_string(corner.y) +
                                " is out of reach; expected pixels of the image"};
        at.push_back({static_cast<std::int64_t>(std::floor(corner.x)), static_cast<std::int64_t>(std::floor(corner.y))});
    }
    const auto width = static_cast<std::int64_t>(mask.width), height = static_cast<std::int64_t>(mask.height);
    const auto mark = [&](detail::pixel p) {
        if (p.x >= 0 && p.y >= 0 && p.x < width && p.y < height)
            *mask.at(static_cast<std::size_t>(p.x), static_cast<std::size_t>(p.y)) = value;
    };
    std::vector<double> crossings;
    for (std::int64_t y = 0; y < height; ++y) {
        crossings.clear();
        for (std::size_t i = 0; i < at.size(); ++i) {
            const detail::pixel a = at[i], b = at[(i + 1) % at.size()];
            if ((a.y <= y) != (b.y <= y))
                crossings.push_back(static_cast<double>(a.x) +
                                    static_cast<double>((y - a.y) * (b.x - a.x)) / static_cast<double>(b.y - a.y));
        }
        std::sort(crossings.begin(), crossings.end());
        for (std::size_t i = 0; i + 1 < crossings.size(); i += 2) {
            const double last = std::min(std::ceil(crossings[i + 1] - 0.5), static_cast<double>(width));
            const double first = std::max(std::min(std::floor(crossings[i] + 0.5), last), 0.0);
            for (auto x = static_cast<std::int64_t>(first); static_cast<double>(x) <= last; ++x) mark({x, y});
        }
    }
    for (std::size_t i = 0; i < at.size(); ++i) {  // what no row crosses: level edges, and corners at the lower end
        const detail::pixel a = at[i], b = at[(i + 1) % at.size()];
        mark(a);
        if (a.y == b.y)
            for (std::int64_t x = std::max<std::int64_t>(std::min(a.x, b.x), 0); x <= std::min(std::max(a.x, b.x), width); ++x)
                mark({x, a.y});
    }
}

}  // namespace rd4ad::image
