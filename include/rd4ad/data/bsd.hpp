// rd4ad/data/bsd.hpp: the layout of BSData: the folders data (images) and label (labelme files). Twin: tests/data/bsd.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/data/folder.hpp>
#include <rd4ad/data/labelme.hpp>
#include <rd4ad/data/mvtec.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

namespace detail {

/// Throws data_error for a label file whose stem is not that of an image.
inline void check_labels(const std::filesystem::path& root, const std::vector<std::filesystem::path>& images) {
    const auto is_label = [](const std::filesystem::path& path) { return lower(path.extension().string()) == ".json"; };
    for (const auto& label : list_folder(root / "label", is_label))
        if (!std::any_of(images.begin(), images.end(), [&](const auto& image) { return image.stem() == label.stem(); }))
            throw data_error{text(label, ": its image is missing; expected ", root / "data" / label.stem(),
                                  ".jpg or another image type; add the image, or remove the label")};
}

/// The item of an image, with the ground truth in its label file.
[[nodiscard]] inline item bsd_item(const std::filesystem::path& root, const std::filesystem::path& image) {
    const auto label = root / "label" / (image.stem().string() + ".json");
    const auto shapes = is_file(label) ? read_labelme(label).shapes : std::vector<labelled_shape>{};
    if (shapes.empty()) return {.image = image};
    return {.image = image, .is_anomalous = true, .kind = shapes.front().label, .mask = label};
}

}  // namespace detail

/// Whether the folder holds the folders data and label.
[[nodiscard]] inline bool is_bsd(const std::filesystem::path& root) {
    return detail::is_folder(root / "data") && detail::is_folder(root / "label");
}

/// Opens BSData in its own layout, or in MVTec AD's. In its own layout, an image without a label file, or with a label file
/// without shapes, is good. The other images are defects; their kind is the label of the first shape. The layout has no split:
/// the defects are for testing, and so is the last share `good_for_test` of the good images in the order of their names, which is
/// the order of recording. The other good images are for training.
/// Throws data_error for a folder without images or without good images, or for a label without an image; format_error for an
/// invalid label file; option_error unless 0 <= good_for_test < 1.
[[nodiscard]] inline dataset open_bsd(const std::filesystem::path& root, double good_for_test = 0.2) {
    if (is_mvtec(root)) return open_mvtec(root);
    if (!is_bsd(root))
        throw data_error{
            text(root, ": expected the folders data and label, or train/good (layout bsd), found ", detail::names_in(root))};
    if (!(good_for_test >= 0 && good_for_test < 1))
        throw option_error{text("the share of good images for the test is ", good_for_test, "; expected at least 0 and below 1")};
    const auto images = images_in_folder(root / "data", "the images (layout bsd)");
    detail::check_labels(root, images);
    std::vector<item> good, defects;
    for (const auto& image : images) {
        auto one = detail::bsd_item(root, image);
        (one.is_anomalous ? defects : good).push_back(std::move(one));
    }
    if (good.empty())
        throw data_error{text(root / "data", ": every image has a label; expected good images without one to train on")};
    std::stable_sort(defects.begin(), defects.end(), [](const item& a, const item& b) { return a.kind < b.kind; });
    const auto for_test = static_cast<std::size_t>(std::floor(static_cast<double>(good.size()) * good_for_test));
    const auto split = good.end() - static_cast<std::ptrdiff_t>(for_test);
    dataset set{.name = detail::name_of(root)};
    set.train.assign(good.begin(), split);
    set.test.assign(split, good.end());
    set.test.insert(set.test.end(), defects.begin(), defects.end());
    return set;
}

}  // namespace rd4ad::inline RD4AD_ABI::data
