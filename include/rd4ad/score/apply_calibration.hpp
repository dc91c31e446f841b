// rd4ad/score/apply_calibration.hpp: the score and the regions of a result, and its map over the whole image. Twin:
// tests/score/detector.cpp
#pragma once
#include <algorithm>
#include <limits>

#include <rd4ad/image/fit_transform.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/score/calibration.hpp>
#include <rd4ad/score/detection_result.hpp>
#include <rd4ad/score/regions.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Adds the score and the regions of a calibrated model to a result whose map has the network's size. limited: the map is 0
/// outside a region of interest, where no region lies.
inline void apply_calibration(detection_result& to, const calibration& by, const region_options& options = {},
                              bool limited = false) {
    double raw_threshold = by.raw_score(options.threshold);
    if (limited) raw_threshold = std::max(raw_threshold, std::numeric_limits<double>::min());
    to.score = by(static_cast<double>(to.raw_score));
    to.regions = find_regions(to.map, to.transform, raw_threshold, options.min_area);
    for (auto& one : to.regions) one.score = by(static_cast<double>(one.raw_score));
}

/// Returns the map over the whole image, for a thumbnail: the map itself if the network's input covers exactly the image. result:
/// with a map of the network's size.
[[nodiscard]] inline image::image_f32 map_over_image(const detection_result& result) {
    const auto& by = result.transform;
    const bool exact = by.padded_width == by.source_width && by.padded_height == by.source_height &&
                       by.fitted_width == by.width && by.fitted_height == by.height;
    if (exact) return result.map;
    return image::restore_map(by, result.map, *std::min_element(result.map.pixels.begin(), result.map.pixels.end()));
}

}  // namespace rd4ad::inline RD4AD_ABI
