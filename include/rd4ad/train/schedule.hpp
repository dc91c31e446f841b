// rd4ad/train/schedule.hpp: the learning rate and the hard mining of each step. Twin: tests/train/schedule.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <optional>
#include <span>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The course of the learning rate: a linear warm-up, then a cosine from the full rate to final_rate of it.
struct rate_schedule {
    double warm_up{0};     ///< share of the steps, 0..1
    double final_rate{1};  ///< of the last step, as a share of the full rate, 0..1; 1 without warm-up: constant
};

/// The factor of the learning rate in step `step` (from 0) of `steps`, in 0..1.
[[nodiscard]] inline double rate_factor(const rate_schedule& by, std::size_t step, std::size_t steps) {
    const double warm = by.warm_up * static_cast<double>(steps), at = static_cast<double>(step);
    if (at < warm) return std::min(1.0, (at + 1) / warm);
    const double rest = static_cast<double>(steps) - warm, passed = rest > 0 ? (at - warm) / rest : 1.0;
    return by.final_rate + (1 - by.final_rate) * 0.5 * (1 + std::cos(std::numbers::pi * passed));
}

/// The level of hard mining (loss_options::hard_from) in step `step` of `steps`: rises from -3 to 1 standard deviations over the
/// first tenth of the steps, and stays there. Source: ReContrast (Guo et al. 2023), its published settings.
[[nodiscard]] inline double hard_level(std::size_t step, std::size_t steps) {
    const double ramp = std::max(1.0, 0.1 * static_cast<double>(steps));
    return std::min(-3 + 4 * static_cast<double>(step) / ramp, 1.0);
}

/// Whether a loss falls no more: its mean over the last quarter of the epochs lies less than `share` below that of the quarter
/// before. losses: the mean of each epoch; false for fewer than 8 epochs, and for a share of 0.
[[nodiscard]] inline bool is_flat(std::span<const double> losses, double share) {
    const std::size_t quarter = losses.size() / 4;
    if (quarter < 2 || share <= 0) return false;
    double last = 0, before = 0;
    for (const double one : losses.last(quarter)) last += one;
    for (const double one : losses.last(2 * quarter).first(quarter)) before += one;
    return last > (1 - share) * before;
}

}  // namespace rd4ad::inline RD4AD_ABI
