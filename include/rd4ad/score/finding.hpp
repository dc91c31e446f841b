// rd4ad/score/finding.hpp: what was found in one photograph. Twin: tests/score/detector.cpp
#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include <rd4ad/image/geometry.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/score/regions.hpp>

namespace rd4ad {

/// What was found in one photograph.
struct finding {
    float score{0};                      ///< raw: the largest value of the network's map that shows the photograph; 0..3
    std::optional<double> calibrated{};  ///< the score on the scale of 0 to 1; none for a model without calibration
    image::plane map{};                  ///< raw anomaly map, smoothed; each value in 0..3
    std::vector<region> regions{};       ///< of the calibrated map, 0.5 and more; none without a calibration
    image::placement place{};            ///< how the photograph became the network's image, and maps come back from it

    /// The verdict: the score reaches the threshold. None without a calibration.
    [[nodiscard]] std::optional<bool> anomalous() const { return calibrated ? std::optional{*calibrated >= 0.5} : std::nullopt; }
};

/// Called with what was found in some photographs: the first one's index, and the milliseconds that each took to compute, which
/// are their batch's in equal parts, without reading.
using photographs_scored = std::function<void(std::size_t first, std::span<const finding> found, double ms)>;

}  // namespace rd4ad
