// rd4ad/nn/convolution/select_algorithm.hpp: selects a convolution's algorithm by its shape. Twin: tests/nn/select_algorithm.cpp
#pragma once
#include <cstddef>
#include <limits>
#include <string_view>

#include <rd4ad/backend/concept.hpp>
#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/nn/convolution/layer.hpp>
#include <rd4ad/nn/convolution/winograd.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

/// Which algorithm to use for 3x3 convolutions: automatic (by shape), im2col, or Winograd wherever applicable: F(4x4, 3x3) or
/// F(2x2, 3x3) for stride 1, the stride-2 form of F(2x2, 3x3) for stride 2.
enum class algorithm_preference { automatic, im2col, winograd, winograd_2x2 };

/// "auto", "im2col", "winograd" or "winograd-2x2". Throws option_error for other names.
[[nodiscard]] inline algorithm_preference algorithm_preference_from(std::string_view name) {
    if (name == "auto") return algorithm_preference::automatic;
    if (name == "im2col") return algorithm_preference::im2col;
    if (name == "winograd") return algorithm_preference::winograd;
    if (name == "winograd-2x2") return algorithm_preference::winograd_2x2;
    throw option_error{text("algorithm '", name, "' is unknown; expected auto, im2col, winograd or winograd-2x2")};
}

/// Resolves `automatic` for a backend. bf16 backends use F(2x2, 3x3): F(4x4, 3x3) amplifies the rounding of bf16 too much.
template <class B>
[[nodiscard]] constexpr algorithm_preference resolve_preference(algorithm_preference preference) {
    return backend::narrow_products<B> && preference == algorithm_preference::automatic ? algorithm_preference::winograd_2x2
                                                                                        : preference;
}

/// The algorithm of a convolution: one GEMM over im2col rows, or Winograd with a transform of winograd_transforms.hpp.
enum class conv_algorithm : std::size_t { im2col, winograd_4x4, winograd_2x2, winograd_strided };
inline constexpr std::size_t conv_algorithm_count = 4;

/// Whether weights are prepared once for many calls (scoring, the frozen teacher) or change with every call (training).
enum class weight_lifetime { persistent, transient };

/// Cost of loading a weight matrix from memory, and of transforming and packing transient ones, expressed as GEMM rows that
/// take the same time. Measured: docs/measurements/performance.md.
[[nodiscard]] constexpr std::size_t weight_load_rows(weight_lifetime lifetime) {
    return lifetime == weight_lifetime::persistent ? 16 : 48;
}

/// GEMM rows of a Winograd transform for an output of this shape, the loading of its weights included.
template <class Transform>
[[nodiscard]] std::size_t winograd_cost(const shape& output, weight_lifetime lifetime) {
    return Transform::planes * winograd::tile_count<Transform>(output) +
           Transform::weight_tile * Transform::weight_tile * weight_load_rows(lifetime);
}

/// Cost of a 3x3 convolution by an algorithm, in GEMM rows of the layer's size.
[[nodiscard]] inline std::size_t algorithm_cost(conv_algorithm algorithm, const shape& output, weight_lifetime lifetime) {
    switch (algorithm) {
        case conv_algorithm::winograd_4x4:
            return winograd_cost<winograd::f4x4_3x3>(output, lifetime);
        case conv_algorithm::winograd_2x2:
            return winograd_cost<winograd::f2x2_3x3>(output, lifetime);
        case conv_algorithm::winograd_strided:
            return winograd_cost<winograd::f2x2_3x3_s2>(output, lifetime);
        case conv_algorithm::im2col:
            break;
    }
    return 9 * (output.pixels() + weight_load_rows(lifetime));
}

/// Whether an algorithm computes a convolution of inputs of this shape. 7x7, 1x1 and transposed layers have im2col alone.
[[nodiscard]] inline bool is_applicable(conv_algorithm algorithm, const convolution& layer, const shape& input) {
    if (algorithm == conv_algorithm::im2col) return true;
    if (layer.kernel != 3 || layer.transposed) return false;
    if (algorithm == conv_algorithm::winograd_strided) return layer.stride == 2 && input.h % 2 == 0 && input.w % 2 == 0;
    return layer.stride == 1;
}

/// The algorithm of a layer for an input of this shape among those with usable(algorithm), such as those that its weights are
/// prepared for: the preferred one, else the one with the least cost. It depends on the arguments alone, so runs repeat bit for
/// bit.
template <class Usable>
[[nodiscard]] conv_algorithm select_algorithm(const convolution& layer, const shape& input, algorithm_preference preference,
                                              weight_lifetime lifetime, const Usable& usable) {
    const auto possible = [&](conv_algorithm one) { return is_applicable(one, layer, input) && usable(one); };
    if (preference != algorithm_preference::automatic) {
        const auto by_stride = preference == algorithm_preference::im2col     ? conv_algorithm::im2col
                               : layer.stride == 2                            ? conv_algorithm::winograd_strided
                               : preference == algorithm_preference::winograd ? conv_algorithm::winograd_4x4
                                                                              : conv_algorithm::winograd_2x2;
        if (possible(by_stride)) return by_stride;
    }
    const shape output = layer.output_shape(input);
    auto best = conv_algorithm::im2col;
    std::size_t least = std::numeric_limits<std::size_t>::max();
    for (std::size_t i = 0; i < conv_algorithm_count; ++i) {
        const auto one = static_cast<conv_algorithm>(i);
        if (!possible(one)) continue;
        const std::size_t cost = algorithm_cost(one, output, lifetime);
        if (cost >= least) continue;
        best = one;
        least = cost;
    }
    return best;
}

/// The same among all algorithms.
[[nodiscard]] inline conv_algorithm select_algorithm(const convolution& layer, const shape& input,
                                                     algorithm_preference preference, weight_lifetime lifetime) {
    return select_algorithm(layer, input, preference, lifetime, [](conv_algorithm) { return true; });
}

}  // namespace rd4ad::inline RD4AD_ABI::nn
