// rd4ad/train/step.hpp: one training step: forward, loss, backward, Adam. Twin: tests/train/step.cpp
#pragma once
#include <array>
#include <cstddef>

#include <rd4ad/model/model.hpp>
#include <rd4ad/nn/adam.hpp>
#include <rd4ad/nn/cosine_loss.hpp>
#include <rd4ad/train/stability.hpp>

namespace rd4ad {

/// The optimizer's moments beside a model's trained values.
template <Backend B>
struct optimizer {
    nn::adam_state<B> adam{};
    nn::adam_options options{};
    stability stable{};
};

/// A fresh optimizer: moments 0, no steps.
template <Backend B>
[[nodiscard]] optimizer<B> make_optimizer(model<B>& m, const nn::adam_options& options = {}, const stability& stable = {}) {
    const std::size_t count = m.trained_net.table.value_count;
    return {{nn::make_flat<B>(m.queue, count), nn::make_flat<B>(m.queue, count), 0}, options, stable};
}

/// The loss of a step while it may still be being computed: per scale and image.
template <Backend B>
using pending_loss = std::array<tensor<B>, 3>;

/// Sum over scales of the mean over images of 1 - cos; waits for the step.
template <Backend B>
[[nodiscard]] double value_of(typename B::queue& q, const pending_loss<B>& loss) {
    double total = 0;
    for (const auto& scale : loss) {
        const auto rows = to_host<B>(q, scale);
        for (std::size_t i = 0; i < rows.size(); i += 3) total += static_cast<double>(rows[i]);
    }
    return total;
}

/// Loss of the model on the teacher's features in training mode; the gradients of all trained parameters go to `sink`, running
/// statistics are updated.
template <Backend B, nn::GradientSink<B> Sink>
[[nodiscard]] pending_loss<B> loss_and_gradient(model<B>& m, const features<B>& teacher, Sink& sink, double variance_guard = 0) {
    auto& q = m.queue;
    static_assert(!backend::narrow_products<B>, "a model is trained on a backend that multiplies in its values' own type");
    const nn::training_mode mode{.choice = m.algorithm, .variance_guard = variance_guard};
    auto bottleneck = forward<B>(q, m.trained_net.bottleneck, m.trained, teacher, mode);
    auto student = forward<B>(q, m.trained_net.student, m.trained, bottleneck.output(), mode);
    pending_loss<B> loss;
    for (std::size_t i = 0; i < 3; ++i) loss[i] = nn::cosine_distances<B>(q, teacher[i], student[2 - i].back().output);
    const auto add_loss = [&](std::size_t scale, const tensor<B>& slope, bool add) {
        nn::cosine_gradient<B>(q, teacher[scale], student[2 - scale].back().output, loss[scale], add, slope);
    };
    const auto embedding = backward<B>(q, m.trained_net.student, m.trained, student, add_loss, sink, mode);
    backward<B>(q, m.trained_net.bottleneck, m.trained, bottleneck, embedding, sink, mode);
    return loss;
}

/// One step of training.
template <Backend B>
[[nodiscard]] pending_loss<B> train_step(model<B>& m, optimizer<B>& by, const features<B>& teacher) {
    reset_if_due<B>(m.queue, by.stable, by.adam);
    nn::adam_sink<B> adam{m.queue, by.options, m.trained.values, by.adam};
    auto loss = loss_and_gradient<B>(m, teacher, adam, by.stable.variance_guard);
    ++m.batches;
    return loss;
}

}  // namespace rd4ad
