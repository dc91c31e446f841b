// rd4ad/train/images.hpp: photographs to the network's input, a batch at a time, the next one while this one is used. Twin:
// tests/train/images.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <future>
#include <span>
#include <type_traits>
#include <vector>

#include <rd4ad/backend/tensor.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/image/normalise.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/image/resize.hpp>
#include <rd4ad/model/model.hpp>

namespace rd4ad {

/// A picture as the network sees it: resized to width x height and normalised, channels last, written to `out`.
inline void network_input(const image::picture& photograph, const model_settings& settings, std::span<float> out) {
    image::normalise(image::resize(photograph, settings.width, settings.height), out, settings.normalisation);
}

/// Files read, resized and normalised on `threads` threads.
[[nodiscard]] inline std::vector<float> network_inputs(std::span<const std::filesystem::path> files,
                                                       const model_settings& settings, std::size_t threads) {
    const std::size_t each = settings.height * settings.width * 3;
    std::vector<float> inputs(files.size() * each);
    parallel_for(files.size(), threads, [&](std::size_t i) {
        network_input(image::read(files[i]), settings, std::span{inputs}.subspan(i * each, each));
    });
    return inputs;
}

/// To a device, in the backend's type.
template <Backend B>
[[nodiscard]] tensor<B> upload_images(typename B::queue& q, const std::vector<float>& inputs, const model_settings& settings) {
    using T = typename B::value_type;
    const shape size{inputs.size() / (settings.height * settings.width * 3), 3, settings.height, settings.width};
    if constexpr (std::is_same_v<T, float>)
        return to_device<B>(q, size, inputs);
    else
        return to_device<B>(q, size, std::vector<T>(inputs.begin(), inputs.end()));
}

/// Calls use(first, inputs) for batches of files in their order; the next batch is read while `use` works.
template <class Use>
void for_each_batch(std::span<const std::filesystem::path> files, std::size_t batch, const model_settings& settings,
                    std::size_t threads, const Use& use) {
    const auto read = [&](std::size_t first) {
        return network_inputs(files.subspan(first, std::min(batch, files.size() - first)), settings, threads);
    };
    if (files.empty()) return;
    auto next = std::async(std::launch::async, read, std::size_t{0});
    for (std::size_t first = 0; first < files.size(); first += batch) {
        const auto inputs = next.get();
        if (first + batch < files.size()) next = std::async(std::launch::async, read, first + batch);
        use(first, inputs);
    }
}

}  // namespace rd4ad
