// rd4ad/data/folder.hpp: the images of a folder, and the layout "folder": good images to train on. Twin: tests/data/folder.cpp
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/files.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// The image files directly in a folder, sorted by name. Throws data_error where there are none; `purpose` ends the message: "the
/// images to score".
[[nodiscard]] inline std::vector<std::filesystem::path> images_in_folder(const std::filesystem::path& folder,
                                                                         const std::string& purpose) {
    auto images = detail::images_in(folder);
    if (!images.empty()) return images;
    if (!detail::is_folder(folder)) throw data_error{text(folder, ": no such folder; expected ", purpose)};
    throw data_error{text(folder, ": holds no images (", detail::image_kinds, "); expected ", purpose)};
}

/// A data set of the images directly in a folder: all are good, all are for training. Throws data_error where there are none.
[[nodiscard]] inline dataset open_folder(const std::filesystem::path& root) {
    dataset set{.name = detail::name_of(root)};
    for (const auto& image : images_in_folder(root, "good images to train on (layout folder)"))
        set.train.push_back({.image = image});
    return set;
}

}  // namespace rd4ad::inline RD4AD_ABI::data
