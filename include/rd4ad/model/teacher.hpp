// rd4ad/model/teacher.hpp: the frozen ResNet up to layer3, and its three feature maps. Twin: tests/model/golden.cpp
#pragma once
#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include <rd4ad/model/arch.hpp>
#include <rd4ad/nn/pooling.hpp>
#include <rd4ad/nn/residual_block.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Features at strides 4, 8 and 16, of the teacher or of the student.
template <Backend B>
using features = std::array<tensor<B>, 3>;

/// Shape of the features at scale 0, 1 or 2 of `images`.
[[nodiscard]] inline shape feature_shape(const architecture& arch, const shape& images, std::size_t scale) {
    const std::size_t stride = std::size_t{4} << scale;
    return {images.n, (std::size_t{64} << scale) * arch.expansion(), images.h / stride, images.w / stride};
}

/// The teacher's layers, and the table of its parameters (torchvision's names under "teacher.").
struct teacher_network {
    nn::parameter_table table;
    nn::conv_bn stem;
    std::array<nn::stage, 3> layers;

    explicit teacher_network(const architecture& arch) {
        stem = nn::add_conv_bn(table, "teacher.conv1", "teacher.bn1", {3, 64, 7, 2, false});
        std::size_t in = 64;
        for (std::size_t i = 0; i < 3; ++i) {
            const std::size_t width = std::size_t{64} << i;
            layers[i] = nn::add_stage(table, "teacher.layer" + std::to_string(i + 1) + '.',
                                      {.deep = arch.deep, .in = in, .width = width, .inner_factor = arch.inner_factor},
                                      arch.blocks[i], i == 0 ? nn::direction::same : nn::direction::down);
            in = width * arch.expansion();
        }
    }

    /// Shape after the stem and its pooling.
    [[nodiscard]] shape after_stem(const shape& image) const {
        const shape half = stem.conv.output_shape(image);
        return {half.n, half.c, (half.h + 1) / 2, (half.w + 1) / 2};
    }

    /// Calls visit(layer, its input's shape) for every convolution.
    template <class Visit>
    void for_each_layer(const shape& image, const Visit& visit) const {
        visit(stem, image);
        shape size = after_stem(image);
        for (const auto& layer : layers) size = nn::for_each_layer(layer, size, visit);
    }
};

/// Features of normalised images, N x 3 x H x W with H and W multiples of 32.
template <Backend B>
[[nodiscard]] features<B> infer(typename B::queue& q, const teacher_network& net, const nn::folded_weights<B>& weights,
                                const tensor<B>& images) {
    features<B> found;
    tensor<B> x = nn::infer<B>(q, net.stem, weights, images, true);
    x = nn::max_pool<B>(q, x.shape, nn::no_prologue(x));
    for (std::size_t i = 0; i < 3; ++i) x = found[i] = nn::infer<B>(q, net.layers[i], weights, std::move(x));
    return found;
}

/// One pass in training mode that only updates the running statistics: it gives an untrained teacher the statistics of the
/// training images.
template <Backend B>
void measure_statistics(typename B::queue& q, const teacher_network& net, nn::weights<B>& weights, const tensor<B>& images,
                        const nn::training_mode& mode) {
    const auto stem = nn::forward<B>(q, net.stem, weights, images.shape, nn::no_prologue(images), mode);
    tensor<B> x = nn::max_pool<B>(q, stem.z.shape, stem.bn_relu());
    for (const auto& layer : net.layers)
        for (const auto& block : layer) x = nn::forward<B>(q, block, weights, x, mode).output;
}

}  // namespace rd4ad::inline RD4AD_ABI
