// rd4ad/nn/gradient_sink.hpp: the receiver of the parameters' gradients during a backward pass. Twin: tests/nn/gradient_sink.cpp
#pragma once
#include <concepts>

#include <rd4ad/backend/concept.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

struct conv_bn;

/// The addresses for the gradients of one layer's parameters.
template <class T>
struct layer_gradient {
    T* weight;  ///< of the convolution, in memory order
    T *norm_weight, *norm_bias;
};

/// A backward pass writes each layer's gradients to `of(layer)`, which returns the same addresses until `done(layer)`. After
/// `done` the gradients are complete and the pass does not read the layer's parameters again. Layers come in any order, few at
/// a time.
template <class Sink, class B>
concept GradientSink = Backend<B> && requires(Sink& sink, const conv_bn& layer) {
    { sink.of(layer) } -> std::same_as<layer_gradient<typename B::value_type>>;
    sink.done(layer);
};

}  // namespace rd4ad::inline RD4AD_ABI::nn
