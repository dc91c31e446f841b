// rd4ad/train/measure_level.hpp: measures the level of the present student. Twin: tests/train/trainer.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <numeric>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include <rd4ad/model/model.hpp>
#include <rd4ad/model/network_input.hpp>
#include <rd4ad/model/scale_maps.hpp>
#include <rd4ad/train/feature_cache.hpp>
#include <rd4ad/train/options.hpp>
#include <rd4ad/train/store_distances.hpp>
#include <rd4ad/train/student_level.hpp>

namespace rd4ad::inline RD4AD_ABI::train_detail {

/// A level is measured on at most this number of inputs.
inline constexpr std::size_t level_inputs = 256;

/// The level of the present student on inputs that it was trained on, at least one: on all of them, or on level_inputs at equal
/// distances. inside: the cells of the region of interest; null: whole images count. Returns nullopt if a stop prevents it.
/// Throws numeric_error as check_distances does.
template <Backend B>
[[nodiscard]] std::optional<student_level> measure_level(model<B>& m, const feature_cache<B>& cache, const image_source& source,
                                                         std::span<const std::size_t> trained, const scale_maps* inside,
                                                         const train_options& options, const std::stop_token& stop = {}) {
    std::vector<std::size_t> inputs(std::min(trained.size(), level_inputs)), places(inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = trained[i * trained.size() / inputs.size()];
    std::iota(places.begin(), places.end(), std::size_t{0});
    scale_maps distances{source.height(), source.width(), inputs.size()};
    if (!store_distances(m, cache, source, inputs, places, distances, options, stop)) return std::nullopt;
    if (inside == nullptr) return level_of(distances);
    scale_maps cells{source.height(), source.width(), inputs.size()};
    for (std::size_t i = 0; i < inputs.size(); ++i)
        for (std::size_t k = 0; k < 3; ++k) std::ranges::copy(inside->at(inputs[i], k), cells.at(i, k).begin());
    return level_of(distances, &cells);
}

}  // namespace rd4ad::inline RD4AD_ABI::train_detail
