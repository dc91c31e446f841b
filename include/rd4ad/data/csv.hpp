// rd4ad/data/csv.hpp: a list of images in a CSV file: path, label, mask, split. Twin: tests/data_layouts/csv.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/files.hpp>

namespace rd4ad::data {

namespace detail {

/// Rows of a CSV file by column name. Quoted fields may hold commas, line ends and doubled quotes (RFC 4180).
struct csv_table {
    std::string name{};  ///< for messages
    std::vector<std::string> columns{};
    struct row {
        std::size_t line{0};  ///< in the file, from 1
        std::vector<std::string> fields{};
    };
    std::vector<row> rows{};

    /// The column's place; columns.size() where there is none.
    [[nodiscard]] std::size_t find(std::string_view column) const {
        return static_cast<std::size_t>(std::find(columns.begin(), columns.end(), column) - columns.begin());
    }
    /// The column's place. Throws format_error where there is none.
    [[nodiscard]] std::size_t need(std::string_view column) const {
        const std::size_t at = find(column);
        if (at != columns.size()) return at;
        std::string found;
        for (const auto& one : columns) found += (found.empty() ? "" : ",") + one;
        throw format_error{name + ": line 1 names no column \"" + std::string{column} + "\", found " + found};
    }
    [[nodiscard]] std::string where(const row& of) const { return name + ": line " + std::to_string(of.line); }
};

/// Splits a CSV text. Throws format_error where a quote doesn't end or a line has another number of fields than the first.
[[nodiscard]] inline csv_table parse_csv(std::string_view text, const std::string& name) {
    csv_table table{.name = name};
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    std::size_t line = 1;
    for (std::size_t at = 0; at < text.size();) {
        csv_table::row row{.line = line};
        bool more = true;
        while (more) {
            std::string field;
            if (at < text.size() && text[at] == '"') {
                for (++at;; ++at) {
                    if (at >= text.size()) throw format_error{table.where(row) + ": a quote is opened and not closed"};
                    if (text[at] == '"' && !(at + 1 < text.size() && text[at + 1] == '"')) break;
                    if (text[at] == '"') ++at;
                    if (text[at] == '\n') ++line;
                    field += text[at];
                }
                ++at;
            }
            while (at < text.size() && text[at] != ',' && text[at] != '\n') field += text[at++];
            more = at < text.size() && text[at] == ',';
            if (!more && field.ends_with('\r')) field.pop_back();
            if (at < text.size()) ++at;
            row.fields.push_back(std::move(field));
        }
        ++line;
        if (row.fields.size() == 1 && row.fields[0].empty()) continue;  // an empty line
        if (table.columns.empty()) {
            table.columns = std::move(row.fields);
            continue;
        }
        if (row.fields.size() != table.columns.size())
            throw format_error{table.where(row) + " has " + std::to_string(row.fields.size()) + " fields, line 1 names " +
                               std::to_string(table.columns.size())};
        table.rows.push_back(std::move(row));
    }
    if (table.rows.empty()) throw format_error{name + ": holds no rows; expected a line of column names and one line an image"};
    return table;
}

[[nodiscard]] inline csv_table read_csv(const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    if (!file) throw io_error{path.string() + ": can't be opened for reading; check the path"};
    return parse_csv(std::string{std::istreambuf_iterator<char>{file}, {}}, path.string());
}

/// A path of a row, below `base` where it is relative. Throws data_error where there is no such file.
[[nodiscard]] inline std::filesystem::path listed_file(const csv_table& table, const csv_table::row& row, const std::string& text,
                                                       const std::filesystem::path& base) {
    auto path = base / text;
    if (!is_file(path))
        throw data_error{table.where(row) + ": no such file " + path.string() + "; paths are relative to " + base.string()};
    return path;
}

/// Good items first, then by kind; the file's order within each.
inline void sort_by_kind(std::vector<item>& items) {
    std::stable_sort(items.begin(), items.end(), [](const item& a, const item& b) {
        return a.anomalous != b.anomalous ? b.anomalous : a.anomalous && a.kind < b.kind;
    });
}

}  // namespace detail

/// A data set listed in a CSV file. Its first line names the columns path, label, split and, where there are masks, mask;
/// others are left alone. label: good, normal, ok or 0 is a good part, anything else the kind of a defect (1: "defect").
/// split: train or test. Paths are relative to the file's folder; mask may be empty. Throws format_error for a file that
/// isn't so, data_error naming the line for missing files, unknown splits and defects in train, or where nothing is to train on.
[[nodiscard]] inline dataset open_csv(const std::filesystem::path& file) {
    const auto table = detail::read_csv(file);
    const std::size_t path = table.need("path"), label = table.need("label"), split = table.need("split"),
                      mask = table.find("mask");
    const auto base = file.parent_path().empty() ? std::filesystem::path{"."} : file.parent_path();
    dataset set{.name = file.stem().string()};
    for (const auto& row : table.rows) {
        item one{.image = detail::listed_file(table, row, row.fields[path], base)};
        const std::string kind = detail::lower(row.fields[label]);
        if (kind.empty()) throw data_error{table.where(row) + ": the label is empty; expected good or a defect's name"};
        one.anomalous = kind != "good" && kind != "normal" && kind != "ok" && kind != "0";
        if (one.anomalous) one.kind = kind == "1" ? "defect" : row.fields[label];
        one.mask_expected = "one in the column mask of " + table.where(row);
        if (one.anomalous && mask < row.fields.size() && !row.fields[mask].empty())
            one.mask = detail::listed_file(table, row, row.fields[mask], base);
        if (row.fields[split] != "train" && row.fields[split] != "test")
            throw data_error{table.where(row) + ": the split is \"" + row.fields[split] + "\"; expected train or test"};
        if (row.fields[split] == "train" && one.anomalous)
            throw data_error{table.where(row) + ": a defect (" + one.kind +
                             ") in train; training takes good parts only, move it to test"};
        (row.fields[split] == "train" ? set.train : set.test).push_back(std::move(one));
    }
    if (set.train.empty())
        throw data_error{file.string() + ": lists no image of the split train; expected good ones to train on"};
    detail::sort_by_kind(set.test);
    return set;
}

}  // namespace rd4ad::data
