// rd4ad/data/bsd.hpp: BSData's own folders: data with images, label with labelme files. Twin: tests/data_layouts/bsd.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/data/labelme.hpp>
#include <rd4ad/data/mvtec.hpp>

namespace rd4ad::data {

/// Whether the folder holds the folders data and label.
[[nodiscard]] inline bool is_bsd(const std::filesystem::path& root) {
    return detail::is_folder(root / "data") && detail::is_folder(root / "label");
}

/// BSData, in its own layout or in MVTec AD's. An image of data without a file in label, or with one without shapes, is
/// good; the others are tests, of the kind of their first shape's label. The layout knows no split: of the good images in
/// the order of their names (the time they were taken), the last share of `good_for_test` are tests, the others training.
/// Throws data_error where there are no images, none are good, or a label has no image; format_error for a label that is
/// none; option_error for a share outside 0..1.
[[nodiscard]] inline dataset open_bsd(const std::filesystem::path& root, double good_for_test = 0.2) {
    if (is_mvtec(root)) return open_mvtec(root);
    if (!is_bsd(root))
        throw data_error{root.string() + ": expected the folders data and label, or train/good (layout bsd), found " +
                         detail::names_in(root)};
    if (!(good_for_test >= 0 && good_for_test < 1))
        throw option_error{"the share of good images for the test is " + std::to_string(good_for_test) +
                           ", it must be 0 or more and below 1"};
    dataset set{.name = detail::name_of(root)};
    const auto images = detail::some_images_in(root / "data", "the photographs (layout bsd)");
    for (const auto& label :
         detail::listed(root / "label", [](const auto& path) { return detail::lower(path.extension().string()) == ".json"; }))
        if (!std::any_of(images.begin(), images.end(), [&](const auto& image) { return image.stem() == label.stem(); }))
            throw data_error{label.string() + ": labels no image; expected " + (root / "data" / label.stem()).string() +
                             ".jpg or another image"};
    std::vector<item> good, defects;
    for (const auto& image : images) {
        const auto label = root / "label" / (image.stem().string() + ".json");
        const auto file = detail::is_file(label) ? read_labelme(label) : labelme_file{};
        if (file.shapes.empty())
            good.push_back({.image = image});
        else
            defects.push_back({.image = image, .anomalous = true, .kind = file.shapes.front().label, .mask = label});
    }
    if (good.empty())
        throw data_error{(root / "data").string() + ": each of its images has a label; expected good ones to train on as well"};
    std::stable_sort(defects.begin(), defects.end(), [](const item& a, const item& b) { return a.kind < b.kind; });
    const auto for_test = static_cast<std::size_t>(std::floor(static_cast<double>(good.size()) * good_for_test));
    const auto split = good.end() - static_cast<std::ptrdiff_t>(for_test);
    set.train.assign(good.begin(), split);
    set.test.assign(split, good.end());
    set.test.insert(set.test.end(), defects.begin(), defects.end());
    return set;
}

}  // namespace rd4ad::data
