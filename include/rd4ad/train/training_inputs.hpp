// rd4ad/train/training_inputs.hpp: the network's inputs that belong to files. Twin: tests/train/trainer.cpp
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include <rd4ad/model/network_input.hpp>
#include <rd4ad/model/scale_maps.hpp>
#include <rd4ad/train/roi_cells.hpp>

namespace rd4ad::inline RD4AD_ABI::train_detail {

/// The inputs of the given files of a source, in order.
[[nodiscard]] inline std::vector<std::size_t> inputs_of(const image_source& source, std::span<const std::size_t> files) {
    std::vector<std::size_t> inputs;
    for (const std::size_t file : files) {
        const auto [first, count] = source.inputs_of(file);
        for (std::size_t i = 0; i < count; ++i) inputs.push_back(first + i);
    }
    return inputs;
}

/// The inputs of the given files that a student trains on: those that see the region of interest, each followed by its variants
/// (fill_cache). inside: the region's cells (roi_cells); null: whole images count.
[[nodiscard]] inline std::vector<std::size_t> training_inputs_of(const image_source& source, std::span<const std::size_t> files,
                                                                 const scale_maps* inside, std::size_t variants = 1) {
    auto inputs = inputs_of(source, files);
    if (inside != nullptr) std::erase_if(inputs, [&](std::size_t input) { return !sees_region(*inside, input); });
    std::vector<std::size_t> all;
    for (const std::size_t input : inputs)
        for (std::size_t v = 0; v < variants; ++v) all.push_back(v * source.size() + input);
    return all;
}

}  // namespace rd4ad::inline RD4AD_ABI::train_detail
