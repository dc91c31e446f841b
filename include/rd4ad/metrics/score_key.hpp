// rd4ad/metrics/score_key.hpp: maps floats to integers in the same order, and checks scores. Twin: tests/metrics/score_key.cpp
#pragma once
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::metrics {

/// A 32-bit integer in the order of the floats: a < b exactly if score_key(a) < score_key(b). -0 and 0 have the same key.
/// score: finite.
[[nodiscard]] inline std::uint32_t score_key(float score) noexcept {
    const auto bits = std::bit_cast<std::uint32_t>(score + 0.0F);  // -0 + 0 is 0
    return (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
}

/// The inverse of score_key.
[[nodiscard]] inline float score_of(std::uint32_t key) noexcept {
    return std::bit_cast<float>((key & 0x80000000U) != 0 ? key & 0x7FFFFFFFU : ~key);
}

/// Throws numeric_error with the index of the first score that is NaN or infinite. metric: starts the message.
inline void require_finite(const std::string& metric, std::span<const float> scores) {
    for (std::size_t i = 0; i < scores.size(); ++i)
        if (!std::isfinite(scores[i]))
            throw numeric_error{text(metric, ": score ", i, " is ",
                                     std::isnan(scores[i]) ? "NaN"
                                     : scores[i] > 0       ? "infinity"
                                                           : "-infinity",
                                     "; scores must be finite")};
}

/// Throws shape_error if the numbers of scores and labels differ. metric: starts the message.
inline void require_same_length(const std::string& metric, std::size_t scores, std::size_t labels) {
    if (scores != labels)
        throw shape_error{text(metric, ": ", scores, " scores but ", labels, " labels; every score needs one label")};
}

}  // namespace rd4ad::inline RD4AD_ABI::metrics
