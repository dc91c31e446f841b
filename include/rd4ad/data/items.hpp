// rd4ad/data/items.hpp: a data set: its images, their labels and masks, and the split into train and test. Twin:
// tests/data/dataset.cpp
#pragma once
#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <rd4ad/core/config.hpp>
#include <rd4ad/data/file_listing.hpp>
#include <rd4ad/image/mask_values.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// An image and its ground truth.
struct item {
    std::filesystem::path image{};
    bool is_anomalous{false};
    std::string kind{"good"};                                     ///< "good", or the name of the defect
    std::optional<std::filesystem::path> mask{};                  ///< an image or a labelme file; nullopt for an unknown mask
    image::mask_values mask_values{image::mask_values::nonzero};  ///< the defective pixels of an image file
    std::string mask_expected{};                                  ///< where the layout expects the mask, for messages
};

/// The items of one category. The layouts sort train and test by kind, "good" first, and then by file name.
struct dataset {
    std::string name{};  ///< the category
    std::vector<item> train{}, test{};
    std::vector<item> validation{};    ///< good images that no model trains on; they calibrate it
    file_listing files{};              ///< the files found, used and left out
    std::vector<std::string> notes{};  ///< how the data set was read where it could be read otherwise
};

/// Whether at least one anomalous test image has a mask, so that pixels can be evaluated. load_mask reports the images without
/// one.
[[nodiscard]] inline bool has_masks(const dataset& set) {
    return std::any_of(set.test.begin(), set.test.end(),
                       [](const item& one) { return one.is_anomalous && one.mask.has_value(); });
}

}  // namespace rd4ad::inline RD4AD_ABI::data
