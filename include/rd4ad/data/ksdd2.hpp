// rd4ad/data/ksdd2.hpp: the layout of KolektorSDD2: train and test, with a mask <stem>_GT.png beside each image. Twin:
// tests/data/ksdd2.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/data/folder.hpp>
#include <rd4ad/image/read.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

namespace detail {

[[nodiscard]] inline bool is_ground_truth(const std::filesystem::path& path) { return path.stem().string().ends_with("_GT"); }

/// The images of a folder, good ones first. An image with an all black mask is good. Reads the masks on all threads.
[[nodiscard]] inline std::vector<item> ksdd2_items(const std::filesystem::path& folder) {
    std::vector<item> items;
    for (const auto& image : images_in_folder(folder, "images, each with its mask <name>_GT.png (layout ksdd2)")) {
        if (is_ground_truth(image)) continue;
        const auto mask = folder / (image.stem().string() + "_GT.png");
        if (!is_file(mask))
            throw data_error{text(image, ": its mask is missing; expected ", mask, ", all black for a good image")};
        items.push_back({.image = image, .mask = mask});
    }
    std::vector<char> is_defect(items.size());  // not bool, because several threads write to it
    parallel_for(items.size(), 0, [&](std::size_t i) {
        const auto mask = image::read_mask(*items[i].mask);
        is_defect[i] = std::find(mask.pixels.begin(), mask.pixels.end(), std::uint8_t{1}) != mask.pixels.end();
    });
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (is_defect[i]) {
            items[i].is_anomalous = true;
            items[i].kind = "defect";
        } else {
            items[i].mask.reset();
        }
    }
    std::stable_partition(items.begin(), items.end(), [](const item& one) { return !one.is_anomalous; });
    return items;
}

}  // namespace detail

/// Whether the folder's train holds masks named `<stem>_GT.png`.
[[nodiscard]] inline bool is_ksdd2(const std::filesystem::path& root) {
    const auto images = detail::images_in(root / "train");
    return std::any_of(images.begin(), images.end(), detail::is_ground_truth);
}

/// Opens KolektorSDD2. An image is good if its mask is all black; reads every mask, on all threads. The training images are the
/// good images of train; the defects of train are ignored. Throws data_error for a folder without images, a missing mask, or a
/// train folder without good images; io_error and format_error as image::read_mask does.
[[nodiscard]] inline dataset open_ksdd2(const std::filesystem::path& root) {
    if (!is_ksdd2(root))
        throw data_error{text(root, ": expected train and test with masks <name>_GT.png beside the images (layout ksdd2), found ",
                              detail::names_in(root))};
    dataset set{.name = detail::name_of(root)};
    set.train = detail::ksdd2_items(root / "train");
    std::erase_if(set.train, [](const item& one) { return one.is_anomalous; });
    if (set.train.empty()) throw data_error{text(root / "train", ": every image has a defect; expected good images to train on")};
    set.test = detail::ksdd2_items(root / "test");
    return set;
}

}  // namespace rd4ad::inline RD4AD_ABI::data
