// rd4ad/data/folder.hpp: a plain folder of good images, all of them to train on. Twin: tests/data_layouts/folder.cpp
#pragma once
#include <filesystem>

#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/files.hpp>

namespace rd4ad::data {

/// The images that lie in the folder itself, all good and all for training. Throws data_error where there are none.
[[nodiscard]] inline dataset open_folder(const std::filesystem::path& root) {
    dataset set{.name = detail::name_of(root)};
    for (const auto& image : detail::some_images_in(root, "the training images of good parts (layout folder)"))
        set.train.push_back({.image = image});
    return set;
}

}  // namespace rd4ad::data
