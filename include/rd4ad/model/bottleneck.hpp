// rd4ad/model/bottleneck.hpp: the OCBE: three features fused and compressed into one embedding, forward and backward. Twin:
// tests/model/golden.cpp
#pragma once
#include <cstddef>

#include <rd4ad/model/teacher.hpp>

namespace rd4ad {

/// The OCBE's layers under the authors' names ("bn."). conv4 and bn4 of their checkpoints are never used: names.hpp.
struct bottleneck_network {
    nn::conv_norm conv1, conv2, conv3;
    nn::stage layer;

    bottleneck_network(nn::parameter_table& table, const architecture& arch) {
        const std::size_t e = arch.expansion();
        layer = nn::add_stage(table, "bn.bn_layer.", {arch.deep, 3 * 256 * e, 512, arch.wide}, arch.bottleneck_blocks,
                              nn::direction::down);
        conv1 = table.add("bn.conv1", "bn.bn1", {64 * e, 128 * e, 3, 2, false});
        conv2 = table.add("bn.conv2", "bn.bn2", {128 * e, 256 * e, 3, 2, false});
        conv3 = table.add("bn.conv3", "bn.bn3", {128 * e, 256 * e, 3, 2, false});
    }

    /// Shape of the fused features, from those of the first.
    [[nodiscard]] shape fused(const shape& first) const { return {first.n, 3 * conv2.conv.out, first.h / 4, first.w / 4}; }

    /// Calls visit(layer, its input's shape) for every convolution; `first`: shape of the teacher's first features.
    template <class Visit>
    shape for_each_layer(const shape& first, const Visit& visit) const {
        visit(conv1, first);
        visit(conv2, conv1.conv.result_of(first));
        visit(conv3, shape{first.n, conv3.conv.in, first.h / 2, first.w / 2});
        return nn::for_each_layer(layer, fused(first), visit);
    }
};

/// Kernel: copies channels between rows of different widths, through the input's view.
template <class T, class Input>
struct copy_channels {
    Input input;
    T* to;
    std::size_t stride;
    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        backend::store<P>(to + r * stride + c, input.template get<P>(r, c));
    }
};

/// Writes an input of `channels` channels into the fused tensor, from channel `first` on.
template <Backend B, class Input>
void fuse(typename B::queue& q, const Input& input, std::size_t channels, const tensor<B>& fused, std::size_t first) {
    using T = typename B::value_type;
    B::apply(q, fused.shape.pixels(), channels, copy_channels<T, Input>{input, fused.data() + first, fused.shape.c});
}

/// Embedding at stride 32, with folded weights.
template <Backend B>
[[nodiscard]] tensor<B> infer(typename B::queue& q, const bottleneck_network& net, const nn::folded_weights<B>& weights,
                              const features<B>& teacher) {
    using T = typename B::value_type;
    const auto fused = make_tensor<B>(q, net.fused(teacher[0].shape));
    const std::size_t width = net.conv2.conv.out;
    const auto into = [&](const nn::conv_norm& layer, const tensor<B>& x, std::size_t first) {
        const backend::epilogue<T> finish{fused.data() + first, fused.shape.c, weights.bias(layer), nullptr, true};
        nn::convolve<B>(q, layer.conv, x.shape, nn::as_input(x), weights.of(layer), finish, weights.choice);
    };
    into(net.conv2, nn::infer<B>(q, net.conv1, weights, teacher[0], true), 0);
    into(net.conv3, teacher[1], width);
    fuse<B>(q, nn::as_input(teacher[2]), width, fused, 2 * width);
    return nn::infer<B>(q, net.layer, weights, fused);
}

/// What the OCBE keeps for its backward.
template <Backend B>
struct bottleneck_trace {
    features<B> teacher{};
    nn::conv_norm_trace<B> conv1{}, conv2{}, conv3{};
    nn::stage_trace<B> layer{};

    [[nodiscard]] const tensor<B>& output() const { return layer.back().output; }
};

template <Backend B>
[[nodiscard]] bottleneck_trace<B> forward(typename B::queue& q, const bottleneck_network& net, const nn::weights<B>& w,
                                          const features<B>& teacher, const nn::training_mode& mode) {
    bottleneck_trace<B> trace;
    trace.teacher = teacher;
    trace.conv1 = nn::forward<B>(q, net.conv1, w, teacher[0].shape, nn::as_input(teacher[0]), mode);
    trace.conv2 = nn::forward<B>(q, net.conv2, w, trace.conv1.z.shape, trace.conv1.rectified(), mode);
    trace.conv3 = nn::forward<B>(q, net.conv3, w, teacher[1].shape, nn::as_input(teacher[1]), mode);
    const auto fused = make_tensor<B>(q, net.fused(teacher[0].shape));
    const std::size_t width = net.conv2.conv.out;
    fuse<B>(q, trace.conv2.rectified(), width, fused, 0);
    fuse<B>(q, trace.conv3.rectified(), width, fused, width);
    fuse<B>(q, nn::as_input(teacher[2]), width, fused, 2 * width);
    trace.layer = nn::forward<B>(q, net.layer, w, fused, mode);
    return trace;
}

/// Backward from the gradient of the embedding (overwritten); the teacher's features need no gradient.
template <Backend B, nn::GradientSink<B> Sink>
void backward(typename B::queue& q, const bottleneck_network& net, const nn::weights<B>& w, bottleneck_trace<B>& trace,
              const tensor<B>& gradient, Sink& sink, const nn::training_mode& mode) {
    using T = typename B::value_type;
    const auto fused = nn::backward<B>(q, net.layer, w, trace.layer, gradient, sink, true, mode);
    const auto part = [&](const nn::conv_norm_trace<B>& layer, std::size_t first) {
        auto d = make_tensor<B>(q, layer.z.shape);
        const nn::plain_input<T> channels{fused.data() + first, fused.shape.c};
        B::apply(q, d.shape.pixels(), d.shape.c, copy_channels<T, nn::plain_input<T>>{channels, d.data(), d.shape.c});
        return d;
    };
    const auto d3 = part(trace.conv3, net.conv2.conv.out);
    nn::norm_backward<B>(q, trace.conv3, true, d3, d3, sink.of(net.conv3));
    nn::convolve_weight_gradient<B>(q, net.conv3.conv, trace.teacher[1].shape, nn::as_input(trace.teacher[1]), d3.data(),
                                    sink.of(net.conv3).weight, mode.choice);
    sink.done(net.conv3);
    const auto d2 = part(trace.conv2, 0);
    nn::norm_backward<B>(q, trace.conv2, true, d2, d2, sink.of(net.conv2));
    nn::convolve_weight_gradient<B>(q, net.conv2.conv, trace.conv1.z.shape, trace.conv1.rectified(), d2.data(),
                                    sink.of(net.conv2).weight, mode.choice);
    const auto d1 = make_tensor<B>(q, trace.conv1.z.shape);
    nn::convolve_input_gradient<B>(q, net.conv2.conv, d1.shape, d2.data(), w.of(net.conv2),
                                   backend::epilogue<T>{d1.data(), d1.shape.c}, mode.choice);
    sink.done(net.conv2);
    nn::norm_backward<B>(q, trace.conv1, true, d1, d1, sink.of(net.conv1));
    nn::convolve_weight_gradient<B>(q, net.conv1.conv, trace.teacher[0].shape, nn::as_input(trace.teacher[0]), d1.data(),
                                    sink.of(net.conv1).weight, mode.choice);
    sink.done(net.conv1);
}

}  // namespace rd4ad
