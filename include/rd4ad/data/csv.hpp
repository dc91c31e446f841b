// rd4ad/data/csv.hpp: a data set listed in a CSV file with the columns path, label, mask, split. Twin: tests/data/csv.cpp
#pragma once
#include <filesystem>

#include <rd4ad/core/text.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/csv_table.hpp>
#include <rd4ad/data/detail/listed_items.hpp>
#include <rd4ad/data/detail/reading.hpp>
#include <rd4ad/data/open_options.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

namespace detail {

[[nodiscard]] inline dataset read_list(const std::filesystem::path& file, reading& to) {
    const auto table = read_csv(file);
    const list_columns columns{table.required_column("path"), table.required_column("label"), table.required_column("split"),
                               table.find_column("mask")};
    list_reader rows{table, columns, file.parent_path().empty() ? std::filesystem::path{"."} : file.parent_path(),
                     training_defects::fault, to};
    dataset set{.name = file.stem().string()};
    for (const auto& row : table.rows) rows.add(row, set);
    if (set.train.empty() && to.options().needs_training && !to.has_faults())
        to.fault(text(file, ": lists no image with the split train; expected good ones to train on"));
    sort_by_kind(set.test);
    to.files.use(file, role_list);
    rows.finish();
    return set;
}

}  // namespace detail

/// Opens a data set that a CSV file lists. Its first line names the columns path, label, split and optionally mask; other columns
/// are ignored. label: a name of good_names or "0" for a good image, otherwise the name of a defect ("1": "defect"). split:
/// "train", "test" or "val". mask: can be empty. Paths are relative to the folder of the CSV file; backslashes stand for slashes.
/// Names count in any case and without blanks around them; see parse_csv for delimiters and encodings. A row that repeats
/// another one counts once. Throws io_error and format_error for a file that can't be read as such, and data_error with every
/// fault and its line: a missing file, an empty or ambiguous label, an unknown split, a defect in train, rows that contradict
/// each other; and where no image is for training, if the options need some.
[[nodiscard]] inline dataset open_csv(const std::filesystem::path& file, const open_options& options = {}) {
    detail::reading to{{}, options};
    return to.finish(detail::read_list(file, to));
}

}  // namespace rd4ad::inline RD4AD_ABI::data
