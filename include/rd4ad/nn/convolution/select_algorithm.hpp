// rd4ad/nn/convolution/select_algorithm.hpp: selects a convolution's algorithm by its shape. Twin: tests/nn/select_algorithm.cpp
#pragma once
#include <cstddef>
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

/// The algorithm of a layer for an input of this shape. It depends on the arguments alone, so runs repeat bit for bit. 7x7,
/// 1x1 and transposed layers always use im2col.
[[nodiscard]] inline conv_algorithm select_algorithm(const convolution& layer, const shape& input,
                                                     algorithm_preference preference, weight_lifetime lifetime) {
    if (layer.kernel != 3 || layer.transposed || preference == algorithm_preference::im2col) return conv_algorithm::im2col;
    const bool even = input.h % 2 == 0 && input.w % 2 == 0;
    if (layer.stride == 2 && !even) return conv_algorithm::im2col;
    if (preference == algorithm_preference::winograd)
        return layer.stride == 1 ? conv_algorithm::winograd_4x4 : conv_algorithm::winograd_strided;
    if (preference == algorithm_preference::winograd_2x2)
        return layer.stride == 1 ? conv_algorithm::winograd_2x2 : conv_algorithm::winograd_strided;
    const shape output = layer.output_shape(input);
    const std::size_t direct = layer.taps() * (output.pixels() + weight_load_rows(lifetime));
    if (layer.stride == 2)
        return winograd_cost<winograd::f2x2_3x3_s2>(output, lifetime) < direct ? conv_algorithm::winograd_strided
                                                                               : conv_algorithm::im2col;
    const std::size_t f4x4 = winograd_cost<winograd::f4x4_3x3>(output, lifetime),
                      f2x2 = winograd_cost<winograd::f2x2_3x3>(output, lifetime);
    if (direct <= f4x4 && direct <= f2x2) return conv_algorithm::im2col;
    return f4x4 <= f2x2 ? conv_algorithm::winograd_4x4 : conv_algorithm::winograd_2x2;
}

}  // namespace rd4ad::inline RD4AD_ABI::nn
