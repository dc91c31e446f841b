// rd4ad/model/bottleneck.hpp: the one-class bottleneck embedding (OCBE): fuses three features into one embedding. Twin:
// tests/model/golden.cpp
#pragma once
#include <cstddef>
#include <utility>

#include <rd4ad/model/teacher.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The OCBE's layers under the authors' names ("bn."). Their checkpoints also hold conv4 and bn4, which nothing uses:
/// unused_parameters.hpp.
struct bottleneck_network {
    nn::conv_bn conv1, conv2, conv3;
    nn::stage layer;

    bottleneck_network(nn::parameter_table& table, const architecture& arch) {
        const std::size_t e = arch.expansion();
        layer = nn::add_stage(table, "bn.bn_layer.",
                              {.deep = arch.deep, .in = 3 * 256 * e, .width = 512, .inner_factor = arch.inner_factor},
                              arch.bottleneck_blocks, nn::direction::down);
        conv1 = nn::add_conv_bn(table, "bn.conv1", "bn.bn1", {64 * e, 128 * e, 3, 2, false});
        conv2 = nn::add_conv_bn(table, "bn.conv2", "bn.bn2", {128 * e, 256 * e, 3, 2, false});
        conv3 = nn::add_conv_bn(table, "bn.conv3", "bn.bn3", {128 * e, 256 * e, 3, 2, false});
    }

    /// Shape of the fused features, from the shape of the first features.
    [[nodiscard]] shape fused(const shape& first) const { return {first.n, 3 * conv2.conv.out, first.h / 4, first.w / 4}; }

    /// Calls visit(layer, its input's shape) for every convolution; `first`: shape of the teacher's first features.
    template <class Visit>
    shape for_each_layer(const shape& first, const Visit& visit) const {
        visit(conv1, first);
        visit(conv2, conv1.conv.output_shape(first));
        visit(conv3, shape{first.n, conv3.conv.in, first.h / 2, first.w / 2});
        return nn::for_each_layer(layer, fused(first), visit);
    }
};

/// Kernel: copies channels, through a prologue, to rows of another width.
template <class T, class Prologue>
struct copy_channels {
    Prologue input;
    T* to;
    std::size_t stride;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        backend::store<P>(to + r * stride + c, input.template get<P>(r, c));
    }

    [[nodiscard]] double values_moved(double visits) const { return 2 * visits; }
};

/// Writes `channels` channels of an input into the fused tensor, from channel `first` on.
template <Backend B, class Prologue>
void fuse(typename B::queue& q, const Prologue& input, std::size_t channels, tensor<B>& fused, std::size_t first) {
    using T = typename B::value_type;
    B::apply(q, fused.shape.pixels(), channels,
             copy_channels<T, Prologue>{.input = input, .to = fused.data() + first, .stride = fused.shape.c});
}

/// The embedding at stride 32, with folded weights.
template <Backend B>
[[nodiscard]] tensor<B> infer(typename B::queue& q, const bottleneck_network& net, const nn::folded_weights<B>& weights,
                              const features<B>& teacher) {
    using T = typename B::value_type;
    auto fused = make_tensor<B>(q, net.fused(teacher[0].shape));
    const std::size_t width = net.conv2.conv.out;
    const auto infer_into = [&](const nn::conv_bn& layer, const tensor<B>& x, std::size_t first) {
        const backend::epilogue<T> epilogue{
            .y = fused.data() + first, .stride = fused.shape.c, .bias = weights.bias(layer), .relu = true};
        nn::convolve<B>(q, layer.conv, x.shape, nn::no_prologue(x), weights.of(layer).forms(), epilogue, weights.preference);
    };
    infer_into(net.conv2, nn::infer<B>(q, net.conv1, weights, teacher[0], true), 0);
    infer_into(net.conv3, teacher[1], width);
    fuse<B>(q, nn::no_prologue(teacher[2]), width, fused, 2 * width);
    return nn::infer<B>(q, net.layer, weights, std::move(fused));
}

