// rd4ad/train/step.hpp: one training step: forward, loss, backward, Adam. Twin: tests/train/step.cpp
#pragma once
#include <array>
#include <cstddef>

#include <rd4ad/model/model.hpp>
#include <rd4ad/nn/adam.hpp>
#include <rd4ad/nn/cosine_loss.hpp>
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

/// The loss on the teacher's features in training mode. The gradients of all trainable parameters go to `sink`; updates the
/// running statistics.
template <Backend B, nn::GradientSink<B> Sink>
[[nodiscard]] pending_loss<B> loss_and_gradient(model<B>& m, const features<B>& teacher, Sink& sink, double variance_guard = 0) {
    static_assert(!backend::narrow_products<B>, "train a model on a backend that multiplies in its values' type");
    auto& q = m.queue;
    auto& [layers, weights] = m.trainable;
    const nn::training_mode mode{.preference = m.algorithm, .variance_guard = variance_guard};
    auto bottleneck = forward<B>(q, layers.bottleneck, weights, teacher, mode);
    auto student = forward<B>(q, layers.student, weights, bottleneck.output(), mode);
    pending_loss<B> loss;
    for (std::size_t i = 0; i < 3; ++i) loss[i] = nn::cosine_distances<B>(q, teacher[i], student[2 - i].back().output);
    const auto add_loss = [&](std::size_t scale, tensor<B>& gradient, bool accumulate) {
        nn::cosine_gradient<B>(q, teacher[scale], student[2 - scale].back().output, loss[scale], accumulate, gradient);
    };
    const auto embedding = backward<B>(q, layers.student, weights, student, add_loss, sink, mode);
    backward<B>(q, layers.bottleneck, weights, bottleneck, embedding, sink, mode);
    return loss;
}

/// One training step on a batch of the teacher's features.
template <Backend B>
[[nodiscard]] pending_loss<B> train_step(model<B>& m, optimizer<B>& by, const features<B>& teacher) {
    reset_if_due<B>(m.queue, by.guards, by.adam);
    nn::adam_sink<B> adam{m.queue, by.options, m.trainable.weights.values, by.adam};
    auto loss = loss_and_gradient<B>(m, teacher, adam, by.guards.variance_guard);
    ++m.batches;
    return loss;
}

}  // namespace rd4ad::inline RD4AD_ABI
