// rd4ad/metrics/overlap.hpp: Dice coefficient and IoU of two masks. Twin: tests/metrics/overlap.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::metrics {

/// Numbers of pixels: in both masks, in the first mask, in the second mask.
struct mask_counts {
    std::size_t both{0}, first{0}, second{0};
};

/// Counts the pixels of two masks of equal size. Mask values: 0 outside, any other value inside. Throws shape_error.
[[nodiscard]] inline mask_counts count_masks(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second) {
    if (first.size() != second.size())
        throw shape_error{
            text("overlap: the masks have ", first.size(), " and ", second.size(), " pixels; they must have the same size")};
    mask_counts counts;
    for (std::size_t i = 0; i < first.size(); ++i) {
        counts.both += first[i] != 0 && second[i] != 0 ? 1U : 0U;
        counts.first += first[i] != 0 ? 1U : 0U;
        counts.second += second[i] != 0 ? 1U : 0U;
    }
    return counts;
}

/// Dice coefficient (pixel F1): 2 |A and B| / (|A| + |B|), 0..1. 1 if both masks are empty. Throws shape_error.
[[nodiscard]] inline double dice(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second) {
    const auto [both, a, b] = count_masks(first, second);
    return a + b == 0 ? 1.0 : 2.0 * static_cast<double>(both) / static_cast<double>(a + b);
}

/// Intersection over union: |A and B| / |A or B|, 0..1. 1 if both masks are empty. Throws shape_error.
[[nodiscard]] inline double iou(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second) {
    const auto [both, a, b] = count_masks(first, second);
    return a + b == 0 ? 1.0 : static_cast<double>(both) / static_cast<double>(a + b - both);
}

}  // namespace rd4ad::inline RD4AD_ABI::metrics
