// rd4ad/data/ksdd2.hpp: KolektorSDD2's folders: train and test, a mask <stem>_GT.png beside each image. Twin:
// tests/data_layouts/ksdd2.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/image/read.hpp>

namespace rd4ad::data {

namespace detail {

[[nodiscard]] inline bool is_ground_truth(const std::filesystem::path& path) { return path.stem().string().ends_with("_GT"); }

/// The images of a folder, good where their mask is all black, good ones first.
[[nodiscard]] inline std::vector<item> ksdd2_items(const std::filesystem::path& folder) {
    std::vector<item> items;
    for (const auto& image : some_images_in(folder, "images, each with its mask <name>_GT.png (layout ksdd2)")) {
        if (is_ground_truth(image)) continue;
        const auto mask = folder / (image.stem().string() + "_GT.png");
        if (!is_file(mask))
            throw data_error{image.string() + ": its mask is missing; expected " + mask.string() + ", all black for a good part"};
        items.push_back({.image = image, .mask = mask});
    }
    std::vector<char> defect(items.size());  // not bool: written by several threads
    parallel_for(items.size(), 0, [&](std::size_t i) {
        const auto mask = image::read_mask(*items[i].mask);
        defect[i] = std::find(mask.pixels.begin(), mask.pixels.end(), std::uint8_t{1}) != mask.pixels.end();
    });
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (defect[i])
            items[i].anomalous = true, items[i].kind = "defect";
        else
            items[i].mask.reset();
    }
    std::stable_partition(items.begin(), items.end(), [](const item& one) { return !one.anomalous; });
    return items;
}

}  // namespace detail

/// Whether the folder's train holds masks named `<stem>_GT.png`.
[[nodiscard]] inline bool is_ksdd2(const std::filesystem::path& root) {
    const auto images = detail::images_in(root / "train");
    return std::any_of(images.begin(), images.end(), detail::is_ground_truth);
}

/// KolektorSDD2. An image is good where its mask is all black: each mask is read, on all threads. Training takes the good
/// images of train; its defects are left out. Throws data_error for folders without images, a missing mask, or a train
/// folder without good images.
[[nodiscard]] inline dataset open_ksdd2(const std::filesystem::path& root) {
    if (!is_ksdd2(root))
        throw data_error{root.string() +
                         ": expected train and test with masks <name>_GT.png beside the images (layout ksdd2), found " +
                         detail::names_in(root)};
    dataset set{.name = detail::name_of(root)};
    set.train = detail::ksdd2_items(root / "train");
    std::erase_if(set.train, [](const item& one) { return one.anomalous; });
    if (set.train.empty())
        throw data_error{(root / "train").string() + ": each of its images has a defect; expected good ones to train on"};
    set.test = detail::ksdd2_items(root / "test");
    return set;
}

}  // namespace rd4ad::data
