// rd4ad/data/detail/csv_table.hpp: parses CSV as spreadsheets write it: any usual delimiter and encoding. Twin:
// tests/data/csv.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/data/label_names.hpp>
#include <rd4ad/io/read_file.hpp>

namespace rd4ad::inline RD4AD_ABI::data::detail {

/// A parsed CSV file.
struct csv_table {
    struct row {
        std::size_t line{0};  ///< in the file, from 1
        std::vector<std::string> fields{};
    };
    std::string name{};  ///< the file, for messages
    char delimiter{','};
    bool utf16{false};                   ///< the file's encoding
    std::vector<std::string> columns{};  ///< in lower case
    std::vector<row> rows{};             ///< each has as many fields as there are columns, without blanks around them

    /// The index of a column; columns.size() where there is none of this name.
    [[nodiscard]] std::size_t find_column(std::string_view column) const {
        return static_cast<std::size_t>(std::find(columns.begin(), columns.end(), column) - columns.begin());
    }
    /// The index of a column. Throws format_error where there is none of this name, or two.
    [[nodiscard]] std::size_t required_column(std::string_view column) const {
        const auto count = std::count(columns.begin(), columns.end(), column);
        if (count != 1)
            throw format_error{text(name, ": line 1 names ", count == 0 ? "no column" : "twice the column", " \"", column,
                                    "\", found ", joined(columns, columns.size()))};
        return find_column(column);
    }
    /// "parts.csv: line 3"
    [[nodiscard]] std::string where(const row& of) const { return text(name, ": line ", of.line); }
};

/// Appends a code point as UTF-8.
inline void append_utf8(std::string& to, std::uint32_t code) {
    const auto byte = [&](std::uint32_t value) { to += static_cast<char>(static_cast<unsigned char>(value)); };
    if (code < 0x80) return byte(code);
    if (code < 0x800) {
        byte(0xC0 | code >> 6);
    } else if (code < 0x10000) {
        byte(0xE0 | code >> 12);
        byte(0x80 | (code >> 6 & 0x3F));
    } else {
        byte(0xF0 | code >> 18);
        byte(0x80 | (code >> 12 & 0x3F));
        byte(0x80 | (code >> 6 & 0x3F));
    }
    byte(0x80 | (code & 0x3F));
}

/// UTF-16 of either byte order as UTF-8. An unpaired surrogate becomes U+FFFD.
[[nodiscard]] inline std::string from_utf16(std::string_view bytes, bool big) {
    const auto unit = [&](std::size_t at) {
        const auto first = static_cast<unsigned char>(bytes[at]), second = static_cast<unsigned char>(bytes[at + 1]);
        return static_cast<std::uint32_t>(big ? first << 8 | second : second << 8 | first);
    };
    std::string out;
    for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) {
        std::uint32_t code = unit(at);
        const bool high = code >= 0xD800 && code < 0xDC00;
        const std::uint32_t low = high && at + 3 < bytes.size() ? unit(at + 2) : 0;
        if (low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10 | (low - 0xDC00));
            at += 2;
        } else if (code >= 0xD800 && code < 0xE000) {
            code = 0xFFFD;
        }
        append_utf8(out, code);
    }
    return out;
}

/// Latin-1 bytes as UTF-8.
[[nodiscard]] inline std::string from_latin1(std::string_view bytes) {
    std::string out;
    for (const char byte : bytes) append_utf8(out, static_cast<unsigned char>(byte));
    return out;
}

/// The content of a CSV file as UTF-8 with line ends of '\n' only in place of '\r' only. Removes a byte order mark. UTF-16 is
/// recognised by its mark, or by a zero byte among the first two.
[[nodiscard]] inline std::string plain_csv(std::string_view content, bool& utf16) {
    constexpr std::string_view mark8{"\xEF\xBB\xBF"}, little{"\xFF\xFE"}, big{"\xFE\xFF"};
    const bool zero_first = content.size() > 1 && content[0] == '\0' && content[1] != '\0',
               zero_second = content.size() > 1 && content[0] != '\0' && content[1] == '\0';
    std::string plain;
    utf16 = true;
    if (content.starts_with(little) || content.starts_with(big))
        plain = from_utf16(content.substr(2), content.starts_with(big));
    else if (zero_first || zero_second)
        plain = from_utf16(content, zero_first);
    else
        utf16 = false, plain = content.substr(content.starts_with(mark8) ? mark8.size() : 0);
    if (plain.find('\n') == std::string::npos) std::replace(plain.begin(), plain.end(), '\r', '\n');
    return plain;
}

