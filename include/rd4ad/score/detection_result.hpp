// rd4ad/score/detection_result.hpp: the result of scoring one image. Twin: tests/score/detector.cpp
#pragma once
#include <cmath>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/finite.hpp>
#include <rd4ad/core/outcome.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/fit_transform_data.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/score/region.hpp>

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

/// Receives the results of consecutive images: the index of the first one, per image the result or the reason why there is none,
/// and the milliseconds of computation per result (the time of their batch in equal shares, without reading; 0 without results).
using results_callback = std::function<void(std::size_t first, std::span<const outcome<detection_result>> results, double ms)>;

}  // namespace rd4ad::inline RD4AD_ABI
