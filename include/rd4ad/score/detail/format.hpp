// rd4ad/score/detail/format.hpp: numbers and fields as text, for tables. Twin: tests/score/results.cpp
#pragma once
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::score_detail {

/// Returns the number with `digits` digits after the decimal point.
[[nodiscard]] inline std::string decimal(double value, int digits) {
    char text[64];
    const int length = std::snprintf(text, sizeof text, "%.*f", digits, value);
    return {text, static_cast<std::size_t>(length > 0 && length < 64 ? length : 0)};
}

/// Returns a field of a CSV file as RFC 4180 defines it: quoted if it holds a comma, a quote or a line break.
[[nodiscard]] inline std::string csv_field(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == text.npos) return std::string{text};
    std::string quoted{'"'};
    for (const char letter : text) quoted.append(letter == '"' ? 2 : 1, letter);
    return quoted + '"';
}

}  // namespace rd4ad::inline RD4AD_ABI::score_detail
