// rd4ad/metrics/score_key.hpp: floats as integers in the same order, and checks. Twin: tests/metrics/score_key.cpp
#pragma once
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <rd4ad/core/error.hpp>

namespace rd4ad::metrics {

/// A 32-bit integer that orders as the float does: a < b exactly if score_key(a) < score_key(b). -0 and 0 share one key.
/// score: finite.
[[nodiscard]] inline std::uint32_t score_key(float score) noexcept {
    const auto bits = std::bit_cast<std::uint32_t>(score + 0.0F);  // -0 + 0 is 0
    return (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
}

/// The float a key stands for: the inverse of score_key.
[[nodiscard]] inline float score_of(std::uint32_t key) noexcept {
    return std::bit_cast<float>((key & 0x80000000U) != 0 ? key & 0x7FFFFFFFU : ~key);
}

/// Throws numeric_error naming the index of the first NaN or infinity. metric: the name that starts the message.
inline void require_finite(const std::string& metric, std::span<const float> scores) {
    for (std::size_t i = 0; i < scores.size(); ++i)
        if (!std::isfinite(scores[i]))
            throw numeric_error{metric + ": score " + std::to_string(i) + " is " +
                                (std::isnan(scores[i]) ? "NaN"
                                 : scores[i] > 0       ? "infinity"
                                                       : "-infinity") +
                                "; scores must be finite"};
}

/// Throws shape_error unless there are as many labels as scores.
inline void require_same_length(const std::string& metric, std::size_t scores, std::size_t labels) {
    if (scores != labels)
        throw shape_error{metric + ": " + std::to_string(scores) + " scores but " + std::to_string(labels) +
                          " labels; every score needs one label"};
}

}  // namespace rd4ad::metrics
