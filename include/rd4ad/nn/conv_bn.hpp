// rd4ad/nn/conv_bn.hpp: a convolution and its batch norm, the network's unit: folding, inference, training forward and backward.
// Twin: tests/nn/conv_bn.cpp
#pragma once
#include <array>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <rd4ad/nn/batch_norm.hpp>
#include <rd4ad/nn/convolution.hpp>
#include <rd4ad/nn/gradient_sink.hpp>
#include <rd4ad/nn/parameter.hpp>
#include <rd4ad/nn/weights.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

/// Offsets of a batch norm's values in the flat arrays: weight and bias among the values, mean and variance among the
/// statistics.
struct norm_layer {
    std::size_t channels{0}, weight{0}, bias{0}, mean{0}, variance{0};

    /// Values from the first weight to the last bias: the biases follow the weights.
    [[nodiscard]] std::size_t value_count() const { return bias + channels - weight; }
};

/// A convolution and the batch norm after it.
struct conv_bn {
    convolution conv;
    std::size_t weight{0};  ///< offset of the convolution's weights among the values
    norm_layer norm;
};

/// Adds a convolution and its batch norm to a table under their state-dict names ("layer1.0.conv1", "layer1.0.bn1").
[[nodiscard]] inline conv_bn add_conv_bn(parameter_table& table, const std::string& conv_name, const std::string& norm_name,
                                         const convolution& layer) {
    const std::size_t k = layer.kernel, channels = layer.out;
    std::vector<std::size_t> shape{layer.out, layer.in, k, k};
    if (layer.transposed) std::swap(shape[0], shape[1]);
    conv_bn made{layer, 0, {}};
    made.weight = table.add_value(conv_name + ".weight", std::move(shape), parameter_kind::convolution, layer);
    made.norm.channels = channels;
    made.norm.weight = table.add_value(norm_name + ".weight", {channels}, parameter_kind::norm_weight);
    made.norm.bias = table.add_value(norm_name + ".bias", {channels}, parameter_kind::norm_bias);
    made.norm.mean = table.add_statistic(norm_name + ".running_mean", {channels}, parameter_kind::running_mean);
    made.norm.variance = table.add_statistic(norm_name + ".running_var", {channels}, parameter_kind::running_variance);
    return made;
}

// Inference: folded weights

/// Weights for inference: each batch norm folded into its convolution, w' = w g / sqrt(v + epsilon) with the bias
/// b - m g / sqrt(v + epsilon); and their prepared forms.
template <Backend B>
struct folded_weights {
    using T = typename B::value_type;

    /// The prepared forms of one layer's weights, by algorithm.
    struct prepared_weights {
        std::array<tensor<B>, conv_algorithm_count> transformed{}, packed{};
        tensor<B> native{};
    };

    tensor<B> values{};  ///< laid out as the table: weights at a layer's weight, biases at its norm's bias
    std::unordered_map<std::size_t, prepared_weights> prepared{};  ///< by the layer's weight
    algorithm_preference preference{algorithm_preference::automatic};

    [[nodiscard]] kernel_weights<T> of(const conv_bn& layer) const {
        kernel_weights<T> weights{.plain = values.data() + layer.weight, .lifetime = weight_lifetime::persistent};
        if (const auto found = prepared.find(layer.weight); found != prepared.end()) {
            const prepared_weights& forms = found->second;
            weights.native = forms.native.data();
            for (std::size_t i = 0; i < conv_algorithm_count; ++i) {
                weights.transformed[i] = forms.transformed[i].data();
                weights.packed[i] = forms.packed[i].data();
            }
        }
        return weights;
    }
    [[nodiscard]] const T* bias(const conv_bn& layer) const { return values.data() + layer.norm.bias; }
};

