// rd4ad/image/detail/white_scale.hpp: scales 16-bit values to their level of white. Twin: tests/image/view_rows.cpp
#pragma once
#include <algorithm>
#include <cstdint>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::image::detail {

/// Scales values of 0..white to 0..65535, rounded; larger values become 65535. A PNM's values are scaled by the same formula.
struct white_scale {
    explicit white_scale(std::uint32_t white)
        : largest{static_cast<int>(white == 0 ? 65535 : white)}, half{largest / 2 + 0.5}, inverse{1.0 / largest} {}

    int largest;
    double half, inverse;

    /// (value * 65535 + white / 2) / white in whole numbers: the 0.5 in `half` keeps the quotient clear of a rounding error.
    [[nodiscard]] std::uint16_t operator()(std::uint16_t value) const noexcept {
        return static_cast<std::uint16_t>(static_cast<int>((std::min<int>(value, largest) * 65535.0 + half) * inverse));
    }
};

}  // namespace rd4ad::inline RD4AD_ABI::image::detail