/// The values that the OCBE keeps for its backward.
template <Backend B>
struct bottleneck_activations {
    features<B> teacher{};
    nn::conv_bn_activations<B> conv1{}, conv2{}, conv3{};
    nn::stage_activations<B> layer{};

    [[nodiscard]] const tensor<B>& output() const { return layer.back().output; }
};

template <Backend B>
[[nodiscard]] bottleneck_activations<B> forward(typename B::queue& q, const bottleneck_network& net, nn::weights<B>& w,
                                                const features<B>& teacher, const nn::training_mode& mode) {
    bottleneck_activations<B> saved;
    saved.teacher = teacher;
    saved.conv1 = nn::forward<B>(q, net.conv1, w, teacher[0].shape, nn::no_prologue(teacher[0]), mode);
    saved.conv2 = nn::forward<B>(q, net.conv2, w, saved.conv1.z.shape, saved.conv1.bn_relu(), mode);
    saved.conv3 = nn::forward<B>(q, net.conv3, w, teacher[1].shape, nn::no_prologue(teacher[1]), mode);
    auto fused = make_tensor<B>(q, net.fused(teacher[0].shape));
    const std::size_t width = net.conv2.conv.out;
    fuse<B>(q, saved.conv2.bn_relu(), width, fused, 0);
    fuse<B>(q, saved.conv3.bn_relu(), width, fused, width);
    fuse<B>(q, nn::no_prologue(teacher[2]), width, fused, 2 * width);
    saved.layer = nn::forward<B>(q, net.layer, w, fused, mode);
    return saved;
}

/// Backward from the embedding's gradient, which is overwritten. The frozen teacher's features need no gradient.
template <Backend B, nn::GradientSink<B> Sink>
void backward(typename B::queue& q, const bottleneck_network& net, const nn::weights<B>& w, bottleneck_activations<B>& saved,
              const tensor<B>& gradient, Sink& sink, const nn::training_mode& mode) {
    using T = typename B::value_type;
    const auto fused = nn::backward<B>(q, net.layer, w, saved.layer, gradient, sink, true, mode);
    const auto branch_gradient = [&](const nn::conv_bn_activations<B>& branch, std::size_t first) {
        auto d = make_tensor<B>(q, branch.z.shape);
        const nn::identity_prologue<T> channels{.x = fused.data() + first, .stride = fused.shape.c};
        B::apply(q, d.shape.pixels(), d.shape.c,
                 copy_channels<T, nn::identity_prologue<T>>{.input = channels, .to = d.data(), .stride = d.shape.c});
        return d;
    };
    auto d3 = branch_gradient(saved.conv3, net.conv2.conv.out);
    nn::norm_backward<B>(q, net.conv3, saved.conv3, true, d3, d3, sink);
    nn::weight_backward<B>(q, net.conv3, saved.teacher[1].shape, nn::no_prologue(saved.teacher[1]), d3, sink, mode);
    sink.done(net.conv3);
    auto d2 = branch_gradient(saved.conv2, 0);
    nn::norm_backward<B>(q, net.conv2, saved.conv2, true, d2, d2, sink);
    nn::weight_backward<B>(q, net.conv2, saved.conv1.z.shape, saved.conv1.bn_relu(), d2, sink, mode);
    auto d1 = make_tensor<B>(q, saved.conv1.z.shape);
    nn::input_backward<B>(q, net.conv2, w, d2, d1, mode);
    sink.done(net.conv2);
    nn::norm_backward<B>(q, net.conv1, saved.conv1, true, d1, d1, sink);
    nn::weight_backward<B>(q, net.conv1, saved.teacher[0].shape, nn::no_prologue(saved.teacher[0]), d1, sink, mode);
    sink.done(net.conv1);
}

}  // namespace rd4ad::inline RD4AD_ABI
