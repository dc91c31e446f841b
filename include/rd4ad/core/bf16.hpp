// rd4ad/core/bf16.hpp: rounds float to bfloat16, fast. Twin: tests/core/bf16.cpp
#pragma once
#include <bit>
#include <cstdint>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The 16 bits of the nearest bfloat16, ties to even. Values beyond the largest bfloat16 become infinity. NaN is not handled:
/// use io::narrow_16<7> where it can occur.
[[nodiscard]] constexpr std::uint16_t round_to_bf16(float value) noexcept {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return static_cast<std::uint16_t>((bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16);
}

}  // namespace rd4ad::inline RD4AD_ABI
