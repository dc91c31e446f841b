// rd4ad/score/detection_result.hpp: the result of scoring one image. Twin: tests/score/detector.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/finite.hpp>
#include <rd4ad/core/outcome.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/fit_transform.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/score/calibration.hpp>
#include <rd4ad/score/regions.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The result of scoring one image.
struct detection_result {
    float raw_score{0};                ///< maximum of the network's map over the image, without borders; 0..3
    std::optional<double> score{};     ///< the calibrated raw_score, 0..1; empty without a calibration
    image::image_f32 map{};            ///< the smoothed anomaly map: raw scores, each in 0..3
    std::vector<region> regions{};     ///< areas of the map over region_options::threshold; empty without a calibration
    image::fit_transform transform{};  ///< between the image and the network's input

    /// The verdict: the score is at least 0.5. Empty without a calibration. Throws numeric_error for a score that is not finite,
    /// which no detector returns.
    [[nodiscard]] std::optional<bool> is_anomalous() const {
        if (!score) return std::nullopt;
        if (!std::isfinite(*score))
            throw numeric_error{text("no verdict: the score is ", not_finite_text(*score), "; expected a number from 0 to 1")};
        return *score >= 0.5;
    }
};

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

/// Receives the results of consecutive images: the index of the first one, per image the result or the reason why there is none,
/// and the milliseconds of computation per result (the time of their batch in equal shares, without reading; 0 without results).
using results_callback = std::function<void(std::size_t first, std::span<const outcome<detection_result>> results, double ms)>;

}  // namespace rd4ad::inline RD4AD_ABI
