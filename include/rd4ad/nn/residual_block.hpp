// rd4ad/nn/residual_block.hpp: the ResNet's block, down or up: two or three convolutions and a shortcut, forward and backward.
// Twin: tests/nn/residual_block.cpp
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <rd4ad/nn/gradient_sink.hpp>
#include <rd4ad/nn/weights.hpp>

namespace rd4ad::nn {

/// A residual block: result = relu(last norm + side), side the input itself or a strided convolution and norm of it.
struct residual_block {
    conv_norm first, second;
    std::optional<conv_norm> third, side;

    [[nodiscard]] const conv_norm& last() const { return third ? *third : second; }
    [[nodiscard]] shape result_of(const shape& input) const {
        const shape middle = second.conv.result_of(first.conv.result_of(input));
        return third ? third->conv.result_of(middle) : middle;
    }
};

/// Blocks one after the other.
using stage = std::vector<residual_block>;

/// How a stage changes the resolution.
enum class direction { same, down, up };

/// Widths of a stage's blocks.
struct block_sizes {
    bool deep;           ///< three convolutions (1x1, 3x3, 1x1) instead of two 3x3
    std::size_t in;      ///< channels that come in
    std::size_t planes;  ///< the stage's width; deep blocks put out four times as many
    std::size_t wide;    ///< factor of a deep block's inner width
};

/// Adds `count` blocks to the table under `prefix` ("bn.bn_layer."); the first changes the resolution. A strided block
/// going up has a 2x2 transposed convolution in its strided place, and on its shortcut.
[[nodiscard]] inline stage add_stage(parameter_table& table, const std::string& prefix, const block_sizes& sizes,
                                     std::size_t count, direction way) {
    const std::size_t out = sizes.planes * (sizes.deep ? 4 : 1), inner = sizes.deep ? sizes.planes * sizes.wide : sizes.planes;
    stage made;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string name = prefix + std::to_string(i) + '.';
        const std::size_t in = i == 0 ? sizes.in : out;
        const bool up = i == 0 && way == direction::up;
        const std::size_t stride = i == 0 && way == direction::down ? 2 : 1;
        const auto strided = [&](std::size_t from, std::size_t to, std::size_t kernel) {
            return up ? convolution{from, to, 2, 2, true} : convolution{from, to, kernel, stride, false};
        };
        residual_block block;
        if (sizes.deep) {
            block.first = table.add(name + "conv1", name + "bn1", {in, inner, 1, 1, false});
            block.second = table.add(name + "conv2", name + "bn2", strided(inner, inner, 3));
            block.third = table.add(name + "conv3", name + "bn3", {inner, out, 1, 1, false});
        } else {
            block.first = table.add(name + "conv1", name + "bn1", strided(in, out, 3));
            block.second = table.add(name + "conv2", name + "bn2", {out, out, 3, 1, false});
        }
        if (up || stride == 2 || in != out) {
            const std::string side = name + (way == direction::up ? "upsample." : "downsample.");
            block.side = table.add(side + '0', side + '1', strided(in, out, 1));
        }
        made.push_back(std::move(block));
    }
    return made;
}

/// Calls visit(layer, its input's shape) for the convolutions of a block, in the order they run.
template <class Visit>
void for_each_layer(const residual_block& block, const shape& input, const Visit& visit) {
    if (block.side) visit(*block.side, input);
    visit(block.first, input);
    const shape after_first = block.first.conv.result_of(input);
    visit(block.second, after_first);
    if (block.third) visit(*block.third, block.second.conv.result_of(after_first));
}

/// Calls visit(layer, its input's shape) for a stage; returns the stage's result's shape.
template <class Visit>
shape for_each_layer(const stage& blocks, shape input, const Visit& visit) {
    for (const auto& block : blocks) {
        for_each_layer(block, input, visit);
        input = block.result_of(input);
    }
    return input;
}

/// Scoring, with folded weights.
template <Backend B>
[[nodiscard]] tensor<B> infer(typename B::queue& q, const residual_block& block, const folded_weights<B>& weights,
                              const tensor<B>& x) {
    const tensor<B> side = block.side ? infer<B>(q, *block.side, weights, x, false) : x;
    tensor<B> y = infer<B>(q, block.first, weights, x, true);
    if (block.third) y = infer<B>(q, block.second, weights, y, true);
    return infer<B>(q, block.last(), weights, y, true, &side);
}

