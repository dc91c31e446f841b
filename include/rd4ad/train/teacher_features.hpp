// rd4ad/train/teacher_features.hpp: the teacher's statistics and features of all inputs of a training. Twin:
// tests/train/trainer.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <span>
#include <stop_token>
#include <vector>

#include <rd4ad/core/communicator.hpp>
#include <rd4ad/core/error.hpp>
#include <rd4ad/model/network_input.hpp>
#include <rd4ad/model/scoring_network.hpp>
#include <rd4ad/train/feature_cache.hpp>
#include <rd4ad/train/input_variants.hpp>

namespace rd4ad::inline RD4AD_ABI::train_detail {

/// Inputs per batch of the teacher when features are cached; fixed, so that their bits do not depend on the training batch.
inline constexpr std::size_t feature_batch = 8;

/// Throws stopped_error if a stop is requested, of this process or of another rank, before the training has a state to save.
inline void check_stop(const std::stop_token& stop, communicator* ranks) {
    if (ranks != nullptr ? ranks->any(stop.stop_requested()) : stop.stop_requested())
        throw stopped_error{"train: stopped by the caller before the first step; no file has changed"};
}

/// Gives an untrained teacher's batch norms the mean of the batches' statistics, of the given files of a source. Throws
/// stopped_error as check_stop does.
template <Backend B>
void measure_teacher(model<B>& m, const image_source& all, std::span<const std::size_t> files, std::size_t batch_size,
                     const std::stop_token& stop = {}, communicator* ranks = nullptr) {
    if (!m.teacher_unmeasured) return;
    auto source = all.part(files);
    std::size_t batch = 0;
    for_each_batch(source, batch_size, [&](std::size_t, const std::vector<float>& inputs) {
        check_stop(stop, ranks);
        ++batch;
        measure_statistics<B>(m.queue, m.teacher.layers, m.teacher.weights,
                              upload_images<B>(m.queue, inputs, source.height(), source.width()),
                              {m.algorithm, 1.0 / static_cast<double>(batch)});
    });
    m.teacher_unmeasured = false;
}

/// The shapes of one input's features.
template <Backend B>
[[nodiscard]] std::array<shape, 3> feature_shapes(const model<B>& m, const image_source& source) {
    const shape input{1, 3, source.height(), source.width()};
    return {feature_shape(*m.arch, input, 0), feature_shape(*m.arch, input, 1), feature_shape(*m.arch, input, 2)};
}

/// Computes the features of all inputs of a source and of their variants: those of variant v and input i are at v x size + i of
/// the cache. done: receives the number of inputs computed so far, after each batch. Throws
/// stopped_error as check_stop does.
template <Backend B>
void fill_cache(feature_cache<B>& cache, model<B>& m, image_source& source, std::span<const input_variant> variants,
                const std::function<void(std::size_t)>& done, const std::stop_token& stop = {}, communicator* ranks = nullptr) {
    const std::size_t count = source.size();
    const auto folded = fold_teacher<B>(m.queue, m, {std::min(count, feature_batch), 3, source.height(), source.width()});
    for_each_batch(source, feature_batch, [&](std::size_t first, const std::vector<float>& batch) {
        check_stop(stop, ranks);
        for (std::size_t v = 0; v < variants.size(); ++v) {
            const auto upload = [&](const std::vector<float>& inputs) {
                return upload_images<B>(m.queue, inputs, source.height(), source.width());
            };
            auto inputs =
                v == 0 ? upload(batch)
                       : upload(vary_inputs(batch, source.height(), source.width(), variants[v], m.settings.normalisation));
            cache.put(m.queue, v * count + first, infer<B>(m.queue, m.teacher.layers, folded, std::move(inputs)));
        }
        done(std::min(count, first + feature_batch));
    });
    check_stop(stop, ranks);
}

}  // namespace rd4ad::inline RD4AD_ABI::train_detail
