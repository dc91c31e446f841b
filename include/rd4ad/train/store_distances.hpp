// rd4ad/train/store_distances.hpp: the distances of inputs by the present student. Twin: tests/train/trainer.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>
#include <stop_token>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/finite.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/model/model.hpp>
#include <rd4ad/model/network_input.hpp>
#include <rd4ad/model/scale_maps.hpp>
#include <rd4ad/model/scoring_network.hpp>
#include <rd4ad/train/feature_cache.hpp>
#include <rd4ad/train/options.hpp>
#include <rd4ad/train/teacher_features.hpp>

namespace rd4ad::inline RD4AD_ABI::train_detail {

/// Throws numeric_error naming the image if an input has distances, stored at `place`, that are not finite.
inline void check_distances(const image_source& source, const scale_maps& distances, std::size_t place, std::size_t input,
                            const train_options& options) {
    const auto values = std::span<const float>{distances.values}.subspan(place * distances.each(), distances.each());
    const auto at = first_not_finite(values);
    if (!at) return;
    std::size_t file = 0;
    while (source.inputs_of(file).first + source.inputs_of(file).second <= input) ++file;
    throw numeric_error{text(source.files()[file], ": a distance of its features is ", not_finite_text(values[*at]),
                             ", expected 0 to 1: the model's features overflow; use a smaller learning rate than ",
                             io::json(options.learning_rate).dump())};
}

/// Stores the distances of inputs by the present student, each at its place. Returns false if a stop left some of them out.
/// Throws numeric_error as check_distances does.
template <Backend B>
[[nodiscard]] bool store_distances(model<B>& m, const feature_cache<B>& cache, const image_source& source,
                                   std::span<const std::size_t> inputs, std::span<const std::size_t> places,
                                   scale_maps& distances, const train_options& options, const std::stop_token& stop) {
    if (inputs.empty()) return true;
    release_idle<B>(m.queue);
    {
        const shape input{std::min(inputs.size(), feature_batch), 3, source.height(), source.width()};
        const auto folded = fold_network<B>(m.queue, m.trainable, feature_shape(*m.arch, input, 0), m.algorithm);
        for (std::size_t first = 0; first < inputs.size() && !stop.stop_requested(); first += feature_batch) {
            const std::size_t count = std::min(feature_batch, inputs.size() - first);
            const auto batch = inputs.subspan(first, count), to = places.subspan(first, count);
            put_scale_maps<B>(m.queue, m.trainable.layers, folded, cache.get(m.queue, batch), to, distances);
            for (std::size_t i = 0; i < count; ++i) check_distances(source, distances, to[i], batch[i], options);
        }
    }
    release_idle<B>(m.queue);  // the folded weights too: a save follows, which needs memory of its own
    return !stop.stop_requested();
}

/// The same, each at its own number.
template <Backend B>
[[nodiscard]] bool store_distances(model<B>& m, const feature_cache<B>& cache, const image_source& source,
                                   std::span<const std::size_t> inputs, scale_maps& distances, const train_options& options,
                                   const std::stop_token& stop = {}) {
    return store_distances(m, cache, source, inputs, inputs, distances, options, stop);
}

}  // namespace rd4ad::inline RD4AD_ABI::train_detail
