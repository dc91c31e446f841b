// rd4ad/data/visa.hpp: the layout of VisA, whose split is a CSV file. Twin: tests/data/visa.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/csv.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/files.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

namespace detail {
[[nodiscard]] inline std::filesystem::path visa_split(const std::filesystem::path& root) {
    return root / "split_csv" / "1cls.csv";
}

/// The parent of a folder, also where its path is "." or ends in a slash.
[[nodiscard]] inline std::filesystem::path parent_of(const std::filesystem::path& folder) {
    return (std::filesystem::absolute(folder) / "").lexically_normal().parent_path().parent_path();
}

/// The columns of VisA's split.
struct visa_columns {
    std::size_t object, split, label, image, mask;
};

/// The item in a row. Throws data_error for a missing file.
[[nodiscard]] inline item visa_item(const csv_table& table, const csv_table::row& row, const visa_columns& columns,
                                    const std::filesystem::path& base) {
    item one{.image = listed_file(table, row, row.fields[columns.image], base),
             .is_anomalous = row.fields[columns.label] != "normal",
             .mask_above = 0};
    if (!one.is_anomalous) return one;
    one.kind = row.fields[columns.label];
    one.mask_expected = text("one in the column mask of ", table.where(row));
    if (!row.fields[columns.mask].empty()) one.mask = listed_file(table, row, row.fields[columns.mask], base);
    return one;
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

/// Opens one category of VisA, split by split_csv/1cls.csv in the parent folder. Its columns are object, split, label, image and
/// mask; its paths are relative to the parent folder. A pixel of a mask is defective above 0, because VisA numbers the kinds of
/// defects. Defects in train are ignored. Throws data_error for another folder, a category without normal training images, or a
/// missing file; format_error for an invalid split.
[[nodiscard]] inline dataset open_visa(const std::filesystem::path& root) {
    if (!is_visa(root))
        throw data_error{text(root, ": expected Data/Images in it and split_csv/1cls.csv beside it (layout visa), found ",
                              detail::names_in(root))};
    const std::string name = detail::name_of(root);
    const auto base = detail::parent_of(root);
    const auto table = detail::read_csv(detail::visa_split(base));
    const detail::visa_columns columns{table.required_column("object"), table.required_column("split"),
                                       table.required_column("label"), table.required_column("image"),
                                       table.required_column("mask")};
    dataset set{.name = name};
    for (const auto& row : table.rows) {
        if (row.fields[columns.object] != name) continue;
        item one = detail::visa_item(table, row, columns, base);
        if (row.fields[columns.split] != "train")
            set.test.push_back(std::move(one));
        else if (!one.is_anomalous)
            set.train.push_back(std::move(one));
    }
    if (set.train.empty())
        throw data_error{
            text(table.name, ": names no normal image of \"", name, "\" for train; check that the folder has its original name")};
    detail::sort_by_kind(set.test);
    return set;
}

}  // namespace rd4ad::inline RD4AD_ABI::data
