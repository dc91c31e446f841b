// rd4ad/nn/initialise.hpp: initial values of parameters, from a seed. Twin: tests/nn/parameter.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include <rd4ad/core/normal_float.hpp>
#include <rd4ad/core/random.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/nn/parameter.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

/// Initialises one parameter (in memory order) from the seed and the parameter's name: convolutions Kaiming normal (fan out,
/// ReLU), transposed ones PyTorch's default (uniform within 1 / sqrt(fan in)), norms 1 and 0. The values depend on nothing
/// else: neither on the order of initialisation nor on the number of threads.
template <class T>
void initialise(const parameter& p, std::uint64_t seed, std::span<T> to, std::size_t threads) {
    const random source{hash_name(p.name) ^ (seed * random::increment)};
    const auto area = static_cast<double>(p.layer.taps());
    // Sets each value to draw(random) of its own place in the sequence of random numbers.
    const auto draw_all = [&](std::uint64_t draws_per_value, const auto& draw) {
        constexpr std::size_t block = 1 << 16;  // 1 ms of normal floats
        parallel_for((to.size() + block - 1) / block, threads, [&](std::size_t i) {
            const std::size_t first = i * block, last = std::min(first + block, to.size());
            random own = source;
            own.skip(draws_per_value * first);
            for (std::size_t k = first; k < last; ++k) to[k] = static_cast<T>(draw(own));
        });
    };
    switch (p.kind) {
        case parameter_kind::convolution:
            if (p.layer.transposed) {
                // PyTorch takes the second size of [in, out, 2, 2] as the fan in
                const double bound = 1 / std::sqrt(static_cast<double>(p.layer.out) * area);
                draw_all(1, [&](random& own) { return (2 * own.uniform() - 1) * bound; });
            } else {
                const double deviation = std::sqrt(2 / (static_cast<double>(p.layer.out) * area));
                if constexpr (std::same_as<T, float>)
                    draw_all(2, [&](random& own) { return normal_float::tables().draw(own, deviation); });
                else
                    draw_all(2, [&](random& own) { return own.normal() * deviation; });
            }
            break;
        case parameter_kind::norm_weight:
        case parameter_kind::running_variance:
            std::fill(to.begin(), to.end(), T{1});
            break;
        case parameter_kind::norm_bias:
        case parameter_kind::running_mean:
            std::fill(to.begin(), to.end(), T{0});
            break;
    }
}

}  // namespace rd4ad::inline RD4AD_ABI::nn
