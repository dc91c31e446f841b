// rd4ad/data/mvtec.hpp: the layout of MVTec AD: train/good, test/<kind>, ground_truth/<kind>. Twin: tests/data/mvtec.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/data/detail/label_files.hpp>
#include <rd4ad/data/detail/mask_files.hpp>
#include <rd4ad/data/detail/reading.hpp>
#include <rd4ad/data/folder.hpp>
#include <rd4ad/data/label_names.hpp>
#include <rd4ad/data/open_options.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

namespace detail {

/// The folder of a split: train, val, test or ground_truth, in any case.
[[nodiscard]] inline std::optional<std::filesystem::path> train_folder(const std::filesystem::path& root) {
    return find_folder(root, {"train", "training"});
}

/// The folders of good images in the folder of a split.
[[nodiscard]] inline std::vector<std::filesystem::path> good_folders(const std::optional<std::filesystem::path>& split) {
    if (!split) return {};
    auto folders = folders_in(*split);
    std::erase_if(folders, [](const auto& folder) { return !is_good_name(folder.filename().string()); });
    return folders;
}

/// The good images of a split, from every folder whose name means good. Notes a name other than good and ok.
[[nodiscard]] inline std::vector<item> good_of_split(const std::filesystem::path& split, const char* role,
                                                     const std::string& purpose, reading& to) {
    std::vector<item> items;
    for (const auto& folder : good_folders(split)) {
        const auto name = folder.filename().string();
        if (name != "good" && name != "ok") to.note(text("the images in ", split.filename() / name, " are good ones"));
        for (auto& one : good_items(folder, role, purpose, to)) items.push_back(std::move(one));
    }
    return items;
}

/// The labelme file beside an image, if it has shapes: a mask.
[[nodiscard]] inline std::map<std::filesystem::path, std::filesystem::path> labelme_beside(
    const std::vector<std::filesystem::path>& images) {
    std::map<std::filesystem::path, std::filesystem::path> found;
    for (const auto& [image, files] : label_candidates(images))
        for (const auto& file : files)
            if (lower(file.extension().string()) == ".json")
                if (const auto labels = labels_in(file); labels && labels->shapes > 0) found.emplace(image, file);
    return found;
}

/// Appends the defects of one kind, with the masks that exist: those in the folder of masks, else labelme files beside the
/// images.
inline void add_defects(std::vector<item>& items, const std::filesystem::path& folder, const std::filesystem::path& masks,
                        reading& to) {
    const std::string kind = folder.filename().string();
    const auto images = to.images(folder, role_test, text("test images of kind \"", kind, '"'));
    const mask_folder by_stem{masks, to};
    const auto labels = labelme_beside(images);
    std::map<std::filesystem::path, std::filesystem::path> image_of;
    for (const auto& image : images) {
        const auto below = image.lexically_relative(folder);
        auto mask = by_stem.find(image, below, to);
        if (mask) {
            const auto [same, added] = image_of.emplace(*mask, image);
            if (!added)
                to.fault(text(image, ": has the mask ", *mask, ", which ", same->second,
                              " has as well; give the images different names, and each its mask"));
            to.files.use(*mask, role_mask);
        }
        if (const auto label = labels.find(image); label != labels.end()) {
            if (!mask) mask = label->second, to.note("labelme files beside the test images are their masks");
            to.files.use(label->second, role_label);
        }
        const auto stem = (below.parent_path() / image.stem()).generic_string();
        items.push_back({.image = image,
                         .is_anomalous = true,
                         .kind = kind,
                         .mask = mask,
                         .mask_values = to.options().mask_values(),
                         .mask_expected = text(masks / (stem + "_mask.png"), " or ", masks / (stem + ".png"))});
    }
    if (by_stem.size() > 0 && image_of.empty() && !images.empty())
        to.fault(text(masks, ": holds ", by_stem.size(), " masks, and none of them is named as an image of ", folder,
                      ", such as ", masks / (images.front().stem().string() + "_mask.png"), "; found ", names_in(masks, 3)));
}

/// The masks of good test images, which should be black: check_masks compares them with the labels.
inline void add_good_masks(std::vector<item>& items, const std::filesystem::path& masks, reading& to) {
    for (const auto& folder : good_folders(masks)) {
        const mask_folder by_stem{folder, to};
        for (auto& one : items) {
            if (one.mask) continue;
            one.mask = by_stem.find(one.image, one.image.filename(), to);
            one.mask_values = to.options().mask_values();
            if (one.mask) to.files.use(*one.mask, role_mask);
        }
    }
}

/// Appends the test images: good ones first, then the defects, kind by kind.
inline void add_test(std::vector<item>& items, const std::filesystem::path& root, const std::filesystem::path& test,
                     reading& to) {
    if (!images_in(test).empty())
        to.fault(text(test, ": holds images; expected one folder per kind: good, and one for each kind of defect"));
    items = good_of_split(test, role_test, "good test images", to);
    const auto masks =
        find_folder(root, {"ground_truth", "ground-truth", "groundtruth", "gt", "masks", "mask"}).value_or(root / "ground_truth");
    if (is_folder(masks)) to.files.holds_masks(masks);
    add_good_masks(items, masks, to);
    for (const auto& folder : folders_in(test)) {
        const auto kind = folder.filename().string();
        if (is_good_name(kind)) continue;
        if (is_ambiguous_name(kind)) {
            to.fault(text(folder, ": the name doesn't tell good parts from defects; rename the folder good, or as the defect"));
            continue;
        }
        add_defects(items, folder, find_folder(masks, {lower(kind)}).value_or(masks / kind), to);
    }
}

/// Reads one category whose good images lie in folders with a name of good_names. good: the name in messages.
[[nodiscard]] inline dataset read_kinds(const std::filesystem::path& root, const std::string& good, const std::string& layout,
                                        reading& to) {
    dataset set{.name = name_of(root)};
    const auto train = train_folder(root);
    if (good_folders(train).empty()) {
        to.fault(text(root, ": expected train/", good, " with good images (layout ", layout, "), found ", names_in(root)));
        return set;
    }
    set.train = good_of_split(*train, role_train, "good images to train on", to);
    for (const char* name : {"val", "validation", "valid"})
        if (const auto split = find_folder(root, {name}))
            for (auto& one : good_of_split(*split, role_validation, "good validation images", to))
                set.validation.push_back(std::move(one));
    if (const auto test = find_folder(root, {"test", "testing"})) add_test(set.test, root, *test, to);
    return set;
}

}  // namespace detail

/// Whether the folder has MVTec AD's layout: it holds train/good, or another name of good_names.
[[nodiscard]] inline bool is_mvtec(const std::filesystem::path& root) {
    return !detail::good_folders(detail::train_folder(root)).empty();
}

/// Opens one category in MVTec AD's layout. Training images: train/good; other folders of train are left out. Validation images:
/// val/good or validation/good, if there is one. Test images: one folder per kind in test, "good" for the good ones; a missing
/// test folder means no test images. Masks: `ground_truth/<kind>/<stem>_mask.png` or `<stem>.png`, with any image extension; a
/// defect can lack its mask. Names of splits count in any case, good folders may have any of good_names, and masks may be named
/// `<stem>-mask`, `<stem>_GT` or `mask_<stem>`, or be labelme files. Throws data_error with every fault: a folder without images,
/// images in test itself, a name that does not tell good from bad, masks of other names, labels that contradict.
[[nodiscard]] inline dataset open_mvtec(const std::filesystem::path& root, const open_options& options = {}) {
    detail::reading to{root, options};
    return to.finish(detail::read_kinds(root, "good", "mvtec", to));
}

}  // namespace rd4ad::inline RD4AD_ABI::data
