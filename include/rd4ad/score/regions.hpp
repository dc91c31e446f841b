// rd4ad/score/regions.hpp: where a map is over its threshold: boxes and outlines in the photograph. Twin: tests/score/regions.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <rd4ad/image/geometry.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/polygon.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/metrics/components.hpp>

namespace rd4ad {

/// A connected part of a map that reaches the threshold, in the photograph's coordinates: (0, 0) is the left upper corner of
/// its first pixel.
struct region {
    image::rectangle box{};               ///< in pixels of the photograph
    image::rectangle relative{};          ///< the same in 0..1 of its width and height
    double area{0};                       ///< in pixels of the photograph
    float peak{0};                        ///< largest raw value of the map within it
    std::optional<double> score{};        ///< that value calibrated, 0..1; none without a calibration
    std::vector<image::point> outline{};  ///< closed polygon around it, clockwise; holes are not cut out
};

/// Which regions are reported.
struct region_options {
    double threshold{0.5};    ///< of the calibrated map, in 0..1
    double smallest_area{0};  ///< in pixels of the photograph; smaller regions are left out
};

namespace detail {

/// The outer border of a labelled region along its pixels' edges, from its first pixel's left upper corner, clockwise, corners
/// only. Pixels that touch at a corner belong together.
[[nodiscard]] inline std::vector<image::pixel_box> border_of(const metrics::components& in, std::size_t width, std::size_t height,
                                                             std::int32_t label) {
    const auto& first = in.regions[static_cast<std::size_t>(label) - 1];
    std::size_t start = first.x;
    while (in.labels[first.y * width + start] != label) ++start;
    const auto inside = [&](std::ptrdiff_t x, std::ptrdiff_t y) {
        return x >= 0 && y >= 0 && x < static_cast<std::ptrdiff_t>(width) && y < static_cast<std::ptrdiff_t>(height) &&
               in.labels[static_cast<std::size_t>(y) * width + static_cast<std::size_t>(x)] == label;
    };
    constexpr std::array<std::array<std::ptrdiff_t, 2>, 4> step{{{1, 0}, {0, 1}, {-1, 0}, {0, -1}}};  // east, south, west, north
    // The pixel ahead on the left of someone at a corner who looks that way; the one on the right is the next entry's.
    constexpr std::array<std::array<std::ptrdiff_t, 2>, 4> ahead_left{{{0, -1}, {0, 0}, {-1, 0}, {-1, -1}}};
    const auto start_x = static_cast<std::ptrdiff_t>(start), start_y = static_cast<std::ptrdiff_t>(first.y);
    std::ptrdiff_t x = start_x, y = start_y;
    std::size_t direction = 0;
    std::vector<image::pixel_box> corners;
    do {
        corners.push_back({static_cast<std::size_t>(x), static_cast<std::size_t>(y), 0, 0});
        std::size_t turned = 0;
        do {  // straight on to the next corner where the border turns
            x += step[direction][0];
            y += step[direction][1];
            const auto left = ahead_left[direction], right = ahead_left[(direction + 1) % 4];
            turned = inside(x + left[0], y + left[1]) ? 3 : inside(x + right[0], y + right[1]) ? 0 : 1;
        } while (turned == 0);
        direction = (direction + turned) % 4;
    } while (x != start_x || y != start_y || direction != 0);
    return corners;
}

}  // namespace detail

/// The 8-connected parts of a map that reach a threshold, labelled within the smallest box of the map that holds them all.
struct map_parts {
    image::pixel_box within{};    ///< in pixels of the map
    metrics::components found{};  ///< counted from that box's upper left pixel

