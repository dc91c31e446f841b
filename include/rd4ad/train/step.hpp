// rd4ad/train/step.hpp: one training step: forward, loss, backward, Adam. Twin: tests/train/step.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <optional>
#include <vector>

#include <rd4ad/core/communicator.hpp>
#include <rd4ad/model/model.hpp>
#include <rd4ad/nn/adam.hpp>
#include <rd4ad/nn/batch_share.hpp>
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

/// Sum over scales of the mean over images of 1 - cos. Waits for the step. ranks: that share the batch; null: none.
template <Backend B>
[[nodiscard]] double value_of(typename B::queue& q, const pending_loss<B>& loss, communicator* ranks = nullptr) {
    double total = 0;
    for (const auto& scale : loss) {
        const auto rows = to_host<B>(q, scale);
        for (std::size_t i = 0; i < rows.size(); i += 3) total += static_cast<double>(rows[i]);
    }
    if (ranks == nullptr) return total;
    const auto parts = ranks->gather_values({&total, 1});
    return std::accumulate(parts.begin(), parts.end(), 0.0);
}

/// How a step computes its loss and gradients.
struct loss_options {
    double variance_guard{0};  ///< see spike_guards
    /// Hard mining: a position takes part where its distance is at least the batch's mean + hard_from x standard deviation of
    /// that scale. Empty: all positions take part. The loss counts all positions. Source: ReContrast (Guo et al. 2023), eq. 5.
    std::optional<double> hard_from{};
    nn::batch_share share{};  ///< of the batch, that the features are
};

/// Per scale 1 at positions that take part in the loss, 0 elsewhere, N x 1 x h x w; without memory: all take part.
template <Backend B>
using position_masks = std::array<tensor<B>, 3>;

/// The distances of each position and the least one that takes part, for one scale. Waits for the device.
template <Backend B>
struct hard_positions {
    tensor<B> distances{};
    typename B::value_type least{0};

    [[nodiscard]] nn::mined_positions<typename B::value_type> mined() const {
        return {.distances = distances.memory ? distances.data() : nullptr, .least = least};
    }
};

/// Chooses the hard positions of one scale (see loss_options), by mean and deviation of those that are `inside`, in the whole
/// batch.
template <Backend B>
[[nodiscard]] hard_positions<B> find_hard_positions(typename B::queue& q, const tensor<B>& teacher, const tensor<B>& student,
                                                    double hard_from, const tensor<B>& inside = {},
                                                    const nn::batch_share& share = {}) {
    hard_positions<B> found{.distances = nn::cosine_map<B>(q, teacher, student)};
    auto values = to_host<B>(q, found.distances);
    if (inside.memory) {
        const auto keep = to_host<B>(q, inside);
        std::size_t kept = 0;
        for (std::size_t i = 0; i < values.size(); ++i)
            if (keep[i] != 0) values[kept++] = values[i];
        values.resize(kept);
    }
    double sum = 0, squares = 0;
    for (const auto value : values) {
        sum += static_cast<double>(value);
        squares += static_cast<double>(value) * static_cast<double>(value);
    }
    double n = static_cast<double>(values.size());
    if (!share.whole()) {
        const double weight = share.has_weight ? 1 : 0;
        const auto all = share.ranks->gather_values(std::vector{weight * n, weight * sum, weight * squares});
        n = sum = squares = 0;
        for (std::size_t r = 0; r < all.size(); r += 3) n += all[r], sum += all[r + 1], squares += all[r + 2];
    }
    const double mean = sum / n;
    found.least = static_cast<typename B::value_type>(mean + hard_from * std::sqrt(std::max(0.0, squares / n - mean * mean)));
    return found;
}

/// The loss on the teacher's features in training mode, over the positions that take part. The gradients of all trainable
/// parameters go to `sink`; updates the running statistics.
template <Backend B, nn::GradientSink<B> Sink>
[[nodiscard]] pending_loss<B> loss_and_gradient(model<B>& m, const features<B>& teacher, Sink& sink,
                                                const loss_options& options = {}, const position_masks<B>& inside = {}) {
    static_assert(!backend::narrow_products<B>, "train a model on a backend that multiplies in its values' type");
    auto& q = m.queue;
    auto& [layers, weights] = m.trainable;
    const nn::training_mode mode{.preference = m.algorithm, .variance_guard = options.variance_guard, .share = options.share};
    auto bottleneck = forward<B>(q, layers.bottleneck, weights, teacher, mode);
    auto student = forward<B>(q, layers.student, weights, bottleneck.output(), mode);
    features<B> teacher_inside, student_inside;  // without memory where all positions take part
    for (std::size_t i = 0; i < 3; ++i) {
        if (!inside[i].memory) continue;
        teacher_inside[i] = nn::features_inside<B>(q, teacher[i], inside[i]);
        student_inside[i] = nn::features_inside<B>(q, student[2 - i].back().output, inside[i]);
    }
    const auto expected = [&](std::size_t i) -> const tensor<B>& { return inside[i].memory ? teacher_inside[i] : teacher[i]; };
    const auto found = [&](std::size_t i) -> const tensor<B>& {
        return inside[i].memory ? student_inside[i] : student[2 - i].back().output;
    };
    pending_loss<B> loss;
    for (std::size_t i = 0; i < 3; ++i) loss[i] = nn::cosine_distances<B>(q, expected(i), found(i), options.share);
    const auto add_loss = [&](std::size_t scale, tensor<B>& gradient, bool accumulate) {
        hard_positions<B> hard;
        if (options.hard_from)
            hard = find_hard_positions<B>(q, expected(scale), found(scale), *options.hard_from, inside[scale], options.share);
        nn::cosine_gradient<B>(q, expected(scale), found(scale), loss[scale], accumulate, gradient, hard.mined());
    };
    const auto embedding = backward<B>(q, layers.student, weights, student, add_loss, sink, mode);
    backward<B>(q, layers.bottleneck, weights, bottleneck, embedding, sink, mode);
    return loss;
}

/// One training step on a batch of the teacher's features. hard_from: see loss_options. With a share of a batch, every rank takes
/// the step that one process takes on the whole batch, to rounding, and all ranks' models keep equal bits.
template <Backend B>
[[nodiscard]] pending_loss<B> train_step(model<B>& m, optimizer<B>& by, const features<B>& teacher,
                                         std::optional<double> hard_from = {}, const position_masks<B>& inside = {},
                                         const nn::batch_share& share = {}) {
    reset_if_due<B>(m.queue, by.guards, by.adam);
    nn::adam_sink<B> adam{m.queue, by.options, m.trainable.weights.values, by.adam, share.ranks};
    auto loss = loss_and_gradient<B>(m, teacher, adam, {by.guards.variance_guard, hard_from, share}, inside);
    adam.finish();
    ++m.batches;
    return loss;
}

}  // namespace rd4ad::inline RD4AD_ABI