/// Kernel over (taps x in) x out: folds a batch norm into its convolution.
template <class T>
struct fold_kernel {
    const T *weight, *norm_weight, *norm_bias, *running_mean, *running_variance;
    T *folded, *bias;
    std::size_t channels;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        using backend::broadcast, backend::load, backend::store;
        const P scale = load<P>(norm_weight + c) /
                        backend::sqrt(load<P>(running_variance + c) + broadcast<P>(static_cast<T>(batch_norm_epsilon)));
        store<P>(folded + r * channels + c, load<P>(weight + r * channels + c) * scale);
        if (r == 0) store<P>(bias + c, load<P>(norm_bias + c) - load<P>(running_mean + c) * scale);
    }

    [[nodiscard]] double values_moved(double visits) const { return 2 * visits; }
};

/// Folds one layer into `to`, whose values have the table's length.
template <Backend B>
void fold(typename B::queue& q, const conv_bn& layer, const weights<B>& from, folded_weights<B>& to) {
    using T = typename B::value_type;
    const T *values = from.values.data(), *statistics = from.statistics.data();
    B::apply(q, layer.conv.weight_count() / layer.conv.out, layer.conv.out,
             fold_kernel<T>{.weight = values + layer.weight,
                            .norm_weight = values + layer.norm.weight,
                            .norm_bias = values + layer.norm.bias,
                            .running_mean = statistics + layer.norm.mean,
                            .running_variance = statistics + layer.norm.variance,
                            .folded = to.values.data() + layer.weight,
                            .bias = to.values.data() + layer.norm.bias,
                            .channels = layer.conv.out});
}

/// Prepares a folded layer's weights for inputs of this shape: for the backend's native convolution where it has one and the
/// preference is automatic; else transformed for the selected algorithm, and packed where the backend packs (then the
/// transformed weights are not kept).
template <Backend B>
void prepare(typename B::queue& q, const conv_bn& layer, const shape& input, folded_weights<B>& weights) {
    auto& forms = weights.prepared[layer.weight];
    if constexpr (backend::HasNativeConvolution<B>) {
        const auto native = native_shape(layer.conv, input);
        if (weights.preference == algorithm_preference::automatic && !layer.conv.transposed && B::native_convolution(native)) {
            if (forms.native.memory) return;
            forms.native = make_tensor<B>(q, {1, B::native_weights_size(native), 1, 1});
            return B::pack_native_weights(q, native, weights.values.data() + layer.weight, forms.native.data());
        }
    }
    const auto algorithm =
        select_algorithm(layer.conv, input, resolve_preference<B>(weights.preference), weight_lifetime::persistent);
    const auto at = static_cast<std::size_t>(algorithm);
    if (forms.transformed[at].memory || forms.packed[at].memory) return;
    const auto* rhs = weights.values.data() + layer.weight;
    tensor<B> transformed;
    if (algorithm != conv_algorithm::im2col) {
        transformed = make_tensor<B>(q, {1, transformed_count(layer.conv, algorithm), 1, 1});
        transform_weights<B>(q, layer.conv, algorithm, rhs, transformed.data());
        rhs = transformed.data();
    }
    if constexpr (backend::HasPackedWeights<B>) {
        const auto gemm = gemm_shape_of(layer.conv, algorithm);
        forms.packed[at] = make_tensor<B>(q, {1, B::packed_size(gemm), 1, 1});
        B::pack_b(q, gemm, {rhs}, forms.packed[at].data());
    } else {
        forms.transformed[at] = transformed;
    }
}

/// y = [relu](convolution + bias [+ residual]) with folded weights.
template <Backend B>
[[nodiscard]] tensor<B> infer(typename B::queue& q, const conv_bn& layer, const folded_weights<B>& weights, const tensor<B>& x,
                              bool relu, const tensor<B>* residual = nullptr) {
    using T = typename B::value_type;
    auto y = make_tensor<B>(q, layer.conv.checked_output_shape(x.shape));
    const backend::epilogue<T> epilogue{.y = y.data(),
                                        .stride = layer.conv.out,
                                        .bias = weights.bias(layer),
                                        .residual = residual ? residual->data() : nullptr,
                                        .relu = relu};
    convolve<B>(q, layer.conv, x.shape, no_prologue(x), weights.of(layer), epilogue, weights.preference);
    return y;
}

