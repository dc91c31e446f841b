// rd4ad/score/boxes.hpp: boxes from maps and masks, and masks from boxes. Twin: tests/score/boxes.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <rd4ad/image/fit_transform.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/rectangle.hpp>
#include <rd4ad/metrics/boxes.hpp>
#include <rd4ad/metrics/components.hpp>
#include <rd4ad/score/regions.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Returns the bounding boxes of a map's areas (see label_map), in pixels of the image. A box's score is the maximum of the map
/// in the box, a raw score. Throws as label_map does.
[[nodiscard]] inline std::vector<metrics::box> boxes_of_map(const image::image_f32& map, const image::fit_transform& transform,
                                                            double threshold) {
    const auto found = label_map(map, transform, threshold);
    std::vector<metrics::box> boxes;
    for (std::size_t i = 0; i < found.labelled.regions.size(); ++i) {
        const auto& component = found.labelled.regions[i];
        float maximum = -std::numeric_limits<float>::infinity();
        const std::size_t left = found.within.x + component.x, top = found.within.y + component.y;
        for (std::size_t y = top; y < top + component.height; ++y)
            maximum = std::max(maximum, *std::max_element(map.at(left, y), map.at(left, y) + component.width));
        const auto box = found.box(transform, i);
        boxes.push_back({box.x, box.y, box.width, box.height, static_cast<double>(maximum)});
    }
    return boxes;
}

/// Returns the bounding boxes of a mask's 8-connected regions, in pixels of the mask. Throws shape_error unless the mask has 1
/// channel.
[[nodiscard]] inline std::vector<metrics::box> boxes_of_mask(const image::image_u8& mask) {
    image::check_image(mask, 1, "boxes_of_mask");
    std::vector<metrics::box> boxes;
    for (const auto& r : metrics::label_components(mask.pixels, mask.width, mask.height).regions)
        boxes.push_back(
            {static_cast<double>(r.x), static_cast<double>(r.y), static_cast<double>(r.width), static_cast<double>(r.height), 0});
    return boxes;
}

/// Returns a mask of ones where a pixel's centre lies in a box, and zeros elsewhere.
[[nodiscard]] inline image::image_u8 mask_of_boxes(std::span<const metrics::box> boxes, std::size_t width, std::size_t height) {
    auto mask = image::make_image<std::uint8_t>(width, height, 1);
    const auto pixel = [](double edge, std::size_t length) {
        return static_cast<std::size_t>(std::clamp(std::ceil(edge - 0.5), 0.0, static_cast<double>(length)));
    };
    for (const auto& b : boxes)
        for (std::size_t y = pixel(b.y, height); y < pixel(b.y + b.height, height); ++y)
            std::fill(mask.at(pixel(b.x, width), y), mask.at(pixel(b.x + b.width, width), y), std::uint8_t{1});
    return mask;
}

}  // namespace rd4ad::inline RD4AD_ABI
