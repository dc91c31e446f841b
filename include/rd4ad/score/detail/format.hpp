// rd4ad/score/detail/format.hpp: numbers and fields as text, for tables. Twin: tests/score/results.cpp
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include <rd4ad/core/config.hpp>
#include <rd4ad/io/escaped.hpp>

namespace rd4ad::inline RD4AD_ABI::score_detail {

/// Returns a field of a CSV file as RFC 4180 defines it: quoted if it holds a comma, a quote or a line break.
[[nodiscard]] inline std::string csv_field(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == text.npos) return std::string{text};
    std::string quoted{'"'};
    for (const char letter : text) quoted.append(letter == '"' ? 2 : 1, letter);
    return quoted + '"';
}

/// Returns a foreign name as a field of a CSV file: as io::row_text writes it, and with an apostrophe before a first `=`, `+`,
/// `-` or
/// `@`, so that no spreadsheet runs it as a formula. Quoted as csv_field does, and also if it holds a semicolon, which separates
/// fields in some countries.
[[nodiscard]] inline std::string csv_name(std::string_view name) {
    auto made = io::row_text(name);
    if (!made.empty() && std::string_view{"=+-@"}.find(made.front()) != std::string_view::npos) made.insert(0, 1, '\'');
    return made.find(';') == made.npos || made.find_first_of(",\"") != made.npos ? csv_field(made) : '"' + made + '"';
}

}  // namespace rd4ad::inline RD4AD_ABI::score_detail