template <Backend B>
[[nodiscard]] tensor<B> infer(typename B::queue& q, const stage& blocks, const folded_weights<B>& weights, tensor<B> x) {
    for (const auto& block : blocks) x = infer<B>(q, block, weights, x);
    return x;
}

/// What a convolution with batch norm keeps for its backward: its result before the norm, and the norm's numbers. The
/// normalised result is never stored: whoever reads it normalises on the way.
template <Backend B>
struct conv_norm_trace {
    tensor<B> z{};
    batch_norm_trace<B> norm{};

    [[nodiscard]] normalised_input<typename B::value_type> rectified() const {
        return {z.data(), z.shape.c, norm.scale(), norm.shift()};
    }
};

/// What a block keeps for its backward.
template <Backend B>
struct block_trace {
    tensor<B> input{}, output{};
    conv_norm_trace<B> first{}, second{}, third{}, side{};
};

/// How training runs: the algorithm, the share of a batch in the running statistics, and the batch norms' variance guard.
struct training_mode {
    algorithm choice{algorithm::automatic};
    double momentum{batch_norm_momentum};
    double variance_guard{0};
};

/// Convolution and batch statistics in training.
template <Backend B, class Input>
[[nodiscard]] conv_norm_trace<B> forward(typename B::queue& q, const conv_norm& layer, const weights<B>& w, const shape& size,
                                         const Input& input, const training_mode& mode) {
    using T = typename B::value_type;
    conv_norm_trace<B> trace{make_tensor<B>(q, layer.conv.checked_result(size)), {}};
    convolve<B>(q, layer.conv, size, input, {w.of(layer)}, backend::epilogue<T>{trace.z.data(), layer.conv.out}, mode.choice);
    trace.norm = batch_norm_forward<B>(q, trace.z, w.norm(layer), mode.momentum, mode.variance_guard);
    return trace;
}

/// Kernel: y = relu(norm(z) + side), side plain or normalised.
template <class T>
struct block_sum {
    const T *z, *scale, *shift;
    const T *side, *side_scale, *side_shift;  // no scale: plain
    T* y;
    std::size_t channels;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        using backend::load, backend::multiply_add;
        const std::size_t at = r * channels + c;
        P other = load<P>(side + at);
        if (side_scale != nullptr) other = multiply_add(other, load<P>(side_scale + c), load<P>(side_shift + c));
        const P value = multiply_add(load<P>(z + at), load<P>(scale + c), load<P>(shift + c)) + other;
        backend::store<P>(y + at, backend::larger(backend::fill<P>(T{0}), value));
    }
};

/// Kernel: gradient = 0 where the result is not positive.
template <class T>
struct shut_where_zero {
    const T* result;
    T* gradient;
    std::size_t channels;
    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        const std::size_t at = r * channels + c;
        backend::store<P>(gradient + at, backend::where_positive(backend::load<P>(result + at), backend::load<P>(gradient + at)));
    }
};

/// Training forward: everything the backward needs, `output` the block's result.
template <Backend B>
[[nodiscard]] block_trace<B> forward(typename B::queue& q, const residual_block& block, const weights<B>& w, const tensor<B>& x,
                                     const training_mode& mode) {
    using T = typename B::value_type;
    block_trace<B> trace;
    trace.input = x;
    if (block.side) trace.side = forward<B>(q, *block.side, w, x.shape, as_input(x), mode);
    trace.first = forward<B>(q, block.first, w, x.shape, as_input(x), mode);
    trace.second = forward<B>(q, block.second, w, trace.first.z.shape, trace.first.rectified(), mode);
    if (block.third) trace.third = forward<B>(q, *block.third, w, trace.second.z.shape, trace.second.rectified(), mode);
    const auto& last = block.third ? trace.third : trace.second;
    trace.output = make_tensor<B>(q, last.z.shape);
    const bool plain = !block.side;
    B::apply(q, last.z.shape.pixels(), last.z.shape.c,
             block_sum<T>{last.z.data(), last.norm.scale(), last.norm.shift(), plain ? x.data() : trace.side.z.data(),
                          plain ? nullptr : trace.side.norm.scale(), plain ? nullptr : trace.side.norm.shift(),
                          trace.output.data(), last.z.shape.c});
    return trace;
}

