// rd4ad/nn/convolution.hpp: the convolution layer by the selected algorithm: forward, input gradient, weight gradient. Twin:
// tests/nn/convolution.cpp
#pragma once
#include <array>
#include <cstddef>

#include <rd4ad/nn/convolution/im2col.hpp>
#include <rd4ad/nn/convolution/layer.hpp>
#include <rd4ad/nn/convolution/select_algorithm.hpp>
#include <rd4ad/nn/convolution/transposed.hpp>
#include <rd4ad/nn/convolution/winograd.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

/// A layer's weights in the forms that its convolution reads. Transient ones: plain alone ([ky][kx][in][out], or
/// [in][dy][dx][out]); a call transforms them where its algorithm requires it. Persistent ones: no plain weights but prepared
/// forms, at least one: transformed for an algorithm, packed for an algorithm, or in the layout of the backend's native
/// convolution, which then computes the layer.
template <class T>
struct kernel_weights {
    const T* plain{nullptr};
    std::array<const T*, conv_algorithm_count> transformed{}, packed{};  ///< by algorithm; im2col's are plain
    const T* native{nullptr};

    [[nodiscard]] weight_lifetime lifetime() const { return plain ? weight_lifetime::transient : weight_lifetime::persistent; }

    /// Whether a call can compute by this algorithm.
    [[nodiscard]] bool usable(conv_algorithm algorithm) const {
        const auto at = static_cast<std::size_t>(algorithm);
        return plain != nullptr || transformed[at] != nullptr || packed[at] != nullptr;
    }

    /// The right-hand matrix of an algorithm; no data where transient weights must be transformed.
    [[nodiscard]] backend::rhs_matrix<T> for_algorithm(conv_algorithm algorithm) const {
        const auto at = static_cast<std::size_t>(algorithm);
        return {plain != nullptr && algorithm == conv_algorithm::im2col ? plain : transformed[at], false, packed[at]};
    }
};

namespace detail {
/// Calls use.operator()<Transform>() with the transform of a Winograd algorithm.
template <class Use>
decltype(auto) with_transform(conv_algorithm algorithm, const Use& use) {
    if (algorithm == conv_algorithm::winograd_4x4) return use.template operator()<winograd::f4x4_3x3>();
    if (algorithm == conv_algorithm::winograd_2x2) return use.template operator()<winograd::f2x2_3x3>();
    return use.template operator()<winograd::f2x2_3x3_s2>();
}
}  // namespace detail

/// The GEMM of a layer; its number of rows is left at 0.
[[nodiscard]] inline backend::gemm_shape gemm_shape_of(const convolution& layer, conv_algorithm algorithm) {
    if (algorithm == conv_algorithm::im2col && layer.transposed) return {.k = layer.in, .n = layer.taps() * layer.out};
    if (algorithm == conv_algorithm::im2col) return {.k = layer.taps() * layer.in, .n = layer.out};
    return detail::with_transform(algorithm,
                                  [&]<class Transform>() { return winograd::gemm_shape_of<Transform>(0, layer.in, layer.out); });
}

/// Values of a layer's weights, transformed for a Winograd algorithm.
[[nodiscard]] inline std::size_t transformed_count(const convolution& layer, conv_algorithm algorithm) {
    return detail::with_transform(algorithm, [&]<class Transform>() { return winograd::transformed_count<Transform>(layer); });
}

/// Transforms a layer's weights for a Winograd algorithm.
template <Backend B>
void transform_weights(typename B::queue& q, const convolution& layer, conv_algorithm algorithm,
                       const typename B::value_type* weights, typename B::value_type* transformed) {
    detail::with_transform(algorithm,
                           [&]<class Transform>() { winograd::prepare<B, Transform>(q, layer, weights, false, transformed); });
}

/// The layer as a backend's native convolution sees it.
[[nodiscard]] inline backend::convolution_shape native_shape(const convolution& layer, const shape& input) {
    return {.n = input.n,
            .h = input.h,
            .w = input.w,
            .in = layer.in,
            .out = layer.out,
            .kernel = layer.kernel,
            .stride = layer.stride};
}

