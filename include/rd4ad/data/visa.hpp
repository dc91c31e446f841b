// rd4ad/data/visa.hpp: VisA's folders and the split its CSV gives. Twin: tests/data_layouts/visa.cpp
#pragma once
#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/data/csv.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/files.hpp>

namespace rd4ad::data {

namespace detail {
[[nodiscard]] inline std::filesystem::path visa_split(const std::filesystem::path& root) {
    return root / "split_csv" / "1cls.csv";
}

/// The folder that holds a folder, also where its path is "." or ends in a slash.
[[nodiscard]] inline std::filesystem::path parent_of(const std::filesystem::path& folder) {
    return (std::filesystem::absolute(folder) / "").lexically_normal().parent_path().parent_path();
}
}  // namespace detail

/// Whether the folder is the whole of VisA: it holds split_csv/1cls.csv.
[[nodiscard]] inline bool is_visa_root(const std::filesystem::path& root) { return detail::is_file(detail::visa_split(root)); }

/// Whether the folder is one category of VisA: it holds Data/Images, and the split lies beside it.
[[nodiscard]] inline bool is_visa(const std::filesystem::path& root) {
    return detail::is_folder(root / "Data" / "Images") && is_visa_root(detail::parent_of(root));
}

/// The categories that VisA's split names, sorted. Throws io_error, format_error.
[[nodiscard]] inline std::vector<std::string> visa_names(const std::filesystem::path& root) {
    const auto table = detail::read_csv(detail::visa_split(root));
    const std::size_t object = table.need("object");
    std::vector<std::string> names;
    for (const auto& row : table.rows) names.push_back(row.fields[object]);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

/// One category of VisA (its folder), split as split_csv/1cls.csv beside it says: columns object, split, label, image, mask;
/// paths relative to the whole set. A mask's pixel is defect above 0: VisA numbers the kinds of defects. Throws data_error
/// where the folder isn't one, the split doesn't name it, or a file is missing; format_error for a split that is none.
[[nodiscard]] inline dataset open_visa(const std::filesystem::path& root) {
    if (!is_visa(root))
        throw data_error{root.string() + ": expected Data/Images in it and split_csv/1cls.csv beside it (layout visa), found " +
                         detail::names_in(root)};
    const std::string name = detail::name_of(root);
    const auto base = detail::parent_of(root);
    const auto table = detail::read_csv(detail::visa_split(base));
    const std::size_t object = table.need("object"), split = table.need("split"), label = table.need("label"),
                      path = table.need("image"), mask = table.need("mask");
    dataset set{.name = name};
    for (const auto& row : table.rows) {
        if (row.fields[object] != name) continue;
        item one{.image = detail::listed_file(table, row, row.fields[path], base),
                 .anomalous = row.fields[label] != "normal",
                 .mask_above = 0};
        if (one.anomalous) one.kind = row.fields[label];
        one.mask_expected = "one in the column mask of " + table.where(row);
        if (one.anomalous && !row.fields[mask].empty()) one.mask = detail::listed_file(table, row, row.fields[mask], base);
        if (row.fields[split] != "train")
            set.test.push_back(std::move(one));
        else if (!one.anomalous)
            set.train.push_back(std::move(one));
    }
    if (set.train.empty())
        throw data_error{table.name + ": names no normal image of \"" + name + "\" for train; is the folder's name changed?"};
    detail::sort_by_kind(set.test);
    return set;
}

}  // namespace rd4ad::data
