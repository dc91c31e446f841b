// rd4ad/data/csv.hpp: a data set listed in a CSV file with the columns path, label, mask, split. Twin: tests/data/csv.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/io/read_file.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

namespace detail {

/// A parsed CSV file.
struct csv_table {
    struct row {
        std::size_t line{0};  ///< in the file, from 1
        std::vector<std::string> fields{};
    };
    std::string name{};  ///< the file, for messages
    std::vector<std::string> columns{};
    std::vector<row> rows{};  ///< each has as many fields as there are columns

    /// The index of a column; columns.size() where there is none of this name.
    [[nodiscard]] std::size_t find_column(std::string_view column) const {
        return static_cast<std::size_t>(std::find(columns.begin(), columns.end(), column) - columns.begin());
    }
    /// The index of a column. Throws format_error where there is none of this name.
    [[nodiscard]] std::size_t required_column(std::string_view column) const {
        const std::size_t index = find_column(column);
        if (index == columns.size())
            throw format_error{text(name, ": line 1 names no column \"", column, "\", found ", joined(columns, columns.size()))};
        return index;
    }
    /// "parts.csv: line 3"
    [[nodiscard]] std::string where(const row& of) const { return text(name, ": line ", of.line); }
};

/// A position in CSV text.
struct csv_cursor {
    std::string_view content{};
    std::size_t at{0}, line{1};

    [[nodiscard]] bool ended() const noexcept { return at >= content.size(); }
    [[nodiscard]] bool is_on(char letter) const noexcept { return !ended() && content[at] == letter; }
};

/// Appends a quoted field, which the cursor is at the start of, without its quotes. Returns whether the quote is closed.
[[nodiscard]] inline bool read_quoted(csv_cursor& cursor, std::string& field) {
    for (++cursor.at; !cursor.ended(); ++cursor.at) {
        if (cursor.is_on('"')) {
            ++cursor.at;
            if (!cursor.is_on('"')) return true;  // a doubled quote stands for a quote
        }
        if (cursor.is_on('\n')) ++cursor.line;
        field += cursor.content[cursor.at];
    }
    return false;
}

/// Reads the fields up to the end of a row. Throws format_error for a quote that is not closed.
[[nodiscard]] inline csv_table::row read_row(csv_cursor& cursor, const csv_table& table) {
    csv_table::row row{.line = cursor.line};
    for (bool more = true; more;) {
        std::string field;
        if (cursor.is_on('"') && !read_quoted(cursor, field))
            throw format_error{text(table.where(row), ": a quote is opened and not closed")};
        while (!cursor.ended() && !cursor.is_on(',') && !cursor.is_on('\n')) field += cursor.content[cursor.at++];
        more = cursor.is_on(',');
        if (!more && field.ends_with('\r')) field.pop_back();
        if (!cursor.ended()) ++cursor.at;
        row.fields.push_back(std::move(field));
    }
    ++cursor.line;
    return row;
}

/// Parses CSV text as in RFC 4180: quoted fields can hold commas, line ends and doubled quotes. Skips empty lines. Throws
/// format_error for a quote that is not closed, a row with more or fewer fields than the first line, or a text without rows.
[[nodiscard]] inline csv_table parse_csv(std::string_view content, const std::string& name) {
    constexpr std::string_view byte_order_mark{"\xEF\xBB\xBF"};
    if (content.starts_with(byte_order_mark)) content.remove_prefix(byte_order_mark.size());
    csv_table table{.name = name};
    for (csv_cursor cursor{.content = content}; !cursor.ended();) {
        csv_table::row row = read_row(cursor, table);
        if (row.fields.size() == 1 && row.fields[0].empty()) continue;  // an empty line
        if (table.columns.empty()) {
            table.columns = std::move(row.fields);
            continue;
        }
        if (row.fields.size() != table.columns.size())
            throw format_error{
                text(table.where(row), " has ", row.fields.size(), " fields, line 1 names ", table.columns.size())};
        table.rows.push_back(std::move(row));
    }
    if (table.rows.empty())
        throw format_error{text(name, ": holds no rows; expected a line of column names and one line per image")};
    return table;
}

/// Reads and parses a CSV file. Throws io_error as io::read_file does, and format_error as parse_csv does.
[[nodiscard]] inline csv_table read_csv(const std::filesystem::path& path) {
    const auto bytes = io::read_file(path);
    return parse_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string());
}

