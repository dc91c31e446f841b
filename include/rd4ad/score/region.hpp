// rd4ad/score/region.hpp: a region of a map, which score/regions.hpp finds. Twin: tests/score/regions.cpp
#pragma once
#include <optional>
#include <vector>

#include <rd4ad/core/config.hpp>
#include <rd4ad/image/rectangle.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// A connected area of a map that reaches the threshold, in the image's coordinates: (0, 0) is the upper left corner of the
/// image's first pixel.
struct region {
    image::rectangle box{};               ///< bounding box, in pixels of the image
    image::rectangle relative{};          ///< the same box as shares of the image's width and height, 0..1
    double area{0};                       ///< in pixels of the image
    float raw_score{0};                   ///< maximum of the map in the region, 0..3
    std::optional<double> score{};        ///< the calibrated raw_score, 0..1; empty without a calibration
    std::vector<image::point> outline{};  ///< closed polygon around the region, clockwise; holes are filled
};

/// Selects the regions that a detector returns.
struct region_options {
    double threshold{0.5};  ///< least score of a region's pixels, above 0 and below 1
    double min_area{0};     ///< least area of a region, in pixels of the image
};

}  // namespace rd4ad::inline RD4AD_ABI
