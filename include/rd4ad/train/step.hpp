// rd4ad/train/step.hpp: one training step: forward, loss, backward, Adam. Twin: tests/train/step.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>

#include <rd4ad/model/model.hpp>
#include <rd4ad/nn/adam.hpp>
#include <rd4ad/nn/cosine_loss.hpp>
#include <rd4ad/nn/cosine_map.hpp>
#include <rd4ad/train/spike_guards.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The optimizer of a model's trainable part.
template <Backend B>
struct optimizer {
    nn::adam_state<B> adam{};
    nn::adam_options options{};
    spike_guards guards{};
};

/// A new optimizer: moments 0, no steps.
template <Backend B>
[[nodiscard]] optimizer<B> make_optimizer(model<B>& m, const nn::adam_options& options = {}, const spike_guards& guards = {}) {
    const std::size_t count = m.trainable.layers.table.value_count;
    return {{nn::make_flat<B>(m.queue, count), nn::make_flat<B>(m.queue, count), 0}, options, guards};
}

/// The loss of a step that the device may still compute: per scale and image.
template <Backend B>
using pending_loss = std::array<tensor<B>, 3>;

/// Sum over scales of the mean over images of 1 - cos. Waits for the step.
template <Backend B>
[[nodiscard]] double value_of(typename B::queue& q, const pending_loss<B>& loss) {
    double total = 0;
    for (const auto& scale : loss) {
        const auto rows = to_host<B>(q, scale);
        for (std::size_t i = 0; i < rows.size(); i += 3) total += static_cast<double>(rows[i]);
    }
    return total;
}

/// How a step computes its loss and gradients.
struct loss_options {
    double variance_guard{0};  ///< see spike_guards
    /// Hard mining: a position takes part where its distance is at least the batch's mean + hard_from x standard deviation of
    /// that scale. Empty: all positions take part. The loss counts all positions. Source: ReContrast (Guo et al. 2023), eq. 5.
    std::optional<double> hard_from{};
};

/// The distances of each position and the least one that takes part, for one scale. Waits for the device.
template <Backend B>
struct hard_positions {
    tensor<B> distances{};
    typename B::value_type least{0};

    [[nodiscard]] nn::mined_positions<typename B::value_type> mined() const {
        return {.distances = distances.memory ? distances.data() : nullptr, .least = least};
    }
};

/// Chooses the hard positions of one scale (see loss_options).
template <Backend B>
[[nodiscard]] hard_positions<B> find_hard_positions(typename B::queue& q, const tensor<B>& teacher, const tensor<B>& student,
                                                    double hard_from) {
    hard_positions<B> found{.distances = nn::cosine_map<B>(q, teacher, student)};
    const auto values = to_host<B>(q, found.distances);
    double sum = 0, squares = 0;
    for (const auto value : values) {
        sum += static_cast<double>(value);
        squares += static_cast<double>(value) * static_cast<double>(value);
    }
    const double n = static_cast<double>(values.size()), mean = sum / n;
    found.least = static_cast<typename B::value_type>(mean + hard_from * std::sqrt(std::max(0.0, squares / n - mean * mean)));
    return found;
}

/// The loss on the teacher's features in training mode. The gradients of all trainable parameters go to `sink`; updates the
/// running statistics.
template <Backend B, nn::GradientSink<B> Sink>
[[nodiscard]] pending_loss<B> loss_and_gradient(model<B>& m, const features<B>& teacher, Sink& sink,
                                                const loss_options& options = {}) {
    static_assert(!backend::narrow_products<B>, "train a model on a backend that multiplies in its values' type");
    auto& q = m.queue;
    auto& [layers, weights] = m.trainable;
    const nn::training_mode mode{.preference = m.algorithm, .variance_guard = options.variance_guard};
    auto bottleneck = forward<B>(q, layers.bottleneck, weights, teacher, mode);
    auto student = forward<B>(q, layers.student, weights, bottleneck.output(), mode);
    pending_loss<B> loss;
    for (std::size_t i = 0; i < 3; ++i) loss[i] = nn::cosine_distances<B>(q, teacher[i], student[2 - i].back().output);
    const auto add_loss = [&](std::size_t scale, tensor<B>& gradient, bool accumulate) {
        const auto& output = student[2 - scale].back().output;
        hard_positions<B> hard;
        if (options.hard_from) hard = find_hard_positions<B>(q, teacher[scale], output, *options.hard_from);
        nn::cosine_gradient<B>(q, teacher[scale], output, loss[scale], accumulate, gradient, hard.mined());
    };
    const auto embedding = backward<B>(q, layers.student, weights, student, add_loss, sink, mode);
    backward<B>(q, layers.bottleneck, weights, bottleneck, embedding, sink, mode);
    return loss;
}

/// One training step on a batch of the teacher's features. hard_from: see loss_options.
template <Backend B>
[[nodiscard]] pending_loss<B> train_step(model<B>& m, optimizer<B>& by, const features<B>& teacher,
                                         std::optional<double> hard_from = {}) {
    reset_if_due<B>(m.queue, by.guards, by.adam);
    nn::adam_sink<B> adam{m.queue, by.options, m.trainable.weights.values, by.adam};
    auto loss = loss_and_gradient<B>(m, teacher, adam, {by.guards.variance_guard, hard_from});
    ++m.batches;
    return loss;
}

}  // namespace rd4ad::inline RD4AD_ABI