// Training

/// Settings of a training pass: the algorithm, the share of a batch in the running statistics, and the batch norms' variance
/// guard.
struct training_mode {
    algorithm_preference preference{algorithm_preference::automatic};
    double momentum{batch_norm_momentum};
    double variance_guard{0};
};

/// The values that a convolution with batch norm keeps for its backward: the convolution's output and the norm's numbers. The
/// normalised output is never stored: the next layer's prologue computes it.
template <Backend B>
struct conv_bn_activations {
    tensor<B> z{};
    batch_norm_activations<B> norm{};

    /// Reads relu(norm(z)).
    [[nodiscard]] bn_relu_prologue<typename B::value_type> bn_relu() const {
        return {.x = z.data(), .stride = z.shape.c, .scale = norm.scale(), .shift = norm.shift()};
    }
};

/// Convolution and batch statistics; updates the running statistics in `w`.
template <Backend B, class Prologue>
[[nodiscard]] conv_bn_activations<B> forward(typename B::queue& q, const conv_bn& layer, weights<B>& w, const shape& size,
                                             const Prologue& input, const training_mode& mode) {
    using T = typename B::value_type;
    conv_bn_activations<B> saved{make_tensor<B>(q, layer.conv.checked_output_shape(size)), {}};
    convolve<B>(q, layer.conv, size, input, {.plain = w.values.data() + layer.weight},
                backend::epilogue<T>{.y = saved.z.data(), .stride = layer.conv.out}, mode.preference);
    const batch_norm_parameters<T> norm{.weight = w.values.data() + layer.norm.weight,
                                        .bias = w.values.data() + layer.norm.bias,
                                        .running_mean = w.statistics.data() + layer.norm.mean,
                                        .running_variance = w.statistics.data() + layer.norm.variance};
    saved.norm = batch_norm_forward<B>(q, saved.z, norm, mode.momentum, mode.variance_guard);
    return saved;
}

/// Backward of the norm: writes the gradient of z to `out`, which may be `gradient` or z itself; the norm's gradients go to
/// `sink`. gradient: of the norm's output, after the ReLU where `relu`.
template <Backend B, GradientSink<B> Sink>
void norm_backward(typename B::queue& q, const conv_bn& layer, const conv_bn_activations<B>& saved, bool relu,
                   const tensor<B>& gradient, tensor<B>& out, Sink& sink) {
    const auto to = sink.of(layer);
    batch_norm_backward<B>(q, saved.z, saved.norm, relu, gradient.data(),
                           {.x = out.data(), .weight = to.norm_weight, .bias = to.norm_bias});
}

/// Backward of the convolution to its weights; their gradient goes to `sink`. input, size: of the forward; d: the gradient
/// of z.
template <Backend B, class Prologue, GradientSink<B> Sink>
void weight_backward(typename B::queue& q, const conv_bn& layer, const shape& size, const Prologue& input, const tensor<B>& d,
                     Sink& sink, const training_mode& mode) {
    convolve_weight_gradient<B>(q, layer.conv, size, input, d.data(), sink.of(layer).weight, mode.preference);
}

/// Backward of the convolution to its input: writes the gradient, plus `residual` if given, to `out`, of the input's shape.
template <Backend B>
void input_backward(typename B::queue& q, const conv_bn& layer, const weights<B>& w, const tensor<B>& d, tensor<B>& out,
                    const training_mode& mode, const typename B::value_type* residual = nullptr) {
    using T = typename B::value_type;
    convolve_input_gradient<B>(q, layer.conv, out.shape, d.data(), w.values.data() + layer.weight,
                               backend::epilogue<T>{.y = out.data(), .stride = out.shape.c, .residual = residual},
                               mode.preference);
}

}  // namespace rd4ad::inline RD4AD_ABI::nn