    /// A box among the labels, in pixels of the photograph.
    [[nodiscard]] image::rectangle home(const image::placement& place, const image::pixel_box& at) const {
        return image::restore_box(place, {static_cast<double>(within.x + at.x), static_cast<double>(within.y + at.y),
                                          static_cast<double>(at.width), static_cast<double>(at.height)});
    }
};

/// The parts of a map (of the network's input) whose pixels are at least `threshold`, both raw, in reading order of their first
/// pixels. Only pixels that show the photograph count. Memory: that of the box, mostly little of a large map. Throws
/// shape_error for a map of another size than the placement's.
[[nodiscard]] inline map_parts label_map(const image::plane& map, const image::placement& place, double threshold) {
    image::check_image(map, 1, "label_map");
    image::detail::check_size(map.width, map.height, place.width, place.height, "label_map");
    const auto seen = image::pixels_inside(place);
    std::size_t left = map.width, right = 0, top = map.height, bottom = 0;
    for (std::size_t y = seen.y; y < seen.y + seen.height; ++y)
        for (std::size_t x = seen.x; x < seen.x + seen.width; ++x)
            if (static_cast<double>(*map.at(x, y)) >= threshold) {
                left = std::min(left, x), right = std::max(right, x + 1);
                top = std::min(top, y), bottom = y + 1;
            }
    if (right == 0) return {};
    map_parts parts{.within = {left, top, right - left, bottom - top}};
    const auto& [x0, y0, columns, rows] = parts.within;
    std::vector<std::uint8_t> mask(columns * rows, 0);
    for (std::size_t y = 0; y < rows; ++y)
        for (std::size_t x = 0; x < columns; ++x)
            mask[y * columns + x] = static_cast<double>(*map.at(x0 + x, y0 + y)) >= threshold ? 1 : 0;
    parts.found = metrics::label_components(mask, columns, rows);
    return parts;
}

/// The regions of a map: its parts (see label_map) of at least `smallest_area` pixels of the photograph.
[[nodiscard]] inline std::vector<region> find_regions(const image::plane& map, const image::placement& place, double threshold,
                                                      double smallest_area = 0) {
    const auto parts = label_map(map, place, threshold);
    const auto& [within, found] = parts;
    std::vector<float> peaks(found.regions.size(), -1.0f);
    for (std::size_t i = 0; i < found.labels.size(); ++i)
        if (const auto label = found.labels[i]; label != 0) {
            auto& peak = peaks[static_cast<std::size_t>(label) - 1];
            peak = std::max(peak, *map.at(within.x + i % within.width, within.y + i / within.width));
        }
    const double pixel = place.scale_x() * place.scale_y();
    const auto width = static_cast<double>(place.photograph_width), height = static_cast<double>(place.photograph_height);
    std::vector<region> regions;
    for (std::size_t i = 0; i < found.regions.size(); ++i) {
        const auto& one = found.regions[i];
        region made{.area = static_cast<double>(one.area) * pixel, .peak = peaks[i]};
        if (made.area < smallest_area) continue;
        made.box = parts.home(place, {one.x, one.y, one.width, one.height});
        made.relative = {made.box.x / width, made.box.y / height, made.box.width / width, made.box.height / height};
        for (const auto& corner : detail::border_of(found, within.width, within.height, static_cast<std::int32_t>(i + 1))) {
            const auto at = parts.home(place, corner);
            made.outline.push_back({at.x, at.y});
        }
        regions.push_back(std::move(made));
    }
    return regions;
}

/// {"box": [x, y, width, height], "relative": the same in 0..1, "area", "peak", "score", "polygon": [[x, y], ...]}
[[nodiscard]] inline io::json to_json(const region& from) {
    auto polygon = io::json::array();
    for (const auto& corner : from.outline) polygon.push_back({corner.x, corner.y});
    const auto four = [](const image::rectangle& r) { return io::json{r.x, r.y, r.width, r.height}; };
    return {{"box", four(from.box)},
            {"relative", four(from.relative)},
            {"area", from.area},
            {"peak", from.peak},
            {"score", from.score ? io::json(*from.score) : io::json()},
            {"polygon", std::move(polygon)}};
}

/// The regions of an image as entries of a COCO results file: image_id, category_id 1, bbox, score (calibrated, else raw),
/// segmentation (one polygon), area. The array of all images' entries is the file.
[[nodiscard]] inline io::json coco_results(const io::json& image_id, std::span<const region> regions) {
    auto entries = io::json::array();
    for (const auto& one : regions) {
        auto polygon = io::json::array();
        for (const auto& corner : one.outline) {
            polygon.push_back(corner.x);
            polygon.push_back(corner.y);
        }
        entries.push_back({{"image_id", image_id},
                           {"category_id", 1},
                           {"bbox", {one.box.x, one.box.y, one.box.width, one.box.height}},
                           {"score", one.score.value_or(static_cast<double>(one.peak))},
                           {"segmentation", io::json::array({std::move(polygon)})},
                           {"area", one.area}});
    }
    return entries;
}

}  // namespace rd4ad
