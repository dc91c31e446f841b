// rd4ad/data/open.hpp: opens a data set from a folder or CSV file, in a given or detected layout. Twin: tests/data/open.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/bsd.hpp>
#include <rd4ad/data/btad.hpp>
#include <rd4ad/data/check_masks.hpp>
#include <rd4ad/data/csv.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/data/detail/reading.hpp>
#include <rd4ad/data/folder.hpp>
#include <rd4ad/data/ksdd2.hpp>
#include <rd4ad/data/mvtec.hpp>
#include <rd4ad/data/open_options.hpp>
#include <rd4ad/data/visa.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// The names of the layouts.
inline constexpr std::array<std::string_view, 7> layouts{"mvtec", "bsd", "ksdd2", "visa", "btad", "csv", "folder"};

namespace detail {

inline constexpr const char* layout_signs =
    "train/good (mvtec), data and label (bsd), *_GT.png (ksdd2), Data/Images (visa), train/ok (btad), a .csv file (csv) or "
    "images (folder)";

/// Detects the layout of one category; "" for an unknown layout.
[[nodiscard]] inline std::string layout_of(const std::filesystem::path& root) {
    if (is_file(root)) {
        const auto extension = lower(root.extension().string());
        return extension == ".csv" || extension == ".tsv" ? "csv" : "";
    }
    if (is_btad(root)) return "btad";
    if (is_mvtec(root)) return "mvtec";
    if (is_visa(root)) return "visa";
    if (is_bsd(root)) return "bsd";
    if (is_ksdd2(root)) return "ksdd2";
    return images_in(root).empty() ? "" : "folder";
}

/// The names of the sub-folders that hold a category in this layout ("auto": in any layout but folder).
[[nodiscard]] inline std::vector<std::string> categories_in(const std::filesystem::path& root, const std::string& layout) {
    if (layout == "visa" || (layout == "auto" && is_visa_root(root))) return visa_names(root);
    std::vector<std::string> names;
    for (const auto& folder : folders_in(root))
        if (const auto found = layout_of(folder); layout == "auto" ? !found.empty() && found != "folder" : found == layout)
            names.push_back(folder.filename().string());
    return names;
}

/// Throws option_error for an unknown layout; data_error for a missing path, and for a file or folder in place of the other.
inline void check_layout(const std::filesystem::path& root, const std::string& layout) {
    if (layout != "auto" && std::find(layouts.begin(), layouts.end(), layout) == layouts.end())
        throw option_error{text("layout \"", layout, "\" is unknown; expected auto, ", joined(layouts, layouts.size()))};
    std::error_code ignored;
    if (!std::filesystem::exists(root, ignored)) throw data_error{text(root, ": no such folder; check the path of the data set")};
    const bool is_list = is_file(root), wants_list = layout == "csv";
    if (is_list && !wants_list && !(layout == "auto" && layout_of(root) == "csv"))
        throw data_error{text(root, ": is a file, expected the folder of a data set", layout == "auto" ? " or a .csv file" : "")};
    if (!is_list && wants_list) throw data_error{text(root, ": is a folder, expected a .csv file (layout csv)")};
}

/// Whether one of the folders holds images.
[[nodiscard]] inline bool hold_images(const std::vector<std::filesystem::path>& folders) {
    return std::any_of(folders.begin(), folders.end(), [](const auto& folder) { return !images_in(folder).empty(); });
}

/// Reads a data set in a known layout; "" is none.
[[nodiscard]] inline dataset read_layout(const std::filesystem::path& root, const std::string& layout, reading& to) {
    if (layout == "mvtec") return read_kinds(root, "good", "mvtec", to);
    if (layout == "btad") return read_kinds(root, "ok", "btad", to);
    if (layout == "bsd") return is_mvtec(root) ? read_kinds(root, "good", "mvtec", to) : read_bsd(root, to);
    if (layout == "ksdd2") return read_ksdd2(root, to);
    if (layout == "visa") return read_visa(root, to);
    if (layout == "csv") return read_list(root, to);
    if (layout == "folder") return read_folder(root, to);
    if (const auto names = categories_in(root, "auto"); !names.empty())
        to.fault(text(root, ": holds several categories (", joined(names, 6), "); open one of them, or choose by class names"));
    else
        to.fault(text(root, ": its layout is unknown; expected ", layout_signs, ", found ", names_in(root),
                      hold_images(folders_in(root)) ? "; give --recursive if its sub-folders hold good images" : ""));
    return {};
}

}  // namespace detail