/// The path in a field, relative to `base`. Throws data_error where there is no such file.
[[nodiscard]] inline std::filesystem::path listed_file(const csv_table& table, const csv_table::row& row,
                                                       const std::string& field, const std::filesystem::path& base) {
    auto path = base / field;
    if (!is_file(path)) throw data_error{text(table.where(row), ": no such file ", path, "; paths are relative to ", base)};
    return path;
}

/// Sorts good items before defects, and defects by kind. Keeps the order of the file otherwise.
inline void sort_by_kind(std::vector<item>& items) {
    std::stable_sort(items.begin(), items.end(), [](const item& a, const item& b) {
        return a.is_anomalous != b.is_anomalous ? b.is_anomalous : a.is_anomalous && a.kind < b.kind;
    });
}

/// The columns of a list of images.
struct list_columns {
    std::size_t path, label, split, mask;  ///< mask: at or above the number of columns where there is none
};

/// The item in a row. Throws data_error for a missing file or an empty label.
[[nodiscard]] inline item listed_item(const csv_table& table, const csv_table::row& row, const list_columns& columns,
                                      const std::filesystem::path& base) {
    item one{.image = listed_file(table, row, row.fields[columns.path], base)};
    const std::string label = lower(row.fields[columns.label]);
    if (label.empty()) throw data_error{text(table.where(row), ": the label is empty; expected good or the name of a defect")};
    one.is_anomalous = label != "good" && label != "normal" && label != "ok" && label != "0";
    if (!one.is_anomalous) return one;
    one.kind = label == "1" ? "defect" : row.fields[columns.label];
    one.mask_expected = text("one in the column mask of ", table.where(row));
    if (columns.mask < row.fields.size() && !row.fields[columns.mask].empty())
        one.mask = listed_file(table, row, row.fields[columns.mask], base);
    return one;
}

}  // namespace detail

/// Opens a data set that a CSV file lists. Its first line names the columns path, label, split and optionally mask; other columns
/// are ignored. label: "good", "normal", "ok" or "0" for a good image, otherwise the name of a defect ("1": "defect"). split:
/// "train" or "test". mask: can be empty. Paths are relative to the folder of the CSV file. Throws io_error and format_error for
/// a file that can't be read as such, and data_error with the line for a missing file, an empty label, an unknown split or a
/// defect in train, and where no image is for training.
[[nodiscard]] inline dataset open_csv(const std::filesystem::path& file) {
    const auto table = detail::read_csv(file);
    const detail::list_columns columns{table.required_column("path"), table.required_column("label"),
                                       table.required_column("split"), table.find_column("mask")};
    const auto base = file.parent_path().empty() ? std::filesystem::path{"."} : file.parent_path();
    dataset set{.name = file.stem().string()};
    for (const auto& row : table.rows) {
        item one = detail::listed_item(table, row, columns, base);
        const std::string& split = row.fields[columns.split];
        if (split != "train" && split != "test")
            throw data_error{text(table.where(row), ": the split is \"", split, "\"; expected train or test")};
        if (split == "train" && one.is_anomalous)
            throw data_error{text(table.where(row), ": a defect (", one.kind,
                                  ") is in train; training takes good images only, move it to test")};
        (split == "train" ? set.train : set.test).push_back(std::move(one));
    }
    if (set.train.empty()) throw data_error{text(file, ": lists no image with the split train; expected good ones to train on")};
    detail::sort_by_kind(set.test);
    return set;
}

}  // namespace rd4ad::inline RD4AD_ABI::data
