// rd4ad/model/scoring_network.hpp: the model in its form for scoring: folded and prepared weights, and the map's matrices. Twin:
// tests/model/golden.cpp
#pragma once
#include <array>
#include <cstddef>
#include <utility>

#include <rd4ad/core/text.hpp>
#include <rd4ad/model/model.hpp>
#include <rd4ad/nn/anomaly_map.hpp>
#include <rd4ad/nn/cosine_map.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Folds and prepares the layers of a network for batches of the shape that `for_each_layer` starts from, and for one image.
template <Backend B, class Network>
[[nodiscard]] nn::folded_weights<B> fold_network(typename B::queue& q, const weighted_network<B, Network>& network,
                                                 const shape& input, nn::algorithm_preference preference) {
    nn::folded_weights<B> folded{.values = nn::make_flat<B>(q, network.layers.table.value_count), .preference = preference};
    network.layers.for_each_layer(input, [&](const nn::conv_bn& layer, const shape& size) {
        nn::fold<B>(q, layer, network.weights, folded);
        nn::prepare<B>(q, layer, size, folded);
        nn::prepare<B>(q, layer, {1, size.c, size.h, size.w}, folded);
    });
    return folded;
}

/// The folded teacher of a model for batches of `images`.
template <Backend B>
[[nodiscard]] nn::folded_weights<B> fold_teacher(typename B::queue& q, const model<B>& m, const shape& images) {
    return fold_network<B>(q, m.teacher, images, m.algorithm);
}

/// A network's layers with folded weights.
template <Backend B, class Network>
struct folded_network {
    Network layers;
    nn::folded_weights<B> weights;
};

/// Everything that scoring needs for one input size. Read-only after construction, so several queues may share it.
template <Backend B>
struct scoring_network {
    folded_network<B, teacher_network> teacher;
    folded_network<B, trainable_network> trainable;
    std::array<nn::upsampling<B>, 3> upsample;
    std::array<tensor<B>, 3> gains{}, offsets{};  // per position, 1 x 1 x h x w; empty unless the map's units have positions
    std::size_t height, width;

    /// For the model's input size. `batch`: expected images per call; weights are prepared for `batch` and for one image.
    /// `sigma`: of the Gaussian over the map, in pixels of the network's input; 0: none.
    scoring_network(model<B>& m, std::size_t batch, double sigma = map_sigma)
        : scoring_network{m, shape{batch, 3, m.settings.height, m.settings.width}, sigma} {}

    /// For images of the given shape. Throws option_error unless its height and width are multiples of 32, and for another size
    /// than that of the map's positions if its units have positions.
    scoring_network(model<B>& m, const shape& images, double sigma)
        : teacher{m.teacher.layers, {}}, trainable{m.trainable.layers, {}}, height{images.h}, width{images.w} {
        check_network_size(height, width);
        auto& q = m.queue;
        teacher.weights = fold_teacher<B>(q, m, images);
        trainable.weights = fold_network<B>(q, m.trainable, feature_shape(*m.arch, images, 0), m.algorithm);
        for (std::size_t i = 0; i < 3; ++i) {
            const shape scale = feature_shape(*m.arch, images, i);
            upsample[i] = nn::make_upsampling<B>(q, scale.h, scale.w, height, width, sigma, m.settings.units.weights[i]);
            if (m.settings.units.by_position()) upload_positions(q, m.settings.units.positions[i], scale, i);
        }
        q.wait();
    }

    /// Features of teacher and student for normalised images.
    [[nodiscard]] std::pair<features<B>, features<B>> compare(typename B::queue& q, const tensor<B>& images) const {
        auto t = infer<B>(q, teacher.layers, teacher.weights, images);
        const auto embedding = infer<B>(q, trainable.layers.bottleneck, trainable.weights, t);
        auto s = infer<B>(q, trainable.layers.student, trainable.weights, embedding);
        return {std::move(t), std::move(s)};
    }

    /// The anomaly map, N x 1 x height x width, in the model's units: the sum over the scales, upsampled and blurred. Throws
    /// shape_error for images of another size.
    [[nodiscard]] tensor<B> map(typename B::queue& q, const tensor<B>& images) const {
        if (images.shape.c != 3 || images.shape.h != height || images.shape.w != width)
            throw shape_error{text("scoring: images of ", to_string(shape{images.shape.n, 3, height, width}), " expected, found ",
                                   to_string(images.shape))};
        const auto [t, s] = compare(q, images);
        auto out = make_tensor<B>(q, {images.shape.n, 1, height, width});
        for (std::size_t i = 0; i < 3; ++i)
            nn::add_upsampled<B>(q, upsample[i], nn::cosine_map<B>(q, t[i], s[i], gains_of(i)), i != 0, out);
        return out;
    }

   private:
    [[nodiscard]] nn::position_gains<typename B::value_type> gains_of(std::size_t scale) const {
        if (!gains[scale].memory) return {};
        return {.gain = gains[scale].data(), .offset = offsets[scale].data()};
    }

    void upload_positions(typename B::queue& q, const position_units& from, const shape& scale, std::size_t i) {
        using T = typename B::value_type;
        if (from.height != scale.h || from.width != scale.w)
            throw option_error{text("scoring: the map's units are those of an input with ", from.height, 'x', from.width,
                                    " positions (height x width) at stride ", 4u << i, ", found ", scale.h, 'x', scale.w,
                                    "; give images of the trained size, or train with --map scales")};
        const auto upload = [&](const std::vector<float>& values) {
            return to_device<B>(q, {1, 1, scale.h, scale.w}, std::vector<T>(values.begin(), values.end()));
        };
        gains[i] = upload(from.gain);
        offsets[i] = upload(from.offset);
    }
};

}  // namespace rd4ad::inline RD4AD_ABI
