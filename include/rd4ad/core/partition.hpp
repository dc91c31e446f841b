// rd4ad/core/partition.hpp: index ranges, and how threads divide one. Twin: tests/core/partition.cpp
#pragma once
#include <cstddef>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The indices first .. last - 1.
struct index_range {
    std::size_t first, last;
};

/// Splits 0 .. count - 1 into `parts` contiguous ranges whose sizes differ by at most one; returns range `index`.
[[nodiscard]] constexpr index_range partition(std::size_t count, std::size_t parts, std::size_t index) noexcept {
    const std::size_t each = count / parts, left = count % parts;
    const std::size_t first = index * each + (index < left ? index : left);
    return {first, first + each + (index < left ? 1 : 0)};
}

}  // namespace rd4ad::inline RD4AD_ABI
