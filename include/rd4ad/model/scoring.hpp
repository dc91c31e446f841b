// rd4ad/model/scoring.hpp: the model as it scores: batch norms folded, weights transformed, constant matrices of the map. Twin:
// tests/model/golden.cpp
#pragma once
#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include <rd4ad/model/model.hpp>
#include <rd4ad/nn/cosine_map.hpp>
#include <rd4ad/nn/separable_map.hpp>

namespace rd4ad {

/// Height and width the network takes: multiples of 32, else option_error.
inline void check_network_size(std::size_t height, std::size_t width) {
    if (height == 0 || width == 0 || height % 32 != 0 || width % 32 != 0)
        throw option_error{"image size " + std::to_string(width) + " x " + std::to_string(height) +
                           ": width and height must be multiples of 32, from 32 on"};
}

/// The folded teacher of a model, for batches of `size`.
template <Backend B>
[[nodiscard]] nn::folded_weights<B> fold_teacher(typename B::queue& q, const model<B>& m, const shape& size) {
    nn::folded_weights<B> folded{nn::make_flat<B>(q, m.teacher_net.table.value_count), {}, m.algorithm};
    m.teacher_net.for_each_layer(size, [&](const nn::conv_norm& layer, const shape& input) {
        nn::fold<B>(q, layer, m.teacher, folded);
        nn::prepare<B>(q, layer, input, folded);
        nn::prepare<B>(q, layer, {1, input.c, input.h, input.w}, folded);
    });
    return folded;
}

/// Everything scoring needs, for one image size: made once, then only read, so that several queues may share it.
template <Backend B>
struct scoring_network {
    teacher_network teacher_net;
    trained_network trained_net;
    nn::folded_weights<B> teacher, trained;
    std::array<nn::separable<B>, 3> enlarge;
    std::size_t height, width;

    /// `sigma`: of the Gaussian over the map, in pixels of the network's image; 0 for the raw map. `batch`: images expected
    /// at once; weights are prepared for that many and for one.
    scoring_network(model<B>& m, std::size_t batch, double sigma = map_sigma)
        : scoring_network{m, shape{batch, 3, m.settings.height, m.settings.width}, sigma} {}

    /// For images of that shape, whatever the model's settings say.
    scoring_network(model<B>& m, const shape& images, double sigma)
        : teacher_net{m.teacher_net}, trained_net{m.trained_net}, height{images.h}, width{images.w} {
        check_network_size(height, width);
        auto& q = m.queue;
        teacher = fold_teacher<B>(q, m, images);
        trained = {nn::make_flat<B>(q, trained_net.table.value_count), {}, m.algorithm};
        const auto visit = [&](const nn::conv_norm& layer, const shape& input) {
            nn::fold<B>(q, layer, m.trained, trained);
            nn::prepare<B>(q, layer, input, trained);
            nn::prepare<B>(q, layer, {1, input.c, input.h, input.w}, trained);
        };
        const shape first{images.n, 64 * m.arch->expansion(), height / 4, width / 4};
        trained_net.student.for_each_layer(trained_net.bottleneck.for_each_layer(first, visit), visit);
        for (std::size_t i = 0; i < 3; ++i) {
            const std::size_t stride = std::size_t{4} << i;
            enlarge[i] = nn::make_separable<B>(q, height / stride, width / stride, height, width, sigma);
        }
        q.wait();
    }

    /// Features of teacher and student for normalised images.
    [[nodiscard]] std::pair<features<B>, features<B>> compare(typename B::queue& q, const tensor<B>& images) const {
        auto t = infer<B>(q, teacher_net, teacher, images);
        auto s = infer<B>(q, trained_net.student, trained, infer<B>(q, trained_net.bottleneck, trained, t));
        return {std::move(t), std::move(s)};
    }

    /// The anomaly map, N x 1 x height x width: the sum over the scales of 1 - cosine, enlarged and blurred; in 0..3.
    [[nodiscard]] tensor<B> map(typename B::queue& q, const tensor<B>& images) const {
        if (images.shape.c != 3 || images.shape.h != height || images.shape.w != width)
            throw shape_error{"scoring: images of " + to_string(images.shape) + ", but the network was made for " +
                              to_string(shape{images.shape.n, 3, height, width})};
        const auto [t, s] = compare(q, images);
        auto out = make_tensor<B>(q, {images.shape.n, 1, height, width});
        for (std::size_t i = 0; i < 3; ++i) nn::add_separable<B>(q, enlarge[i], nn::cosine_map<B>(q, t[i], s[i]), i != 0, out);
        return out;
    }
};

}  // namespace rd4ad
