// rd4ad/model/scoring_model.hpp: a model in its form for scoring: settings, and the weights in the forms in use alone. Twin:
// tests/model/scoring_model.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/model/model.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// A network's layers with folded weights.
template <Backend B, class Network>
struct folded_network {
    Network layers;
    nn::folded_weights<B> weights;
};

/// Folds and prepares the layers of a network for batches of the shape that `for_each_layer` starts from, and for one image.
/// parameters(layer): the layer's nn::layer_parameters on the device, valid until the next call. The layers come in the order of
/// their sizes, largest first, so that little scratch memory is left when most of the prepared weights exist.
template <Backend B, class Network, class Parameters>
[[nodiscard]] nn::folded_weights<B> fold_layers(typename B::queue& q, const Network& network, const shape& input,
                                                nn::algorithm_preference preference, Parameters&& parameters) {
    std::vector<std::pair<const nn::conv_bn*, shape>> layers;
    network.for_each_layer(input, [&](const nn::conv_bn& layer, const shape& size) { layers.emplace_back(&layer, size); });
    std::stable_sort(layers.begin(), layers.end(),
                     [](const auto& a, const auto& b) { return a.first->conv.weight_count() > b.first->conv.weight_count(); });
    nn::folded_weights<B> folded{.preference = preference};
    nn::weight_preparer<B> preparer{q};
    for (const auto& [layer, size] : layers) {
        const shape inputs[]{size, {1, size.c, size.h, size.w}};
        preparer.add(*layer, inputs, parameters(*layer), folded);
    }
    q.wait();
    return folded;
}

/// The same with the weights of a model's network.
template <Backend B, class Network>
[[nodiscard]] nn::folded_weights<B> fold_network(typename B::queue& q, const weighted_network<B, Network>& network,
                                                 const shape& input, nn::algorithm_preference preference) {
    return fold_layers<B>(q, network.layers, input, preference,
                          [&](const nn::conv_bn& layer) { return nn::parameters_of<B>(layer, network.weights); });
}

/// The folded teacher of a model for batches of `images`.
template <Backend B>
[[nodiscard]] nn::folded_weights<B> fold_teacher(typename B::queue& q, const model<B>& m, const shape& images) {
    return fold_network<B>(q, m.teacher, images, m.algorithm);
}

/// A model for scoring alone: no plain weights, no statistics, nothing for training. Its memory: about that of the checkpoint,
/// and up to four times that of the 3x3 convolutions that Winograd's F(4x4, 3x3) computes. Move-only.
template <Backend B>
struct scoring_model {
    typename B::queue queue;
    const architecture* arch;
    model_settings settings{};
    std::string fault{};  ///< the first tensor with which no network can compute (see unusable_tensor); empty: none
    folded_network<B, teacher_network> teacher;
    folded_network<B, trainable_network> trainable;

    /// Without weights.
    scoring_model(const architecture& architecture, std::size_t threads)
        : queue{threads},
          arch{&architecture},
          teacher{teacher_network{architecture}, {}},
          trainable{trainable_network{architecture}, {}} {}

    /// The form for scoring of a model, for batches of images of this shape, and for one image. Images of other shapes are
    /// computed by the algorithms that these require. Throws option_error unless height and width are multiples of 32.
    scoring_model(model<B>& m, const shape& images) : scoring_model{*m.arch, m.queue.threads} {
        check_network_size(images.h, images.w);
        settings = m.settings;
        fault = unusable_tensor(m.queue, m);
        teacher.weights = fold_teacher<B>(m.queue, m, images);
        trainable.weights = fold_network<B>(m.queue, m.trainable, feature_shape(*m.arch, images, 0), m.algorithm);
    }
};

}  // namespace rd4ad::inline RD4AD_ABI
