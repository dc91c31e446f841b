// rd4ad/nn/weights.hpp: a network's parameters on a device, learnt or folded for scoring. Twin: tests/nn/fold.cpp
#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <unordered_map>
#include <vector>

#include <rd4ad/backend/tensor.hpp>
#include <rd4ad/nn/batch_norm.hpp>
#include <rd4ad/nn/convolution.hpp>
#include <rd4ad/nn/parameter.hpp>

namespace rd4ad::nn {

/// The parameters of one table: flat arrays of values and statistics.
template <Backend B>
struct weights {
    tensor<B> values{}, statistics{};

    using T = typename B::value_type;

    [[nodiscard]] const T* of(const conv_norm& layer) const { return values.data() + layer.weight; }
    [[nodiscard]] batch_norm_parameters<T> norm(const conv_norm& layer) const {
        return {values.data() + layer.norm.weight, values.data() + layer.norm.bias, statistics.data() + layer.norm.mean,
                statistics.data() + layer.norm.variance};
    }
};

/// A flat, zeroed array of a table's length.
template <Backend B>
[[nodiscard]] tensor<B> make_flat(typename B::queue& q, std::size_t count) {
    auto made = make_tensor<B>(q, {1, count, 1, 1});
    fill_with<B>(q, made, typename B::value_type{0});
    return made;
}

/// Weights for scoring: each batch norm folded into the convolution before it, w' = w g / sqrt(v + epsilon) and a bias
/// b - m g / sqrt(v + epsilon); and what `prepare` made of them beforehand.
template <Backend B>
struct folded_weights {
    /// What is kept of one layer besides its plain weights, by method, so far as it was asked for.
    struct prepared {
        std::array<tensor<B>, methods> transformed{}, panels{};
        tensor<B> own{};
    };

    tensor<B> values{};  // as in the table: weights at a layer's weight, biases at its norm's bias
    std::unordered_map<std::size_t, prepared> layers{};  // by the layer's weight
    algorithm choice{algorithm::automatic};

    using T = typename B::value_type;

    [[nodiscard]] kernel_weights<T> of(const conv_norm& layer) const {
        kernel_weights<T> weights{.plain = values.data() + layer.weight, .weights = weights_are::kept};
        if (const auto found = layers.find(layer.weight); found != layers.end()) {
            weights.own = found->second.own.data();
            for (std::size_t how = 0; how < methods; ++how) {
                weights.transformed[how] = found->second.transformed[how].data();
                weights.panels[how] = found->second.panels[how].data();
            }
        }
        return weights;
    }
    [[nodiscard]] const T* bias(const conv_norm& layer) const { return values.data() + layer.norm.bias; }
};

/// Kernel over (taps x in) x out.
template <class T>
struct fold_kernel {
    const T* weight;
    batch_norm_parameters<T> norm;
    T *folded, *bias;
    std::size_t channels;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        using backend::fill, backend::load, backend::store;
        const P scale = load<P>(norm.weight + c) /
                        backend::root(load<P>(norm.running_variance + c) + fill<P>(static_cast<T>(batch_norm_epsilon)));
        store<P>(folded + r * channels + c, load<P>(weight + r * channels + c) * scale);
        if (r == 0) store<P>(bias + c, load<P>(norm.bias + c) - load<P>(norm.running_mean + c) * scale);
    }
};

/// Folds one layer from `from` into `to`, whose values have the table's length.
template <Backend B>
void fold(typename B::queue& q, const conv_norm& layer, const weights<B>& from, folded_weights<B>& to) {
    using T = typename B::value_type;
    const auto norm = from.norm(layer);
    B::apply(q, layer.conv.weight_count() / layer.conv.out, layer.conv.out,
             fold_kernel<T>{from.of(layer), norm, to.values.data() + layer.weight, to.values.data() + layer.norm.bias,
                            layer.conv.out});
}

/// Makes what a folded layer needs for inputs of this shape: weights for the backend's own convolution where the choice is the
/// rule's and it has one; else transformed weights where the rule's method has such, and the backend's panels where it has that
/// order (then the transformed weights themselves are not kept).
template <Backend B>
void prepare(typename B::queue& q, const conv_norm& layer, const shape& input, folded_weights<B>& weights) {
    auto& made = weights.layers[layer.weight];
    if constexpr (backend::OwnConvolution<B>) {
        const auto sizes = own_sizes(layer.conv, input);
        if (weights.choice == algorithm::automatic && !layer.conv.transposed && B::own_convolution(sizes)) {
            if (made.own.memory) return;
            made.own = make_tensor<B>(q, {1, B::own_weights_size(sizes), 1, 1});
            return B::own_weights(q, sizes, weights.values.data() + layer.weight, made.own.data());
        }
    }
    const method how = method_of(layer.conv, input, suited<B>(weights.choice), weights_are::kept);
    const auto at = static_cast<std::size_t>(how);
    if (made.transformed[at].memory || made.panels[at].memory) return;
    const auto* right = weights.values.data() + layer.weight;
    tensor<B> transformed;
    if (how != method::plain) {
        transformed = make_tensor<B>(q, {1, transformed_count(layer.conv, how), 1, 1});
        transform<B>(q, layer.conv, how, right, transformed.data());
        right = transformed.data();
    }
    if constexpr (requires(backend::tile_sizes sizes) { B::panels_size(sizes); }) {
        const auto sizes = product_of(layer.conv, how);
        made.panels[at] = make_tensor<B>(q, {1, B::panels_size(sizes), 1, 1});
        B::make_panels(q, sizes, {right}, made.panels[at].data());
    } else {
        made.transformed[at] = transformed;
    }
}

/// `y = [relu](convolution + bias [+ residual])` with folded weights.
template <Backend B>
[[nodiscard]] tensor<B> infer(typename B::queue& q, const conv_norm& layer, const folded_weights<B>& weights, const tensor<B>& x,
                              bool relu, const tensor<B>* residual = nullptr) {
    using T = typename B::value_type;
    auto y = make_tensor<B>(q, layer.conv.checked_result(x.shape));
    const backend::epilogue<T> finish{y.data(), layer.conv.out, weights.bias(layer), residual ? residual->data() : nullptr, relu};
    convolve<B>(q, layer.conv, x.shape, as_input(x), weights.of(layer), finish, weights.choice);
    return y;
}

}  // namespace rd4ad::nn