/// Writes epilogue(convolution of an input of shape `size`).
template <Backend B, class Prologue>
void convolve(typename B::queue& q, const convolution& layer, const shape& size, const Prologue& input,
              const kernel_weights<typename B::value_type>& weights, const backend::epilogue<typename B::value_type>& epilogue,
              algorithm_preference preference = algorithm_preference::automatic) {
    if constexpr (backend::HasNativeConvolution<B> && is_identity<Prologue>)
        if (weights.native != nullptr && input.stride == layer.in)
            return B::convolve(q, native_shape(layer, size), input.x, weights.native, epilogue);
    const auto algorithm = select_algorithm(layer, size, resolve_preference<B>(preference), weights.lifetime(),
                                            [&](conv_algorithm one) { return weights.usable(one); });
    auto rhs = weights.for_algorithm(algorithm);
    if (layer.transposed)
        transposed_forward<B>(q, layer, size, input, rhs, epilogue);
    else if (algorithm == conv_algorithm::im2col)
        im2col_forward<B>(q, layer, size, input, rhs, epilogue);
    else {
        if (rhs.data == nullptr && rhs.packed == nullptr) {
            auto* transformed = q.scratch(backend::scratch_slot::weights, transformed_count(layer, algorithm));
            transform_weights<B>(q, layer, algorithm, weights.plain, transformed);
            rhs.data = transformed;
        }
        detail::with_transform(algorithm,
                               [&]<class Transform>() { winograd::forward<B, Transform>(q, layer, size, input, rhs, epilogue); });
    }
}

/// Writes epilogue(input gradient), of shape `size`, from the output gradient.
template <Backend B>
void convolve_input_gradient(typename B::queue& q, const convolution& layer, const shape& size,
                             const typename B::value_type* output_gradient, const typename B::value_type* weights,
                             const backend::epilogue<typename B::value_type>& epilogue,
                             algorithm_preference preference = algorithm_preference::automatic) {
    const auto algorithm = select_algorithm(layer, size, preference, weight_lifetime::transient);
    const auto by_winograd = [&]<class Transform>() {
        auto* flipped = q.scratch(backend::scratch_slot::weights, winograd::transformed_count<Transform>(layer));
        winograd::prepare<B, Transform>(q, layer, weights, true, flipped);
        winograd::input_gradient<B, Transform>(q, layer, size, output_gradient, flipped, epilogue);
    };
    if (layer.transposed)
        transposed_input_gradient<B>(q, layer, size, output_gradient, weights, epilogue);
    else if (algorithm == conv_algorithm::im2col)
        im2col_input_gradient<B>(q, layer, size, output_gradient, weights, epilogue);
    else if (algorithm == conv_algorithm::winograd_strided)
        by_winograd.template operator()<winograd::f2x2_3x3_s2_backward>();
    else
        detail::with_transform(algorithm, by_winograd);
}

/// weight_gradient (laid out as the weights) from the input and the output gradient.
template <Backend B, class Prologue>
void convolve_weight_gradient(typename B::queue& q, const convolution& layer, const shape& size, const Prologue& input,
                              const typename B::value_type* output_gradient, typename B::value_type* weight_gradient,
                              algorithm_preference preference = algorithm_preference::automatic) {
    const auto algorithm = select_algorithm(layer, size, preference, weight_lifetime::transient);
    if (layer.transposed)
        transposed_weight_gradient<B>(q, layer, size, input, output_gradient, weight_gradient);
    else if (algorithm == conv_algorithm::im2col)
        im2col_weight_gradient<B>(q, layer, size, input, output_gradient, weight_gradient);
    else
        detail::with_transform(algorithm, [&]<class Transform>() {
            winograd::weight_gradient<B, Transform>(q, layer, size, input, output_gradient, weight_gradient);
        });
}

}  // namespace rd4ad::inline RD4AD_ABI::nn
