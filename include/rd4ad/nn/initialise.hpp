// rd4ad/nn/initialise.hpp: the first values of parameters, from a seed. Twin: tests/nn/parameter.cpp
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include <rd4ad/core/random.hpp>
#include <rd4ad/nn/parameter.hpp>

namespace rd4ad::nn {

/// Fills one parameter (in our order) from the seed and the parameter's name: convolutions Kaiming normal over what they
/// feed (fan out, for ReLU), transposed ones PyTorch's default (uniform within 1 / sqrt(fan in)), norms 1 and 0. The
/// values depend on nothing else, so a network is the same whichever parts of it are made first.
template <class T>
void initialise(const parameter& p, std::uint64_t seed, std::span<T> to) {
    random source{hash_name(p.name) ^ (seed * 0x9E3779B97F4A7C15ULL)};
    const auto area = static_cast<double>(p.layer.taps());
    switch (p.kind) {
        case parameter_kind::convolution:
            if (p.layer.transposed) {
                // PyTorch takes the second size of [in, out, 2, 2] for the inputs
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

}  // namespace rd4ad::nn