/// Opens one category, or a CSV list, and checks its masks (check_masks). Layout auto detects the layout by the content of the
/// folder; with `recursive`, a folder of an unknown layout is one of good images. The data set states its files and assumptions.
/// Throws option_error for an unknown layout; data_error with every fault of the data set, as the open function of the layout and
/// check_masks find them; data_error with the content of the folder and the known layouts, where it detects none.
[[nodiscard]] inline dataset open(const std::filesystem::path& root, const open_options& options = {}) {
    detail::check_layout(root, options.layout);
    std::string layout = options.layout == "auto" ? detail::layout_of(root) : options.layout;
    if (layout.empty() && options.recursive && detail::categories_in(root, "auto").empty()) layout = "folder";
    detail::reading to{layout == "csv" ? std::filesystem::path{} : root, options};
    auto set = detail::read_layout(root, layout, to);
    auto masks = check_masks(set, options.masks);
    for (auto& one : masks.faults) to.fault(std::move(one));
    for (auto& one : masks.notes) to.note(std::move(one));
    if (options.bad_masks == on_failure::stop)
        for (auto* bad : {&masks.unreadable, &masks.missing})
            for (auto& one : *bad) to.fault(std::move(one));
    else if (const auto count = masks.unreadable.size(); count > 0)
        to.note(text(count, count == 1 ? " mask" : " masks", " can't be read, the first: ", masks.unreadable.front()));
    return to.finish(std::move(set));
}

/// The categories of a whole data set, sorted: the sub-folders that hold one; for VisA those in its split. Throws option_error
/// for the layouts csv and folder, which have no categories, and data_error for a data set without categories.
[[nodiscard]] inline std::vector<std::string> class_names(const std::filesystem::path& root, const open_options& options = {}) {
    if (options.layout == "csv" || options.layout == "folder")
        throw option_error{text("layout \"", options.layout, "\" has no class names; open it without class names")};
    detail::check_layout(root, options.layout);
    auto names = detail::is_folder(root) ? detail::categories_in(root, options.layout) : std::vector<std::string>{};
    if (!names.empty()) return names;
    if (const auto layout = detail::layout_of(root); !layout.empty())
        throw data_error{
            text(root, ": is a single category (layout ", layout, "); give the folder that holds it, or no class names")};
    throw data_error{text(root, ": no folder in it holds a data set",
                          options.layout == "auto" ? "" : text(" of layout ", options.layout), ", found ",
                          detail::names_in(root))};
}

/// The sub-folders of a whole data set that hold no category, sorted: class_names leaves them out. Empty for VisA, whose split
/// names the categories.
[[nodiscard]] inline std::vector<std::string> folders_without_category(const std::filesystem::path& root,
                                                                       const open_options& options = {}) {
    std::vector<std::string> others;
    if (is_visa_root(root)) return others;
    const auto names = class_names(root, options);
    for (const auto& folder : detail::folders_in(root))
        if (auto name = folder.filename().string(); std::find(names.begin(), names.end(), name) == names.end())
            others.push_back(std::move(name));
    return others;
}

/// Opens one category of a whole data set. Throws as class_names and open do, and data_error with the names of the categories for
/// a name that is not one of them.
[[nodiscard]] inline dataset open_class(const std::filesystem::path& root, const std::string& name,
                                        const open_options& options = {}) {
    const auto names = class_names(root, options);
    if (std::find(names.begin(), names.end(), name) == names.end())
        throw data_error{text(root, ": has no class \"", name, "\"; there are ", detail::joined(names, names.size()))};
    return open(root / name, options);
}

}  // namespace rd4ad::inline RD4AD_ABI::data
