// tests/support/stored_gradients.hpp: a gradient sink that stores all gradients.
#pragma once
#include <rd4ad/backend/tensor.hpp>
#include <rd4ad/nn/conv_bn.hpp>
#include <rd4ad/nn/gradient_sink.hpp>

namespace rd4ad::test {

/// The gradient sink that stores all gradients, laid out as the table's values.
template <Backend B>
struct stored_gradients {
    tensor<B> values;

    [[nodiscard]] nn::layer_gradient<typename B::value_type> of(const nn::conv_bn& layer) {
        auto* first = values.data();
        return {first + layer.weight, first + layer.norm.weight, first + layer.norm.bias};
    }
    void done(const nn::conv_bn&) const {}
};

}  // namespace rd4ad::test
