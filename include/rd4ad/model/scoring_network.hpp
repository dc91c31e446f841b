// rd4ad/model/scoring_network.hpp: the network that scores inputs of one size: a model's prepared weights, and the map's
// matrices. Twin: tests/model/golden.cpp
#pragma once
#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <rd4ad/core/text.hpp>
#include <rd4ad/model/scoring_model.hpp>
#include <rd4ad/nn/anomaly_map.hpp>
#include <rd4ad/nn/cosine_map.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The network that scores inputs of one size. Read-only after construction, so several queues may share it. Networks of several
/// sizes share one model's weights.
template <Backend B>
struct scoring_network {
    std::shared_ptr<const scoring_model<B>> model;
    std::array<nn::upsampling<B>, 3> upsample;
    std::array<tensor<B>, 3> gains{}, offsets{};  // per position, 1 x 1 x h x w; empty unless the map's units have positions
    std::size_t height, width;

    /// For the model's input size. `batch`: expected images per call; weights are prepared for `batch` and for one image.
    /// `sigma`: of the Gaussian over the map, in pixels of the network's input; 0: none.
    scoring_network(rd4ad::model<B>& m, std::size_t batch, double sigma = map_sigma)
        : scoring_network{m, shape{batch, 3, m.settings.height, m.settings.width}, sigma} {}

    /// For images of the given shape. Throws as the next constructor does.
    scoring_network(rd4ad::model<B>& m, const shape& images, double sigma)
        : scoring_network{std::make_shared<scoring_model<B>>(m, images), images.h, images.w, sigma} {}

    /// For images of the given size, with the weights of a model, whose queue uploads the map's matrices: one such call at a
    /// time. Throws option_error unless height and width are multiples of 32, and for another size than that of the map's
    /// positions if its units have positions.
    scoring_network(const std::shared_ptr<scoring_model<B>>& of, std::size_t image_height, std::size_t image_width, double sigma)
        : model{of}, height{image_height}, width{image_width} {
        check_network_size(height, width);
        auto& q = of->queue;
        const auto& units = model->settings.units;
        for (std::size_t i = 0; i < 3; ++i) {
            const shape scale = feature_shape(*model->arch, {1, 3, height, width}, i);
            upsample[i] = nn::make_upsampling<B>(q, scale.h, scale.w, height, width, sigma, units.weights[i]);
            if (units.by_position()) upload_positions(q, units.positions[i], scale, i);
        }
        q.wait();
    }

    /// Features of teacher and student for normalised images.
    [[nodiscard]] std::pair<features<B>, features<B>> compare(typename B::queue& q, const tensor<B>& images) const {
        const auto& [layers, weights] = model->trainable;
        auto t = infer<B>(q, model->teacher.layers, model->teacher.weights, images);
        auto embedding = infer<B>(q, layers.bottleneck, weights, t);
        auto s = infer<B>(q, layers.student, weights, std::move(embedding));
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
