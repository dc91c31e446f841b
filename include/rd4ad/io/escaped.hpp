// rd4ad/io/escaped.hpp: writes foreign names into JSON, rows and messages, so that they forge nothing and stay readable. Twin:
// tests/io/escaped.cpp
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

namespace detail {

/// The bytes of the UTF-8 character at the beginning of a text (RFC 3629: no overlong form, no surrogate, at most U+10FFFF); 0
/// where there is none.
[[nodiscard]] constexpr std::size_t utf8_length(std::string_view bytes) noexcept {
    const auto at = [&](std::size_t i) { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U; };
    const auto continues = [&](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
    const unsigned first = at(0), second = at(1);
    if (bytes.empty()) return 0;
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        const bool valid = continues(1) && continues(2) && !(first == 0xE0 && second < 0xA0) && !(first == 0xED && second > 0x9F);
        return valid ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const bool valid = continues(1) && continues(2) && continues(3) && !(first == 0xF0 && second < 0x90) &&
                           !(first == 0xF4 && second > 0x8F);
        return valid ? 4 : 0;
    }
    return 0;
}

/// Appends each byte as `\xHH`, with lower-case digits.
inline void append_hex(std::string& to, std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (const char byte : bytes) {
        const auto code = static_cast<unsigned char>(byte);
        to += "\\x";
        to += digits[code >> 4];
        to += digits[code & 15U];
    }
}

/// Whether a UTF-8 character controls a terminal, ends a line, or turns the direction of the text around it: U+0000 to U+001F,
/// U+007F to U+009F, U+061C, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069.
[[nodiscard]] constexpr bool is_control(std::string_view character) noexcept {
    if (character.size() == 1) return static_cast<unsigned char>(character[0]) < 0x20 || character[0] == 0x7F;
    if (character.size() == 2)
        return (character[0] == '\xC2' && static_cast<unsigned char>(character[1]) < 0xA0) || character == "\xD8\x9C";
    const auto last = static_cast<unsigned char>(character[2]);
    if (character.starts_with("\xE2\x80")) return last == 0x8E || last == 0x8F || (last >= 0xA8 && last <= 0xAE);
    return character.starts_with("\xE2\x81") && last >= 0xA6 && last <= 0xA9;
}

}  // namespace detail

/// Whether the bytes are UTF-8 (RFC 3629).
[[nodiscard]] constexpr bool is_utf8(std::string_view bytes) noexcept {
    while (!bytes.empty()) {
        const std::size_t length = detail::utf8_length(bytes);
        if (length == 0) return false;
        bytes.remove_prefix(length);
    }
    return true;
}

/// The bytes as UTF-8, for JSON and pages: unchanged where they are UTF-8. Otherwise each byte that belongs to no UTF-8 character
/// becomes `\xHH`, and each backslash becomes two, so that the bytes can be recovered.
[[nodiscard]] inline std::string utf8_text(std::string_view bytes) {
    if (is_utf8(bytes)) return std::string{bytes};
    std::string made;
    while (!bytes.empty()) {
        const std::size_t length = detail::utf8_length(bytes);
        const auto character = bytes.substr(0, length == 0 ? 1 : length);
        if (length == 0)
            detail::append_hex(made, character);
        else
            made.append(character == "\\" ? "\\\\" : character);
        bytes.remove_prefix(character.size());
    }
    return made;
}

namespace detail {

/// The bytes as UTF-8 without line ends, tabs and control characters. backslashes: whether each becomes two, too.
[[nodiscard]] inline std::string without_controls(std::string_view bytes, bool backslashes) {
    std::string made;
    while (!bytes.empty()) {
        const std::size_t length = utf8_length(bytes);
        const auto character = bytes.substr(0, length == 0 ? 1 : length);
        if (character == "\t")
            made += "\\t";
        else if (character == "\n")
            made += "\\n";
        else if (character == "\r")
            made += "\\r";
        else if (character == "\\" && backslashes)
            made += "\\\\";
        else if (length == 0 || is_control(character))
            append_hex(made, character);
        else
            made += character;
        bytes.remove_prefix(character.size());
    }
    return made;
}

}  // namespace detail

/// The bytes as UTF-8 without line ends, tabs and control characters, for a field of a row or a line of a table: a tab becomes
/// `\t`, a line feed `\n`, a carriage return `\r`, a backslash `\\`; each byte of another control character, of the line
/// separators U+2028 and U+2029 and of those that turn the direction of text, and each byte that belongs to no UTF-8 character
/// becomes `\xHH`. So a name can't forge a row or command the terminal, and the bytes can be recovered.
[[nodiscard]] inline std::string row_text(std::string_view bytes) { return detail::without_controls(bytes, true); }

/// row_text that leaves backslashes alone, for a whole line of a message: texts in it that row_text wrote stay as they are. So a
/// name can't forge a line or command the terminal; the bytes can't always be recovered.
[[nodiscard]] inline std::string line_text(std::string_view bytes) { return detail::without_controls(bytes, false); }

}  // namespace rd4ad::inline RD4AD_ABI::io
