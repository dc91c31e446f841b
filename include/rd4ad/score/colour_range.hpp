// rd4ad/score/colour_range.hpp: the raw scores at the ends of a heat map's colours, tied to the threshold. Twin:
// tests/score/colour_range.cpp
#pragma once

#include <rd4ad/score/calibration.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The raw scores of a heat map's first and last colour (image::colourise); low < high.
struct colour_range {
    float low{0}, high{3};
    friend bool operator==(const colour_range&, const colour_range&) = default;
};

/// The place of the threshold and of a typical good image's raw score among the colours, 0..1: yellow and light blue.
inline constexpr double threshold_colour = 0.7, typical_colour = 0.25;

/// Returns the colours of a calibrated model's maps. Every heat map of the model has the same colours: pixels that make an alarm
/// are orange to red, and a good image stays blue to green, alone or beside others.
[[nodiscard]] inline colour_range colours_of(const calibration& by) noexcept {
    const double range = by.spread() / (threshold_colour - typical_colour);
    return {static_cast<float>(by.threshold - threshold_colour * range),
            static_cast<float>(by.threshold + (1 - threshold_colour) * range)};
}

}  // namespace rd4ad::inline RD4AD_ABI
