// rd4ad/nn/convolution.hpp: the convolution layer: picks an algorithm; forward, gradient of the input, gradient of the weights.
// Twin: tests/nn/convolution.cpp
#pragma once
#include <array>
#include <cstddef>

#include <rd4ad/backend/own_convolution.hpp>
#include <rd4ad/nn/convolution/gathered.hpp>
#include <rd4ad/nn/convolution/geometry.hpp>
#include <rd4ad/nn/convolution/rule.hpp>
#include <rd4ad/nn/convolution/transposed.hpp>
#include <rd4ad/nn/convolution/winograd.hpp>

namespace rd4ad::nn {

/// Weights in memory as the layer has them ([ky][kx][in][out] or [in][dy][dx][out]) and what was made of them beforehand, by
/// method: transformed (none for the plain one), and in the backend's panels.
template <class T>
struct kernel_weights {
    const T* plain;
    std::array<const T*, methods> transformed{}, panels{};
    weights_are weights{weights_are::made};
    const T* own{nullptr};  ///< for the backend's own convolution, which then computes the layer

    [[nodiscard]] backend::right_side<T> by(method how) const {
        const auto at = static_cast<std::size_t>(how);
        return {how == method::plain ? plain : transformed[at], false, panels[at]};
    }
};

namespace detail {
/// Calls use.operator()<Scheme>() with the scheme of a method other than the plain one.
template <class Use>
decltype(auto) with_scheme(method how, const Use& use) {
    if (how == method::four) return use.template operator()<schemes::four>();
    if (how == method::two) return use.template operator()<schemes::two>();
    return use.template operator()<schemes::strided>();
}
}  // namespace detail

/// The sizes of a layer's product on its weights. Rows are left open.
[[nodiscard]] inline backend::tile_sizes product_of(const convolution& layer, method how) {
    if (how == method::plain && layer.transposed) return {1, 0, layer.in, layer.taps() * layer.out, {}};
    if (how == method::plain) return {1, 0, layer.taps() * layer.in, layer.out, {}};
    return detail::with_scheme(how, [&]<class Scheme>() { return winograd::product_sizes<Scheme>(0, layer.in, layer.out); });
}

/// Values of a layer's weights as a method other than the plain one takes them.
[[nodiscard]] inline std::size_t transformed_count(const convolution& layer, method how) {
    return detail::with_scheme(how, [&]<class Scheme>() { return winograd::transformed_count<Scheme>(layer); });
}

/// transformed = a layer's weights as a method other than the plain one takes them.
template <Backend B>
void transform(typename B::queue& q, const convolution& layer, method how, const typename B::value_type* weights,
               typename B::value_type* transformed) {
    detail::with_scheme(how, [&]<class Scheme>() { winograd::prepare<B, Scheme>(q, layer, weights, false, transformed); });
}

/// The same sizes for a backend's own convolution.
[[nodiscard]] inline backend::convolution_sizes own_sizes(const convolution& layer, const shape& input) {
    return {input.n, input.h, input.w, layer.in, layer.out, layer.kernel, layer.stride};
}

/// finish.y = finish(convolution of an input of shape `size`).
template <Backend B, class Input>
void convolve(typename B::queue& q, const convolution& layer, const shape& size, const Input& input,
              const kernel_weights<typename B::value_type>& weights, const backend::epilogue<typename B::value_type>& finish,
              algorithm choice = algorithm::automatic) {
    if constexpr (backend::OwnConvolution<B> && is_plain<Input>)
        if (weights.own != nullptr && input.stride == layer.in)
            return B::convolve(q, own_sizes(layer, size), input.x, weights.own, finish);
    const method how = method_of(layer, size, suited<B>(choice), weights.weights);
    auto right = weights.by(how);
    if (layer.transposed)
        transposed_forward<B>(q, layer, size, input, right, finish);
    else if (how == method::plain)
        gathered_forward<B>(q, layer, size, input, right, finish);
    else {
        if (right.data == nullptr && right.panels == nullptr) {
            auto* made = q.scratch(3, transformed_count(layer, how));
            transform<B>(q, layer, how, weights.plain, made);
            right.data = made;
        }
        detail::with_scheme(how, [&]<class Scheme>() { winograd::forward<B, Scheme>(q, layer, size, input, right, finish); });
    }
}

/// finish.y = finish(gradient of the input, of shape `size`), from the gradient of the result.
template <Backend B>
void convolve_input_gradient(typename B::queue& q, const convolution& layer, const shape& size,
                             const typename B::value_type* result_gradient, const typename B::value_type* weights,
                             const backend::epilogue<typename B::value_type>& finish, algorithm choice = algorithm::automatic) {
    const method how = method_of(layer, size, choice, weights_are::made);
    const auto by = [&]<class Scheme>() {
        auto* turned = q.scratch(3, winograd::transformed_count<Scheme>(layer));
        winograd::prepare<B, Scheme>(q, layer, weights, true, turned);
        winograd::input_gradient<B, Scheme>(q, layer, size, result_gradient, turned, finish);
    };
    if (layer.transposed)
        transposed_input_gradient<B>(q, layer, size, result_gradient, weights, finish);
    else if (how == method::plain)
        gathered_input_gradient<B>(q, layer, size, result_gradient, weights, finish);
    else if (how == method::strided)
        by.template operator()<schemes::strided_back>();
    else
        detail::with_scheme(how, by);
}

/// weight_gradient (laid out as the weights) = gradient of the weights, from the input and the gradient of the result.
template <Backend B, class Input>
void convolve_weight_gradient(typename B::queue& q, const convolution& layer, const shape& size, const Input& input,
                              const typename B::value_type* result_gradient, typename B::value_type* weight_gradient,
                              algorithm choice = algorithm::automatic) {
    const method how = method_of(layer, size, choice, weights_are::made);
    if (layer.transposed)
        transposed_weight_gradient<B>(q, layer, size, input, result_gradient, weight_gradient);
    else if (how == method::plain)
        gathered_weight_gradient<B>(q, layer, size, input, result_gradient, weight_gradient);
    else
        detail::with_scheme(how, [&]<class Scheme>() {
            winograd::weight_gradient<B, Scheme>(q, layer, size, input, result_gradient, weight_gradient);
        });
}

}  // namespace rd4ad::nn
