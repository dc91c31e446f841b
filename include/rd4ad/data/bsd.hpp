// rd4ad/data/bsd.hpp: the layout of BSData: the folders data (images) and label (labelme files). Twin: tests/data/bsd.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/data/detail/reading.hpp>
#include <rd4ad/data/label_names.hpp>
#include <rd4ad/data/labelme.hpp>
#include <rd4ad/data/mvtec.hpp>
#include <rd4ad/data/open_options.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

namespace detail {

/// The label files of BSData by the stems of their images.
using labels_by_stem = std::map<std::string, std::filesystem::path>;

/// Lists the label files. Faults: a label file of another kind than labelme's beside an image's name, two files of one stem.
[[nodiscard]] inline labels_by_stem bsd_labels(const std::filesystem::path& folder, reading& to) {
    labels_by_stem found;
    const auto is_label = [](const std::filesystem::path& path) {
        return is_users(path) && lower(path.extension().string()) == ".json" && is_file(path);
    };
    for (const auto& label : list_folder(folder, is_label)) {
        const auto [same, added] = found.emplace(label.stem().string(), label);
        if (!added) to.fault(text(label, ": labels the image that ", same->second, " labels as well; remove one of them"));
        to.files.use(label, role_label);
    }
    return found;
}

/// Faults: a label without an image, two images with one label, a label file that is not labelme's.
inline void check_bsd_labels(const std::filesystem::path& data, const std::filesystem::path& label_folder,
                             const labels_by_stem& labels, const std::vector<std::filesystem::path>& images, reading& to) {
    std::map<std::string, std::filesystem::path> image_of;
    for (const auto& image : images) {
        const auto [same, added] = image_of.emplace(image.stem().string(), image);
        if (!added && labels.contains(same->first))
            to.fault(text(image, ": has the label ", labels.at(same->first), ", which ", same->second,
                          " has as well; give the images different names, and each its label"));
    }
    for (const auto& [stem, label] : labels)
        if (!image_of.contains(stem))
            to.fault(text(label, ": its image is missing; expected ", data / stem,
                          ".jpg or another image type; add the image, or remove the label"));
    for (const auto& file : list_folder(label_folder, [](const auto& path) { return is_users(path) && is_file(path); }))
        if (lower(file.extension().string()) != ".json" && image_of.contains(file.stem().string()))
            to.fault(text(file, ": has the name of the image ", image_of.at(file.stem().string()),
                          " and is not a labelme file (.json); convert it to labelme, or remove it"));
}

/// The item of an image, with the ground truth in its label file. A label file that can't be read is a fault. Shapes whose label
/// means good are none.
[[nodiscard]] inline item bsd_item(const labels_by_stem& labels, const std::filesystem::path& image, reading& to) {
    const auto label = labels.find(image.stem().string());
    if (label == labels.end()) return {.image = image};
    try {
        for (const auto& shape : read_labelme(label->second).shapes)
            if (!is_good_name(shape.label))
                return {.image = image, .is_anomalous = true, .kind = trimmed(shape.label), .mask = label->second};
    } catch (const error& problem) {
        to.fault(problem.what());
    }
    return {.image = image};
}

[[nodiscard]] inline dataset read_bsd(const std::filesystem::path& root, reading& to) {
    const double good_for_test = to.options().good_for_test;
    if (!(good_for_test >= 0 && good_for_test < 1))
        throw option_error{text("the share of good images for the test is ", good_for_test, "; expected at least 0 and below 1")};
    const auto data = find_folder(root, {"data"}), label_folder = find_folder(root, {"label"});
    if (!data || !label_folder) {
        to.fault(text(root, ": expected the folders data and label, or train/good (layout bsd), found ", names_in(root)));
        return {};
    }
    const auto images = to.images(*data, "", "the images (layout bsd)");
    const auto labels = bsd_labels(*label_folder, to);
    if (!images.empty()) check_bsd_labels(*data, *label_folder, labels, images, to);
    std::vector<item> good, defects;
    for (const auto& image : images) {
        auto one = bsd_item(labels, image, to);
        (one.is_anomalous ? defects : good).push_back(std::move(one));
    }
    if (good.empty() && !images.empty())
        to.fault(text(*data, ": every image has a label; expected good images without one to train on"));
    std::stable_sort(defects.begin(), defects.end(), [](const item& a, const item& b) { return a.kind < b.kind; });
    const auto for_test = static_cast<std::size_t>(std::floor(static_cast<double>(good.size()) * good_for_test));
    const auto split = good.end() - static_cast<std::ptrdiff_t>(for_test);
    dataset set{.name = name_of(root)};
    set.train.assign(good.begin(), split);
    set.test.assign(split, good.end());
    set.test.insert(set.test.end(), defects.begin(), defects.end());
    for (const auto& one : set.train) to.files.use(one.image, role_train);
    for (const auto& one : set.test) to.files.use(one.image, role_test);
    return set;
}

}  // namespace detail

/// Whether the folder holds the folders data and label.
[[nodiscard]] inline bool is_bsd(const std::filesystem::path& root) {
    return detail::find_folder(root, {"data"}) && detail::find_folder(root, {"label"});
}

/// Opens BSData in its own layout, or in MVTec AD's. In its own layout, an image without a label file, or with a label file
/// without shapes, is good. The other images are defects; their kind is the label of the first shape. The layout has no split:
/// the defects are for testing, and so is the last share `good_for_test` of the good images in the order of their names, which is
/// the order of recording. The other good images are for training. Shapes with a label of good_names are no defects.
/// Throws data_error with every fault: a folder without images or without good images, a label without an image, two images of
/// one label, a label file that is not labelme's or can't be read; option_error unless 0 <= good_for_test < 1.
[[nodiscard]] inline dataset open_bsd(const std::filesystem::path& root, const open_options& options = {}) {
    detail::reading to{root, options};
    return to.finish(is_mvtec(root) ? detail::read_kinds(root, "good", "mvtec", to) : detail::read_bsd(root, to));
}

}  // namespace rd4ad::inline RD4AD_ABI::data
