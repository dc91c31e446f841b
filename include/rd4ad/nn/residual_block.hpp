// rd4ad/nn/residual_block.hpp: the ResNet's block, down or up: two or three convolutions and a shortcut. Twin:
// tests/nn/residual_block.cpp
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/nn/folded_weights.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

/// output = relu(last norm + shortcut); the shortcut is the input itself, or a strided convolution with batch norm of it.
struct residual_block {
    conv_bn first, second;
    std::optional<conv_bn> third, shortcut;

    [[nodiscard]] const conv_bn& last() const { return third ? *third : second; }
    [[nodiscard]] shape output_shape(const shape& input) const {
        const shape middle = second.conv.output_shape(first.conv.output_shape(input));
        return third ? third->conv.output_shape(middle) : middle;
    }
};

/// Blocks in sequence.
using stage = std::vector<residual_block>;

/// The change of resolution in a stage.
enum class direction { same, down, up };

/// Widths of a stage's blocks.
struct block_sizes {
    bool deep;                 ///< three convolutions (1x1, 3x3, 1x1) instead of two 3x3
    std::size_t in;            ///< input channels
    std::size_t width;         ///< the stage's width; deep blocks output four times as many channels
    std::size_t inner_factor;  ///< a deep block's inner width, as a multiple of the stage's
};

/// Adds one block to the table under `name` ("bn.bn_layer.0."). A block that goes up has a 2x2 transposed convolution in place
/// of its strided one, and on its shortcut.
[[nodiscard]] inline residual_block add_block(parameter_table& table, const std::string& name, const block_sizes& sizes,
                                              direction way) {
    const std::size_t in = sizes.in, out = sizes.width * (sizes.deep ? 4 : 1),
                      inner = sizes.deep ? sizes.width * sizes.inner_factor : sizes.width;
    const bool up = way == direction::up;
    const std::size_t stride = way == direction::down ? 2 : 1;
    const auto add = [&](const std::string& conv, const std::string& norm, const convolution& layer) {
        return add_conv_bn(table, name + conv, name + norm, layer);
    };
    const auto strided = [&](std::size_t from, std::size_t to, std::size_t kernel) {
        return up ? convolution{from, to, 2, 2, true} : convolution{from, to, kernel, stride, false};
    };
    residual_block block;
    if (sizes.deep) {
        block.first = add("conv1", "bn1", {in, inner, 1, 1, false});
        block.second = add("conv2", "bn2", strided(inner, inner, 3));
        block.third = add("conv3", "bn3", {inner, out, 1, 1, false});
    } else {
        block.first = add("conv1", "bn1", strided(in, out, 3));
        block.second = add("conv2", "bn2", {out, out, 3, 1, false});
    }
    if (up || stride == 2 || in != out) {
        const std::string sample = up ? "upsample." : "downsample.";
        block.shortcut = add(sample + '0', sample + '1', strided(in, out, 1));
    }
    return block;
}

/// Adds `count` blocks to the table under `prefix` ("bn.bn_layer."); the first one changes the resolution.
[[nodiscard]] inline stage add_stage(parameter_table& table, const std::string& prefix, const block_sizes& sizes,
                                     std::size_t count, direction way) {
    stage made;
    for (std::size_t i = 0; i < count; ++i) {
        block_sizes block = sizes;
        if (i > 0) block.in = sizes.width * (sizes.deep ? 4 : 1);
        made.push_back(add_block(table, prefix + std::to_string(i) + '.', block, i == 0 ? way : direction::same));
    }
    return made;
}

/// Calls visit(layer, its input's shape) for the convolutions of a block, in the order of computation.
template <class Visit>
void for_each_layer(const residual_block& block, const shape& input, const Visit& visit) {
    if (block.shortcut) visit(*block.shortcut, input);
    visit(block.first, input);
    const shape after_first = block.first.conv.output_shape(input);
    visit(block.second, after_first);
    if (block.third) visit(*block.third, block.second.conv.output_shape(after_first));
}

