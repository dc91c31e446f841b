// rd4ad/data/items.hpp: photographs, what is known of them, and their split into train and test. Twin:
// tests/data_layouts/dataset.cpp
#pragma once
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace rd4ad::data {

/// One photograph and what is known of it.
struct item {
    std::filesystem::path image{};
    bool anomalous{false};
    std::string kind{"good"};                     ///< "good", or the defect's name
    std::optional<std::filesystem::path> mask{};  ///< an image or a labelme file; none where unknown, or for good parts
    std::uint8_t mask_above{127};                 ///< a pixel of the mask's file is defect above this grey value
    std::string mask_expected{};                  ///< where a mask was looked for, for messages
};

/// The items of one category. Within each part they are sorted by kind, "good" first, and by file name.
struct dataset {
    std::string name{};  ///< the category
    std::vector<item> train{}, test{};
};

/// Whether pixels can be judged: there is a test image with a mask. load_mask tells which others lack theirs.
[[nodiscard]] inline bool has_masks(const dataset& of) {
    return std::any_of(of.test.begin(), of.test.end(), [](const item& one) { return one.mask.has_value(); });
}

}  // namespace rd4ad::data
