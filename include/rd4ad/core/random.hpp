// rd4ad/core/random.hpp: random numbers that are the same on every machine and standard library. Twin: tests/core/random.cpp
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// 64-bit FNV-1a hash of a text: derives a seed from a tensor's name.
[[nodiscard]] constexpr std::uint64_t hash_name(std::string_view text) noexcept {
    std::uint64_t hash = 0xCBF29CE484222325ULL;
    for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001B3ULL;
    return hash;
}

/// splitmix64: each call adds a constant to a 64-bit state and scrambles the sum. `state` is the whole state: a generator made
/// from a stored `state` continues the sequence.
struct random {
    static constexpr std::uint64_t increment = 0x9E3779B97F4A7C15ULL;
    std::uint64_t state{0};

    /// The next 64 random bits.
    constexpr std::uint64_t next() noexcept {
        state += increment;
        std::uint64_t z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31);
    }

    /// Advances the sequence as `draws` calls of next() do.
    constexpr void skip(std::uint64_t draws) noexcept { state += draws * increment; }

    /// Uniform in [0, 1), with 24 random bits.
    constexpr double uniform() noexcept { return static_cast<double>(next() >> 40) / 16777216.0; }

    /// Uniform in 0 .. bound - 1, without bias. bound: at least 1.
    constexpr std::uint64_t below(std::uint64_t bound) noexcept {
        const std::uint64_t uneven = (0 - bound) % bound;
        std::uint64_t bits = next();
        while (bits < uneven) bits = next();
        return bits % bound;
    }

    /// Standard normal (Box-Muller). Draws two uniforms per value.
    double normal() noexcept {
        const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
        return radius * std::cos(2.0 * std::numbers::pi * uniform());
    }
};

/// Shuffles in place (Fisher-Yates).
template <class T>
void shuffle(std::span<T> items, random& source) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[source.below(i)]);
}

/// The numbers 0 .. n - 1 in random order.
[[nodiscard]] inline std::vector<std::size_t> shuffled_order(std::size_t n, random& source) {
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    shuffle(std::span{order}, source);
    return order;
}

}  // namespace rd4ad::inline RD4AD_ABI
