// rd4ad/data/ksdd2.hpp: the layout of KolektorSDD2: train and test, with a mask <stem>_GT.png beside each image. Twin:
// tests/data/ksdd2.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/data/detail/reading.hpp>
#include <rd4ad/data/open_options.hpp>
#include <rd4ad/image/mask.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

namespace detail {

/// The stem of the image that a file is the mask of: "10" of 10_GT, 10_gt and 10-GT. "10_GT (copy)" is a mask, too, and of no
/// image: its stem is returned as "". nullopt for an image.
[[nodiscard]] inline std::optional<std::string> ksdd2_image_stem(const std::filesystem::path& path) {
    const auto stem = path.stem().string(), plain = lower(stem);
    for (const char* ending : {"_gt", "-gt"}) {
        const auto at = plain.rfind(ending);
        if (at == std::string::npos) continue;
        if (at + 3 == plain.size()) return stem.substr(0, at);
        if (plain[at + 3] == '(' || plain.substr(at + 3, 2) == " (") return std::string{};
    }
    return std::nullopt;
}

/// The images of a folder with their masks. An image without a mask is a fault.
[[nodiscard]] inline std::vector<item> ksdd2_pairs(const std::filesystem::path& folder, reading& to) {
    const auto files = to.images(folder, "", "images, each with its mask <name>_GT.png (layout ksdd2)");
    std::map<std::filesystem::path, std::filesystem::path> masks;  // by folder/stem of the image
    for (const auto& file : files)
        if (const auto stem = ksdd2_image_stem(file)) {
            if (stem->empty())
                to.files.leave_out(file, omission::unused_mask);
            else
                masks.emplace(file.parent_path() / *stem, file);
        }
    std::vector<item> items;
    for (const auto& image : files) {
        if (ksdd2_image_stem(image)) continue;
        const auto mask = masks.find(image.parent_path() / image.stem());
        if (mask == masks.end()) {
            to.fault(text(image, ": its mask is missing; expected ", image.parent_path() / (image.stem().string() + "_GT.png"),
                          ", all black for a good image"));
            continue;
        }
        to.files.use(mask->second, role_mask);
        items.push_back({.image = image, .mask = mask->second, .mask_values = to.options().mask_values()});
    }
    for (const auto& of : masks)
        if (std::none_of(items.begin(), items.end(), [&](const auto& one) { return one.mask == of.second; }))
            to.files.leave_out(of.second, omission::unused_mask);
    return items;
}

/// Labels the items by their masks, good ones first: an image with a black mask is good. Reads the masks on all threads. Masks
/// most of which look inverted are a fault.
inline void label_by_masks(std::vector<item>& items, const std::filesystem::path& folder, reading& to) {
    std::vector<image::mask_content> found(items.size());
    std::vector<std::string> failures(items.size());
    parallel_for(items.size(), 0, [&](std::size_t i) {
        try {
            found[i] = image::read_mask_content(*items[i].mask, items[i].mask_values);
            found[i].mask = {};
        } catch (const error& problem) {
            failures[i] = problem.what();
        }
    });
    std::size_t inverted = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (!failures[i].empty()) to.fault(failures[i]);
        inverted += looks_inverted(found[i]) ? 1U : 0U;
        items[i].is_anomalous = found[i].area > 0;
        if (items[i].is_anomalous)
            items[i].kind = "defect";
        else
            items[i].mask.reset();
    }
    if (to.options().masks == mask_choice::automatic && 2 * inverted > items.size())
        to.fault(text(folder, ": ", inverted, " of its ", items.size(),
                      " masks look inverted: they are not black in most of the image and at its edge; give --masks zero if black "
                      "pixels are the defects, or --masks nonzero if the masks are right"));
    std::stable_partition(items.begin(), items.end(), [](const item& one) { return !one.is_anomalous; });
}

[[nodiscard]] inline std::vector<item> ksdd2_items(const std::filesystem::path& folder, reading& to) {
    auto items = ksdd2_pairs(folder, to);
    label_by_masks(items, folder, to);
    return items;
}

/// Whether the folder's train holds masks named `<stem>_GT`.
[[nodiscard]] inline bool has_ksdd2_masks(const std::filesystem::path& train) {
    const auto images = images_in(train);
    return std::any_of(images.begin(), images.end(), [](const auto& image) { return ksdd2_image_stem(image).has_value(); });
}

[[nodiscard]] inline dataset read_ksdd2(const std::filesystem::path& root, reading& to) {
    dataset set{.name = name_of(root)};
    const auto train = find_folder(root, {"train"}).value_or(root / "train");
    if (!has_ksdd2_masks(train)) {
        to.fault(text(root, ": expected train and test with masks <name>_GT.png beside the images (layout ksdd2), found ",
                      names_in(root)));
        return set;
    }
    for (auto& one : ksdd2_items(train, to)) {
        if (one.is_anomalous)
            to.files.leave_out(one.image, omission::training_defect);
        else
            set.train.push_back(one);
    }
    if (set.train.empty() && !to.has_faults())
        to.fault(text(train, ": every image has a defect; expected good images to train on"));
    set.test = ksdd2_items(find_folder(root, {"test"}).value_or(root / "test"), to);
    for (const auto& one : set.train) to.files.use(one.image, role_train);
    for (const auto& one : set.test) to.files.use(one.image, role_test);
    return set;
}

}  // namespace detail

/// Whether the folder's train holds masks named `<stem>_GT.png`.
[[nodiscard]] inline bool is_ksdd2(const std::filesystem::path& root) {
    return detail::has_ksdd2_masks(detail::find_folder(root, {"train"}).value_or(root / "train"));
}

/// Opens KolektorSDD2. An image is good if its mask is all black; reads every mask, on all threads. The training images are the
/// good images of train; the defects of train are left out. Throws data_error with every fault: a folder without images, a
/// missing or damaged mask, masks that look inverted, a train folder without good images.
[[nodiscard]] inline dataset open_ksdd2(const std::filesystem::path& root, const open_options& options = {}) {
    detail::reading to{root, options};
    return to.finish(detail::read_ksdd2(root, to));
}

}  // namespace rd4ad::inline RD4AD_ABI::data