/// Backward through the norm of a layer: `gradient` (of the norm's result) becomes that of the convolution's result.
template <Backend B>
void norm_backward(typename B::queue& q, const conv_norm_trace<B>& trace, bool rectified, const tensor<B>& gradient,
                   const tensor<B>& out, const layer_gradient<typename B::value_type>& to) {
    batch_norm_backward<B>(q, trace.z, trace.norm, rectified, gradient.data(), out.data(), to.norm_weight, to.norm_bias);
}

/// Training backward. `gradient`: of the block's result; it is overwritten, and so is the trace. The parameters' gradients go
/// to `sink`. Returns the gradient of the block's input, empty unless `wanted`.
template <Backend B, GradientSink<B> Sink>
[[nodiscard]] tensor<B> backward(typename B::queue& q, const residual_block& block, const weights<B>& w, block_trace<B>& trace,
                                 const tensor<B>& gradient, Sink& sink, bool wanted, const training_mode& mode) {
    using T = typename B::value_type;
    const shape in = trace.input.shape;
    B::apply(q, gradient.shape.pixels(), gradient.shape.c,
             shut_where_zero<T>{trace.output.data(), gradient.data(), gradient.shape.c});

    // from the result back to the first convolution; each step leaves the gradient of a convolution's result in `d`, where the
    // result itself was
    auto& last = block.third ? trace.third : trace.second;
    norm_backward<B>(q, last, false, gradient, last.z, sink.of(block.last()));
    tensor<B> d = std::move(last.z);
    const auto step_back = [&](const conv_norm& layer, const conv_norm& before, conv_norm_trace<B>& before_trace) {
        convolve_weight_gradient<B>(q, layer.conv, before_trace.z.shape, before_trace.rectified(), d.data(),
                                    sink.of(layer).weight, mode.choice);
        const auto back = make_tensor<B>(q, before_trace.z.shape);
        convolve_input_gradient<B>(q, layer.conv, before_trace.z.shape, d.data(), w.of(layer),
                                   backend::epilogue<T>{back.data(), before_trace.z.shape.c}, mode.choice);
        sink.done(layer);
        norm_backward<B>(q, before_trace, true, back, before_trace.z, sink.of(before));
        d = std::move(before_trace.z);
    };
    if (block.third) step_back(*block.third, block.second, trace.second);
    step_back(block.second, block.first, trace.first);
    convolve_weight_gradient<B>(q, block.first.conv, in, as_input(trace.input), d.data(), sink.of(block.first).weight,
                                mode.choice);

    tensor<B> shortcut = gradient;
    if (block.side) {
        norm_backward<B>(q, trace.side, false, gradient, gradient, sink.of(*block.side));
        convolve_weight_gradient<B>(q, block.side->conv, in, as_input(trace.input), gradient.data(), sink.of(*block.side).weight,
                                    mode.choice);
        if (wanted) {
            shortcut = make_tensor<B>(q, in);
            convolve_input_gradient<B>(q, block.side->conv, in, gradient.data(), w.of(*block.side),
                                       backend::epilogue<T>{shortcut.data(), in.c}, mode.choice);
        }
        sink.done(*block.side);
    }
    if (wanted)
        convolve_input_gradient<B>(q, block.first.conv, in, d.data(), w.of(block.first),
                                   backend::epilogue<T>{shortcut.data(), in.c, nullptr, shortcut.data()}, mode.choice);
    sink.done(block.first);
    return wanted ? shortcut : tensor<B>{};
}

/// Traces of a stage's blocks.
template <Backend B>
using stage_trace = std::vector<block_trace<B>>;

template <Backend B>
[[nodiscard]] stage_trace<B> forward(typename B::queue& q, const stage& blocks, const weights<B>& w, tensor<B> x,
                                     const training_mode& mode) {
    stage_trace<B> traces;
    for (const auto& block : blocks) {
        traces.push_back(forward<B>(q, block, w, x, mode));
        x = traces.back().output;
    }
    return traces;
}

/// As for one block, last block first; traces are let go as they are done with.
template <Backend B, GradientSink<B> Sink>
[[nodiscard]] tensor<B> backward(typename B::queue& q, const stage& blocks, const weights<B>& w, stage_trace<B>& traces,
                                 tensor<B> gradient, Sink& sink, bool wanted, const training_mode& mode) {
    for (std::size_t i = blocks.size(); i-- > 0;) {
        gradient = backward<B>(q, blocks[i], w, traces[i], gradient, sink, wanted || i > 0, mode);
        traces[i] = {};
    }
    return gradient;
}

}  // namespace rd4ad::nn
