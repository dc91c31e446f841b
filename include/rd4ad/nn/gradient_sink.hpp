// rd4ad/nn/gradient_sink.hpp: what takes the gradients of the parameters as a backward finds them. Twin:
// tests/nn/gradient_sink.cpp
#pragma once
#include <concepts>
#include <cstddef>

#include <rd4ad/backend/tensor.hpp>
#include <rd4ad/nn/parameter.hpp>

namespace rd4ad::nn {

/// Where the gradients of one layer's parameters are to be written.
template <class T>
struct layer_gradient {
    T* weight;  ///< the convolution's, in the parameters' order
    T *norm_weight, *norm_bias;
};

/// A backward writes each layer's gradients to `of(layer)`, the same place until it calls `done(layer)`: then they are complete,
/// and the backward does not read the layer's parameters again. Layers come in any order, few of them at a time.
template <class Sink, class B>
concept GradientSink = Backend<B> && requires(Sink& to, const conv_norm& layer) {
    { to.of(layer) } -> std::same_as<layer_gradient<typename B::value_type>>;
    to.done(layer);
};

/// The sink that keeps all gradients, laid out as the values.
template <Backend B>
struct kept_gradients {
    tensor<B> values;  ///< of the table's length

    [[nodiscard]] layer_gradient<typename B::value_type> of(const conv_norm& layer) const {
        auto* first = values.data();
        return {first + layer.weight, first + layer.norm.weight, first + layer.norm.bias};
    }
    void done(const conv_norm&) const {}
};

}  // namespace rd4ad::nn
