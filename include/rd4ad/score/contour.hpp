// rd4ad/score/contour.hpp: traces the outer border of a labelled component. Twin: tests/score/contour.cpp
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <rd4ad/image/rectangle.hpp>
#include <rd4ad/metrics/components.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Returns the corners of a component's outer border, clockwise, from the upper left corner of its first pixel in reading order.
/// The border follows the pixels' edges; pixels that touch at a corner belong together, and holes are not traced. `width`,
/// `height`: of the label image. `label`: from 1 to in.regions.size(). The points are in pixels of the label image.
[[nodiscard]] inline std::vector<image::point> trace_contour(const metrics::components& in, std::size_t width, std::size_t height,
                                                             std::int32_t label) {
    const auto& first = in.regions[static_cast<std::size_t>(label) - 1];
    std::size_t start = first.x;
    while (in.labels[first.y * width + start] != label) ++start;
    const auto inside = [&](std::ptrdiff_t x, std::ptrdiff_t y) {
        return x >= 0 && y >= 0 && x < static_cast<std::ptrdiff_t>(width) && y < static_cast<std::ptrdiff_t>(height) &&
               in.labels[static_cast<std::size_t>(y) * width + static_cast<std::size_t>(x)] == label;
    };
    constexpr std::array<std::array<std::ptrdiff_t, 2>, 4> step{{{1, 0}, {0, 1}, {-1, 0}, {0, -1}}};  // east, south, west, north
    // Seen from a corner in the direction of travel: the pixel ahead on the left. The pixel ahead on the right is the next entry.
    constexpr std::array<std::array<std::ptrdiff_t, 2>, 4> ahead_left{{{0, -1}, {0, 0}, {-1, 0}, {-1, -1}}};
    const auto start_x = static_cast<std::ptrdiff_t>(start), start_y = static_cast<std::ptrdiff_t>(first.y);
    std::ptrdiff_t x = start_x, y = start_y;
    std::size_t direction = 0;
    std::vector<image::point> corners;
    do {
        corners.push_back({static_cast<double>(x), static_cast<double>(y)});
        std::size_t turn = 0;  // quarter turns to the right: 0 straight on, 1 right, 3 left
        do {
            x += step[direction][0];
            y += step[direction][1];
            const auto left = ahead_left[direction], right = ahead_left[(direction + 1) % 4];
            turn = inside(x + left[0], y + left[1]) ? 3 : inside(x + right[0], y + right[1]) ? 0 : 1;
        } while (turn == 0);
        direction = (direction + turn) % 4;
    } while (x != start_x || y != start_y || direction != 0);
    return corners;
}

}  // namespace rd4ad::inline RD4AD_ABI
