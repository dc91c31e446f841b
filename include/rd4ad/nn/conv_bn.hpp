// rd4ad/nn/conv_bn.hpp: a convolution and its batch norm, the network's unit: its parameters, training forward and
// backward. Inference: folded_weights.hpp. Twin: tests/nn/conv_bn.cpp
#pragma once
#include <cstddef>
#include <string>
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

/// Settings of a training pass: the algorithm, the share of a batch in the running statistics, the batch norms' variance guard,
/// and the share of the batch that this process computes.
struct training_mode {
    algorithm_preference preference{algorithm_preference::automatic};
    double momentum{batch_norm_momentum};
    double variance_guard{0};
    batch_share share{};
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
    saved.norm = batch_norm_forward<B>(q, saved.z, norm, mode.momentum, mode.variance_guard, mode.share);
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
