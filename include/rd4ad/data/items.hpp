// rd4ad/data/items.hpp: a data set: its images, their labels and masks, and the split into train and test. Twin:
// tests/data/dataset.cpp
#pragma once
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/config.hpp>
#include <rd4ad/data/file_listing.hpp>
#include <rd4ad/image/mask_values.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

struct kept_image;

/// An image and its ground truth.
struct item {
    std::filesystem::path image{};  ///< the file; the name of a kept image
    bool is_anomalous{false};
    std::string kind{"good"};                                     ///< "good", or the name of the defect
    std::optional<std::filesystem::path> mask{};                  ///< an image or a labelme file; nullopt for an unknown mask
    image::mask_values mask_values{image::mask_values::nonzero};  ///< the defective pixels of an image file
    std::string mask_expected{};                                  ///< where the layout expects the mask, for messages
    std::string product{};                                        ///< that the image shows; "": the data set's
    std::shared_ptr<const kept_image> kept{};                     ///< of an image that is no file; null: a file
};

/// The items of one category. The layouts sort train and test by kind, "good" first, and then by file name.
struct dataset {
    std::string name{};  ///< the category
    std::vector<item> train{}, test{};
    std::vector<item> validation{};    ///< good images that no model trains on; they calibrate it
    file_listing files{};              ///< the files found, used and left out
    std::vector<std::string> notes{};  ///< how the data set was read where it could be read otherwise
};

/// The image of each item.
[[nodiscard]] inline std::vector<std::filesystem::path> files_of(const std::vector<item>& items) {
    std::vector<std::filesystem::path> files;
    for (const auto& one : items) files.push_back(one.image);
    return files;
}

/// Joins data sets of several products into one, whose items name their product: the data set that they come from.
[[nodiscard]] inline dataset join(std::string name, const std::vector<dataset>& sets) {
    dataset all{.name = std::move(name)};
    for (const auto& set : sets) {
        const auto add = [&](const std::vector<item>& from, std::vector<item>& to) {
            for (auto one : from) {
                if (one.product.empty()) one.product = set.name;
                to.push_back(std::move(one));
            }
        };
        add(set.train, all.train), add(set.test, all.test), add(set.validation, all.validation);
        all.files.add(set.files);
        for (const auto& note : set.notes) all.notes.push_back(text(set.name, ": ", note));
    }
    return all;
}

/// Whether at least one anomalous test image has a mask, so that pixels can be evaluated. load_mask reports the images without
/// one.
[[nodiscard]] inline bool has_masks(const dataset& set) {
    return std::any_of(set.test.begin(), set.test.end(),
                       [](const item& one) { return one.is_anomalous && one.mask.has_value(); });
}

}  // namespace rd4ad::inline RD4AD_ABI::data
