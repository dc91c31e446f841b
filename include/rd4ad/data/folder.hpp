// rd4ad/data/folder.hpp: the images of a folder, and the layout "folder": good images to train on. Twin: tests/data/folder.cpp
#pragma once
#include <filesystem>
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
#include <rd4ad/data/file_listing.hpp>
#include <rd4ad/data/label_names.hpp>
#include <rd4ad/data/open_options.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// The images of a folder, and all files found there.
struct folder_images {
    std::vector<std::filesystem::path> images{};
    file_listing files{};
};

/// The image files in a folder, sorted by name; with `recursive` those of each sub-folder after them. Hidden files, and files and
/// folders of a system or file server, are left out. Throws data_error where there are no images; `purpose` ends the message:
/// "the images to score".
[[nodiscard]] inline folder_images images_in_folder(const std::filesystem::path& folder, const std::string& purpose,
                                                    bool recursive = false) {
    detail::reading to{folder, {.recursive = recursive}};
    const bool has_folders = !recursive && detail::is_folder(folder) && !detail::folders_in(folder).empty();
    auto images = to.images(folder, "images", has_folders ? purpose + "; --recursive takes those in its sub-folders" : purpose);
    to.check();
    return {std::move(images), to.files.finish()};
}

namespace detail {

/// The images of a folder of good parts. Labels of defects, masks, and sub-folders named as defects among them are faults.
[[nodiscard]] inline std::vector<item> good_items(const std::filesystem::path& folder, const char* role,
                                                  const std::string& purpose, reading& to) {
    const auto images = to.images(folder, role, purpose);
    check_labels_of_good(images, folder.filename().empty() ? folder.string() : folder.filename().string(), to);
    check_masks_among(images, to);
    std::string reported;
    std::vector<item> items;
    for (const auto& image : images) {
        for (const auto& name : image.parent_path().lexically_relative(folder))
            if (is_not_good_name(name.string()) && reported != image.parent_path().string())
                to.fault(text(reported = image.parent_path().string(),
                              ": the folder's name is not that of good parts, but it lies in ", folder,
                              ", whose images are good; move it elsewhere, or leave --recursive out"));
        items.push_back({.image = image});
    }
    return items;
}

[[nodiscard]] inline dataset read_folder(const std::filesystem::path& root, reading& to) {
    dataset set{.name = name_of(root)};
    set.train = good_items(root, role_train, "good images to train on (layout folder)", to);
    return set;
}

}  // namespace detail

/// A data set of the images in a folder: all are good, all are for training. Throws data_error where there are none, and for
/// masks or label files with defects among them.
[[nodiscard]] inline dataset open_folder(const std::filesystem::path& root, const open_options& options = {}) {
    detail::reading to{root, options};
    return to.finish(detail::read_folder(root, to));
}

}  // namespace rd4ad::inline RD4AD_ABI::data