/// Calls visit(layer, its input's shape) for a stage; returns the shape of the stage's output.
template <class Visit>
shape for_each_layer(const stage& blocks, shape input, const Visit& visit) {
    for (const auto& block : blocks) {
        for_each_layer(block, input, visit);
        input = block.output_shape(input);
    }
    return input;
}

/// Inference with folded weights. x: freed as soon as the block has read it, if nothing else holds it.
template <Backend B>
[[nodiscard]] tensor<B> infer(typename B::queue& q, const residual_block& block, const folded_weights<B>& weights, tensor<B> x) {
    tensor<B> y = infer<B>(q, block.first, weights, x, true);
    tensor<B> shortcut = block.shortcut ? infer<B>(q, *block.shortcut, weights, x, false) : x;
    x = {};
    if (block.third) y = infer<B>(q, block.second, weights, y, true);
    return infer_onto<B>(q, block.last(), weights, y, std::move(shortcut));
}

template <Backend B>
[[nodiscard]] tensor<B> infer(typename B::queue& q, const stage& blocks, const folded_weights<B>& weights, tensor<B> x) {
    for (const auto& block : blocks) x = infer<B>(q, block, weights, std::move(x));
    return x;
}

/// The values that a block keeps for its backward.
template <Backend B>
struct block_activations {
    tensor<B> input{}, output{};
    conv_bn_activations<B> first{}, second{}, third{}, shortcut{};
};

/// Kernel: y = relu(norm(z) + shortcut), the shortcut plain or normalised.
template <class T>
struct residual_sum {
    const T *z, *scale, *shift;
    const T *shortcut, *shortcut_scale, *shortcut_shift;  // no scale: plain
    T* y;
    std::size_t channels;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        using backend::load, backend::mul_add;
        const std::size_t at = r * channels + c;
        P other = load<P>(shortcut + at);
        if (shortcut_scale != nullptr) other = mul_add(other, load<P>(shortcut_scale + c), load<P>(shortcut_shift + c));
        const P value = mul_add(load<P>(z + at), load<P>(scale + c), load<P>(shift + c)) + other;
        backend::store<P>(y + at, backend::max(backend::broadcast<P>(T{0}), value));
    }

    [[nodiscard]] double values_moved(double visits) const { return 3 * visits; }
};

/// Kernel: clears the gradient where the ReLU's output is not positive.
template <class T>
struct relu_backward {
    const T* output;
    T* gradient;
    std::size_t channels;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        const std::size_t at = r * channels + c;
        backend::store<P>(gradient + at,
                          backend::select_positive(backend::load<P>(output + at), backend::load<P>(gradient + at)));
    }

    [[nodiscard]] double values_moved(double visits) const { return 3 * visits; }
};

/// Training forward; `output` of the returned activations is the block's output.
template <Backend B>
[[nodiscard]] block_activations<B> forward(typename B::queue& q, const residual_block& block, weights<B>& w, const tensor<B>& x,
                                           const training_mode& mode) {
    using T = typename B::value_type;
    block_activations<B> saved;
    saved.input = x;
    if (block.shortcut) saved.shortcut = forward<B>(q, *block.shortcut, w, x.shape, no_prologue(x), mode);
    saved.first = forward<B>(q, block.first, w, x.shape, no_prologue(x), mode);
    saved.second = forward<B>(q, block.second, w, saved.first.z.shape, saved.first.bn_relu(), mode);
    if (block.third) saved.third = forward<B>(q, *block.third, w, saved.second.z.shape, saved.second.bn_relu(), mode);
    const auto& last = block.third ? saved.third : saved.second;
    const auto& shortcut = saved.shortcut;
    saved.output = make_tensor<B>(q, last.z.shape);
    B::apply(q, last.z.shape.pixels(), last.z.shape.c,
             residual_sum<T>{.z = last.z.data(),
                             .scale = last.norm.scale(),
                             .shift = last.norm.shift(),
                             .shortcut = block.shortcut ? shortcut.z.data() : x.data(),
                             .shortcut_scale = block.shortcut ? shortcut.norm.scale() : nullptr,
                             .shortcut_shift = block.shortcut ? shortcut.norm.shift() : nullptr,
                             .y = saved.output.data(),
                             .channels = last.z.shape.c});
    return saved;
}

