// rd4ad/core/finite.hpp: finds values that are NaN or infinite. Twin: tests/core/finite.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>

#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The index of the first value that is NaN or infinite; empty if every value is finite.
template <std::floating_point T>
[[nodiscard]] std::optional<std::size_t> first_not_finite(std::span<const T> values) {
    constexpr std::size_t block = 4096;  // without a branch per value, so that compilers use vector instructions
    constexpr T largest = std::numeric_limits<T>::max();
    for (std::size_t first = 0; first < values.size(); first += block) {
        const auto part = values.subspan(first, std::min(block, values.size() - first));
        unsigned found = 0;
        for (const T value : part) found |= static_cast<unsigned>(!(std::abs(value) <= largest));
        if (found == 0) continue;
        for (std::size_t i = 0; i < part.size(); ++i)
            if (!std::isfinite(part[i])) return first + i;
    }
    return std::nullopt;
}

/// "NaN", "infinite" or "-infinite" for a value that is not finite, for messages.
template <std::floating_point T>
[[nodiscard]] std::string not_finite_text(T value) {
    return std::isnan(value) ? "NaN" : value > 0 ? "infinite" : "-infinite";
}

}  // namespace rd4ad::inline RD4AD_ABI
