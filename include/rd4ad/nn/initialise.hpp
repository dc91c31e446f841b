// rd4ad/nn/initialise.hpp: initial values of parameters, from a seed. Twin: tests/nn/parameter.cpp
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include <rd4ad/core/random.hpp>
#include <rd4ad/nn/parameter.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

/// Initialises one parameter (in memory order) from the seed and the parameter's name: convolutions Kaiming normal (fan out,
/// ReLU), transposed ones PyTorch's default (uniform within 1 / sqrt(fan in)), norms 1 and 0. The values depend on nothing
/// else, so the order of initialisation does not matter.
template <class T>
void initialise(const parameter& p, std::uint64_t seed, std::span<T> to) {
    random source{hash_name(p.name) ^ (seed * 0x9E3779B97F4A7C15ULL)};
    const auto area = static_cast<double>(p.layer.taps());
    switch (p.kind) {
        case parameter_kind::convolution:
            if (p.layer.transposed) {
                // PyTorch takes the second size of [in, out, 2, 2] as the fan in
                const double bound = 1 / std::sqrt(static_cast<double>(p.layer.out) * area);
                for (T& value : to) value = static_cast<T>((2 * source.uniform() - 1) * bound);
            } else {
                const double deviation = std::sqrt(2 / (static_cast<double>(p.layer.out) * area));
                for (T& value : to) value = static_cast<T>(source.normal() * deviation);
            }
            break;
        case parameter_kind::norm_weight:
        case parameter_kind::running_variance:
            for (T& value : to) value = T{1};
            break;
        case parameter_kind::norm_bias:
        case parameter_kind::running_mean:
            for (T& value : to) value = T{0};
            break;
    }
}

}  // namespace rd4ad::inline RD4AD_ABI::nn