/// Training backward. gradient: of the block's output; it is overwritten, and so are the activations. The parameters'
/// gradients go to `sink`. Returns the gradient of the block's input, or an empty tensor unless `wanted`.
template <Backend B, GradientSink<B> Sink>
[[nodiscard]] tensor<B> backward(typename B::queue& q, const residual_block& block, const weights<B>& w,
                                 block_activations<B>& saved, tensor<B>& gradient, Sink& sink, bool wanted,
                                 const training_mode& mode) {
    using T = typename B::value_type;
    const shape in = saved.input.shape;
    B::apply(q, gradient.shape.pixels(), gradient.shape.c,
             relu_backward<T>{
                 .output = std::as_const(saved.output).data(), .gradient = gradient.data(), .channels = gradient.shape.c});

    // From the output back to the first convolution. Each step leaves the gradient of a convolution's output in `d`, in the
    // memory of that output.
    auto& last = block.third ? saved.third : saved.second;
    norm_backward<B>(q, block.last(), last, false, gradient, last.z, sink);
    tensor<B> d = std::move(last.z);
    const auto step_back = [&](const conv_bn& layer, const conv_bn& before, conv_bn_activations<B>& before_saved) {
        weight_backward<B>(q, layer, before_saved.z.shape, before_saved.bn_relu(), d, sink, mode);
        auto back = make_tensor<B>(q, before_saved.z.shape);
        input_backward<B>(q, layer, w, d, back, mode);
        sink.done(layer);
        norm_backward<B>(q, before, before_saved, true, back, before_saved.z, sink);
        d = std::move(before_saved.z);
    };
    if (block.third) step_back(*block.third, block.second, saved.second);
    step_back(block.second, block.first, saved.first);
    weight_backward<B>(q, block.first, in, no_prologue(saved.input), d, sink, mode);

    tensor<B> input_gradient = gradient;  // by the shortcut
    if (block.shortcut) {
        norm_backward<B>(q, *block.shortcut, saved.shortcut, false, gradient, gradient, sink);
        weight_backward<B>(q, *block.shortcut, in, no_prologue(saved.input), gradient, sink, mode);
        if (wanted) {
            input_gradient = make_tensor<B>(q, in);
            input_backward<B>(q, *block.shortcut, w, gradient, input_gradient, mode);
        }
        sink.done(*block.shortcut);
    }
    if (wanted) input_backward<B>(q, block.first, w, d, input_gradient, mode, input_gradient.data());
    sink.done(block.first);
    return wanted ? input_gradient : tensor<B>{};
}

/// The values that a stage keeps for its backward, block by block.
template <Backend B>
using stage_activations = std::vector<block_activations<B>>;

template <Backend B>
[[nodiscard]] stage_activations<B> forward(typename B::queue& q, const stage& blocks, weights<B>& w, tensor<B> x,
                                           const training_mode& mode) {
    stage_activations<B> saved;
    for (const auto& block : blocks) {
        saved.push_back(forward<B>(q, block, w, x, mode));
        x = saved.back().output;
    }
    return saved;
}

/// Backward of a stage, last block first; frees each block's activations after use.
template <Backend B, GradientSink<B> Sink>
[[nodiscard]] tensor<B> backward(typename B::queue& q, const stage& blocks, const weights<B>& w, stage_activations<B>& saved,
                                 tensor<B> gradient, Sink& sink, bool wanted, const training_mode& mode) {
    for (std::size_t i = blocks.size(); i-- > 0;) {
        gradient = backward<B>(q, blocks[i], w, saved[i], gradient, sink, wanted || i > 0, mode);
        saved[i] = {};
    }
    return gradient;
}

}  // namespace rd4ad::inline RD4AD_ABI::nn
