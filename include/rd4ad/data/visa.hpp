// rd4ad/data/visa.hpp: the layout of VisA, whose split is a CSV file. Twin: tests/data/visa.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/csv_table.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/data/detail/listed_items.hpp>
#include <rd4ad/data/detail/reading.hpp>
#include <rd4ad/data/open_options.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

namespace detail {
[[nodiscard]] inline std::filesystem::path visa_split(const std::filesystem::path& root) {
    return root / "split_csv" / "1cls.csv";
}

/// The parent of a folder, also where its path is "." or ends in a slash.
[[nodiscard]] inline std::filesystem::path parent_of(const std::filesystem::path& folder) {
    return (std::filesystem::absolute(folder) / "").lexically_normal().parent_path().parent_path();
}

}  // namespace detail

/// Whether the folder is the root of VisA: it holds split_csv/1cls.csv.
[[nodiscard]] inline bool is_visa_root(const std::filesystem::path& root) { return detail::is_file(detail::visa_split(root)); }

/// Whether the folder is one category of VisA: it holds Data/Images, and its parent is the root of VisA.
[[nodiscard]] inline bool is_visa(const std::filesystem::path& root) {
    return detail::is_folder(root / "Data" / "Images") && is_visa_root(detail::parent_of(root));
}

/// The categories in VisA's split, sorted. Throws io_error and format_error for a split that can't be read.
[[nodiscard]] inline std::vector<std::string> visa_names(const std::filesystem::path& root) {
    const auto table = detail::read_csv(detail::visa_split(root));
    const std::size_t object = table.required_column("object");
    std::vector<std::string> names;
    for (const auto& row : table.rows) names.push_back(row.fields[object]);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

namespace detail {

[[nodiscard]] inline dataset read_visa(const std::filesystem::path& root, reading& to) {
    const std::string name = name_of(root);
    dataset set{.name = name};
    if (!is_visa(root)) {
        to.fault(
            text(root, ": expected Data/Images in it and split_csv/1cls.csv beside it (layout visa), found ", names_in(root)));
        return set;
    }
    const auto base = parent_of(root);
    const auto table = read_csv(visa_split(base));
    const std::size_t object = table.required_column("object");
    list_reader rows{table,
                     {table.required_column("image"), table.required_column("label"), table.required_column("split"),
                      table.required_column("mask")},
                     base,
                     training_defects::leave_out,
                     to};
    for (const auto& row : table.rows)
        if (row.fields[object] == name) rows.add(row, set);
    if (set.train.empty() && !to.has_faults())
        to.fault(
            text(table.name, ": names no normal image of \"", name, "\" for train; check that the folder has its original name"));
    sort_by_kind(set.test);
    to.files.use(visa_split(base), role_list);
    rows.finish();
    return set;
}

}  // namespace detail

/// Opens one category of VisA, split by split_csv/1cls.csv in the parent folder. Its columns are object, split, label, image and
/// mask; its paths are relative to the parent folder. Defects in train are left out. Throws data_error with every fault: another
/// folder, a category without normal training images, and those of open_csv; format_error for an invalid split.
[[nodiscard]] inline dataset open_visa(const std::filesystem::path& root, const open_options& options = {}) {
    detail::reading to{root, options};
    return to.finish(detail::read_visa(root, to));
}

}  // namespace rd4ad::inline RD4AD_ABI::data