/// A position in CSV text.
struct csv_cursor {
    std::string_view content{};
    char delimiter{','};
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

/// Reads the fields up to the end of a row, without blanks around them. Throws format_error for a quote that is not closed.
[[nodiscard]] inline csv_table::row read_row(csv_cursor& cursor, const csv_table& table) {
    csv_table::row row{.line = cursor.line};
    for (bool more = true; more;) {
        std::string field;
        while (cursor.is_on(' ')) ++cursor.at;
        if (cursor.is_on('"') && !read_quoted(cursor, field))
            throw format_error{text(table.where(row), ": a quote is opened and not closed")};
        while (!cursor.ended() && !cursor.is_on(cursor.delimiter) && !cursor.is_on('\n')) field += cursor.content[cursor.at++];
        more = cursor.is_on(cursor.delimiter);
        if (!cursor.ended()) ++cursor.at;
        row.fields.push_back(trimmed(field));
    }
    ++cursor.line;
    return row;
}

/// The delimiter of a CSV text: the one of a first line "sep=;", else the one that occurs most often outside of quotes in the
/// first line that is not empty, ',' without any.
[[nodiscard]] inline char delimiter_of(std::string_view content) {
    while (content.starts_with('\n') || content.starts_with('\r')) content.remove_prefix(1);
    const auto line = content.substr(0, content.find('\n'));
    if (lower(std::string{line.substr(0, 4)}) == "sep=" && line.size() > 4) return line[4];
    constexpr std::array<char, 4> known{',', ';', '\t', '|'};
    std::array<std::size_t, 4> counts{};
    bool quoted = false;
    for (const char letter : line) {
        if (letter == '"') quoted = !quoted;
        const auto found = std::find(known.begin(), known.end(), letter);
        if (!quoted && found != known.end()) ++counts[static_cast<std::size_t>(found - known.begin())];
    }
    const auto most = std::max_element(counts.begin(), counts.end());
    return *most == 0 ? ',' : known[static_cast<std::size_t>(most - counts.begin())];
}

/// Parses CSV text as in RFC 4180: quoted fields can hold delimiters, line ends and doubled quotes. The delimiter is ',', ';', a
/// tab or '|'. UTF-8, UTF-16 and other encodings of ASCII are read. Skips empty lines, and empty fields past the last column.
/// Throws format_error for a quote that is not closed, naming every row with more or fewer fields than the first line, or for a
/// text without rows.
[[nodiscard]] inline csv_table parse_csv(std::string_view content, const std::string& name) {
    csv_table table{.name = name};
    const auto plain = plain_csv(content, table.utf16);
    table.delimiter = delimiter_of(plain);
    std::vector<std::string> faults;
    for (csv_cursor cursor{.content = plain, .delimiter = table.delimiter}; !cursor.ended();) {
        csv_table::row row = read_row(cursor, table);
        if (std::all_of(row.fields.begin(), row.fields.end(), [](const auto& field) { return field.empty(); })) continue;
        if (table.columns.empty()) {
            if (lower(row.fields[0]).starts_with("sep=")) continue;
            while (row.fields.back().empty()) row.fields.pop_back();
            for (auto& column : row.fields) table.columns.push_back(lower(column));
            continue;
        }
        while (row.fields.size() > table.columns.size() && row.fields.back().empty()) row.fields.pop_back();
        if (row.fields.size() != table.columns.size())
            faults.push_back(text(table.where(row), " has ", row.fields.size(), " fields, line 1 names ", table.columns.size()));
        table.rows.push_back(std::move(row));
    }
    if (!faults.empty()) throw format_error{joined(faults, 50)};
    if (table.rows.empty())
        throw format_error{text(name, ": holds no rows; expected a line of column names and one line per image")};
    return table;
}

/// Reads and parses a CSV file of at most io::max_text_bytes. Throws as io::read_file does, and format_error as parse_csv does.
[[nodiscard]] inline csv_table read_csv(const std::filesystem::path& path) {
    const auto bytes = io::read_file(path, io::max_text_bytes);
    return parse_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string());
}

}  // namespace rd4ad::inline RD4AD_ABI::data::detail
