// rd4ad/data/open.hpp: a data set from its folder, its layout given or found. Twin: tests/data_layouts/open.cpp
#pragma once
#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/data/folder.hpp>
#include <rd4ad/data/mvtec.hpp>

namespace rd4ad::data {

/// How a data set is read. layout: auto, mvtec or folder.
struct open_options {
    std::string layout{"auto"};
};

namespace detail {

/// Names of the sub-folders that hold a category.
[[nodiscard]] inline std::vector<std::string> categories_in(const std::filesystem::path& root) {
    std::vector<std::string> names;
    for (const auto& folder : folders_in(root))
        if (is_mvtec(folder)) names.push_back(folder.filename().string());
    return names;
}

[[nodiscard]] inline std::string joined(const std::vector<std::string>& names, std::size_t most = 6) {
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), most); ++i) text += (i ? ", " : "") + names[i];
    if (names.size() > most) text += ", ... (" + std::to_string(names.size()) + ")";
    return text;
}

inline void check_folder(const std::filesystem::path& root) {
    if (is_folder(root)) return;
    std::error_code ignored;
    throw data_error{root.string() + (std::filesystem::exists(root, ignored)
                                          ? ": is a file, expected the folder of a data set"
                                          : ": no such folder; check the path of the data set")};
}

}  // namespace detail

/// One category. Found by itself (layout auto): train/good in it is mvtec, images directly in it are folder.
/// Throws data_error, naming the folder, what was found and what was expected; option_error for an unknown layout.
[[nodiscard]] inline dataset open(const std::filesystem::path& root, const open_options& options = {}) {
    detail::check_folder(root);
    if (options.layout == "mvtec") return open_mvtec(root);
    if (options.layout == "folder") return open_folder(root);
    if (options.layout != "auto")
        throw option_error{"layout \"" + options.layout + "\" is unknown; expected auto, mvtec or folder"};
    if (is_mvtec(root)) return open_mvtec(root);
    if (!detail::images_in(root).empty()) return open_folder(root);
    if (const auto names = detail::categories_in(root); !names.empty())
        throw data_error{root.string() + ": holds several categories (" + detail::joined(names) +
                         "); open one of them, or choose by class names"};
    throw data_error{root.string() + ": its layout isn't known; expected train/good (mvtec) or images (folder), found " +
                     detail::names_in(root)};
}

/// The categories of a whole set: its sub-folders that hold one, sorted. Throws data_error where there are none.
[[nodiscard]] inline std::vector<std::string> class_names(const std::filesystem::path& root, const open_options& options = {}) {
    detail::check_folder(root);
    if (options.layout != "auto" && options.layout != "mvtec")
        throw option_error{"layout \"" + options.layout + "\" has no class names; expected auto or mvtec"};
    auto names = detail::categories_in(root);
    if (names.empty())
        throw data_error{root.string() + (is_mvtec(root)
                                              ? ": is one category itself; give the folder that holds it"
                                              : ": no folder in it holds train/good, found " + detail::names_in(root))};
    return names;
}

/// One category of a whole set. Throws data_error, with the names there are, where it isn't one of them.
[[nodiscard]] inline dataset open_class(const std::filesystem::path& root, const std::string& name,
                                        const open_options& options = {}) {
    const auto names = class_names(root, options);
    if (std::find(names.begin(), names.end(), name) == names.end())
        throw data_error{root.string() + ": has no class \"" + name + "\"; there are " + detail::joined(names, names.size())};
    return open(root / name, options);
}

}  // namespace rd4ad::data
