// rd4ad/score/regions.hpp: finds the regions of a map that reach a threshold: boxes and outlines in the image. Twin:
// tests/score/regions.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/finite.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/fit_transform.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/rectangle.hpp>
#include <rd4ad/metrics/components.hpp>
#include <rd4ad/score/contour.hpp>
#include <rd4ad/score/region.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The 8-connected areas of a map that reach a threshold, labelled in the smallest box that contains them all.
struct map_components {
    image::pixel_box within{};       ///< in pixels of the map; empty if no pixel reaches the threshold
    metrics::components labelled{};  ///< the label image has the size of `within`

    /// Returns the bounding box of labelled.regions[index], in pixels of the image.
    [[nodiscard]] image::rectangle box(const image::fit_transform& transform, std::size_t index) const {
        const auto& of = labelled.regions[index];
        return to_image(transform, {static_cast<double>(of.x), static_cast<double>(of.y), static_cast<double>(of.width),
                                    static_cast<double>(of.height)});
    }

    /// Transforms a rectangle of the label image into one of the image.
    [[nodiscard]] image::rectangle to_image(const image::fit_transform& transform, const image::rectangle& from) const {
        return image::restore_box(
            transform, {static_cast<double>(within.x) + from.x, static_cast<double>(within.y) + from.y, from.width, from.height});
    }
};

/// Labels the areas of a map whose pixels are at least `threshold`, a raw score, in reading order of their first pixels. The map
/// has the size of the network's input; pixels of a border, outside the image, do not count. Memory: 5 bytes per pixel of the
/// box, which is small for most maps. Throws shape_error if the map and the transform differ in size, numeric_error for a
/// threshold that is not finite, which no pixel would reach.
[[nodiscard]] inline map_components label_map(const image::image_f32& map, const image::fit_transform& transform,
                                              double threshold) {
    image::check_image(map, 1, "label_map");
    image::check_size(map.width, map.height, transform.width, transform.height, "label_map");
    if (!std::isfinite(threshold))
        throw numeric_error{text("label_map: the threshold is ", not_finite_text(threshold), "; expected a raw score")};
    const auto inside = image::pixels_inside(transform);
    std::size_t left = map.width, right = 0, top = map.height, bottom = 0;
    for (std::size_t y = inside.y; y < inside.y + inside.height; ++y)
        for (std::size_t x = inside.x; x < inside.x + inside.width; ++x)
            if (static_cast<double>(*map.at(x, y)) >= threshold) {
                left = std::min(left, x), right = std::max(right, x + 1);
                top = std::min(top, y), bottom = y + 1;
            }
    if (right == 0) return {};
    map_components found{.within = {left, top, right - left, bottom - top}};
    const auto& [x0, y0, columns, rows] = found.within;
    std::vector<std::uint8_t> mask(columns * rows, 0);
    for (std::size_t y = 0; y < rows; ++y)
        for (std::size_t x = 0; x < columns; ++x)
            mask[y * columns + x] = static_cast<double>(*map.at(x0 + x, y0 + y)) >= threshold ? 1 : 0;
    found.labelled = metrics::label_components(mask, columns, rows);
    return found;
}

namespace score_detail {

/// Returns each component's maximum of the map.
[[nodiscard]] inline std::vector<float> component_maxima(const map_components& of, const image::image_f32& map) {
    std::vector<float> maxima(of.labelled.regions.size(), -1.0f);
    for (std::size_t i = 0; i < of.labelled.labels.size(); ++i)
        if (const auto label = of.labelled.labels[i]; label != 0) {
            auto& maximum = maxima[static_cast<std::size_t>(label) - 1];
            maximum = std::max(maximum, *map.at(of.within.x + i % of.within.width, of.within.y + i / of.within.width));
        }
    return maxima;
}

}  // namespace score_detail

/// Returns the regions of a map (see label_map) whose area is at least `min_area` pixels of the image. The regions have no score.
/// Throws as label_map does.
[[nodiscard]] inline std::vector<region> find_regions(const image::image_f32& map, const image::fit_transform& transform,
                                                      double threshold, double min_area = 0) {
    const auto found = label_map(map, transform, threshold);
    const auto maxima = score_detail::component_maxima(found, map);
    const double pixel_area = transform.scale_x() * transform.scale_y();
    const auto width = static_cast<double>(transform.source_width), height = static_cast<double>(transform.source_height);
    std::vector<region> regions;
    for (std::size_t i = 0; i < found.labelled.regions.size(); ++i) {
        region made{.area = static_cast<double>(found.labelled.regions[i].area) * pixel_area, .raw_score = maxima[i]};
        if (made.area < min_area) continue;
        made.box = found.box(transform, i);
        made.relative = {made.box.x / width, made.box.y / height, made.box.width / width, made.box.height / height};
        for (const auto& corner :
             trace_contour(found.labelled, found.within.width, found.within.height, static_cast<std::int32_t>(i + 1))) {
            made.outline.push_back(image::restore_point(
                transform, {static_cast<double>(found.within.x) + corner.x, static_cast<double>(found.within.y) + corner.y}));
        }
        regions.push_back(std::move(made));
    }
    return regions;
}

}  // namespace rd4ad::inline RD4AD_ABI
