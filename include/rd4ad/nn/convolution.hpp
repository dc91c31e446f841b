// rd4ad/nn/convolution.hpp: the convolution layer: picks an algorithm; forward, gradient of the input, gradient of the weights.
// Twin: tests/nn/convolution.cpp
#pragma once
#include <rd4ad/nn/convolution/gathered.hpp>
#include <rd4ad/nn/convolution/geometry.hpp>
#include <rd4ad/nn/convolution/rule.hpp>
#include <rd4ad/nn/convolution/transposed.hpp>
#include <rd4ad/nn/convolution/winograd.hpp>

namespace rd4ad::nn {

/// Weights in memory as the layer has them ([ky][kx][in][out] or [in][dy][dx][out]) and what was made of them beforehand.
template <class T>
struct kernel_weights {
    const T* plain;
    const T* transformed{nullptr};         ///< Winograd's
    const T* plain_panels{nullptr};        ///< plain, in the backend's panels
    const T* transformed_panels{nullptr};  ///< transformed, in the backend's panels
};

/// The sizes of a layer's product on its weights; `planes` 1, or Winograd's 36. Rows are left open.
[[nodiscard]] inline backend::tile_sizes product_of(const convolution& layer, bool winograd) {
    if (winograd) return {winograd::planes, 0, layer.in, layer.out};
    if (layer.transposed) return {1, 0, layer.in, layer.taps() * layer.out};
    return {1, 0, layer.taps() * layer.in, layer.out};
}

/// finish.y = finish(convolution of an input of shape `size`).
template <Backend B, class Input>
void convolve(typename B::queue& q, const convolution& layer, const shape& size, const Input& input,
              const kernel_weights<typename B::value_type>& weights, const backend::epilogue<typename B::value_type>& finish,
              algorithm choice = algorithm::automatic) {
    if (layer.transposed)
        transposed_forward<B>(q, layer, size, input, {weights.plain, false, weights.plain_panels}, finish);
    else if (takes_winograd(layer, size, choice)) {
        const auto* transformed = weights.transformed;
        if (transformed == nullptr && weights.transformed_panels == nullptr) {
            auto* made = q.scratch(3, winograd::transformed_count(layer));
            winograd::prepare<B>(q, layer, weights.plain, false, made);
            transformed = made;
        }
        winograd::forward<B>(q, layer, size, input, {transformed, false, weights.transformed_panels}, finish);
    } else
        gathered_forward<B>(q, layer, size, input, {weights.plain, false, weights.plain_panels}, finish);
}

/// finish.y = finish(gradient of the input, of shape `size`), from the gradient of the result.
template <Backend B>
void convolve_input_gradient(typename B::queue& q, const convolution& layer, const shape& size,
                             const typename B::value_type* result_gradient, const typename B::value_type* weights,
                             const backend::epilogue<typename B::value_type>& finish, algorithm choice = algorithm::automatic) {
    if (layer.transposed)
        transposed_input_gradient<B>(q, layer, size, result_gradient, weights, finish);
    else if (takes_winograd(layer, size, choice)) {
        auto* turned = q.scratch(3, winograd::transformed_count(layer));
        winograd::prepare<B>(q, layer, weights, true, turned);
        winograd::input_gradient<B>(q, layer, size, result_gradient, turned, finish);
    } else
        gathered_input_gradient<B>(q, layer, size, result_gradient, weights, finish);
}

/// weight_gradient (laid out as the weights) = gradient of the weights, from the input and the gradient of the result.
template <Backend B, class Input>
void convolve_weight_gradient(typename B::queue& q, const convolution& layer, const shape& size, const Input& input,
                              const typename B::value_type* result_gradient, typename B::value_type* weight_gradient,
                              algorithm choice = algorithm::automatic) {
    if (layer.transposed)
        transposed_weight_gradient<B>(q, layer, size, input, result_gradient, weight_gradient);
    else if (takes_winograd(layer, size, choice))
        winograd::weight_gradient<B>(q, layer, size, input, result_gradient, weight_gradient);
    else
        gathered_weight_gradient<B>(q, layer, size, input, result_gradient, weight_gradient);
}

}  // namespace rd4ad::nn
