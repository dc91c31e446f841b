// rd4ad/io/safe_name.hpp: makes the name of a file or folder from foreign text. Twin: tests/io/safe_name.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <rd4ad/core/config.hpp>
#include <rd4ad/core/random.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

/// The most bytes of a safe_name: a suffix such as "_map.png" and a number fit into the 255 bytes of a file system's names, and
/// so does the name of the temporary file.
inline constexpr std::size_t max_safe_name = 200;

namespace detail {

/// A text of more than max_safe_name bytes keeps its beginning, of at most 183 bytes and whole UTF-8 characters, followed by `~`
/// and the 64-bit FNV-1a hash of the whole text in 16 hexadecimal digits: long names with the same beginning differ.
[[nodiscard]] inline std::string shortened(std::string_view text) {
    if (text.size() <= max_safe_name) return std::string{text};
    constexpr std::size_t hash_digits = 16;
    std::size_t kept = max_safe_name - hash_digits - 1;
    while (kept > 0 && (static_cast<unsigned char>(text[kept]) & 0xC0U) == 0x80U) --kept;
    std::string made{text.substr(0, kept)};
    made += '~';
    constexpr std::string_view digits = "0123456789abcdef";
    const std::uint64_t hash = hash_name(text);
    for (std::size_t shift = 4 * hash_digits; shift > 0; shift -= 4) made += digits[(hash >> (shift - 4)) & 15U];
    return made;
}

}  // namespace detail

/// One name for a file or folder from a label, a class or a file's stem. Slashes, backslashes and control characters become "_",
/// so do an empty name, "." at the front (the names ".", ".." and hidden files), and blanks at the end. A text of more than
/// max_safe_name bytes is shortened, and ends in a hash of the whole. The name never leads outside the folder to which it is
/// appended.
[[nodiscard]] inline std::string safe_name(std::string_view from) {
    auto name = detail::shortened(from);
    for (char& letter : name)
        if (const auto code = static_cast<unsigned char>(letter); code < 0x20 || code == 0x7F || letter == '/' || letter == '\\')
            letter = '_';
    if (name.empty()) return "_";
    if (name.front() == '.') name.front() = '_';
    if (name.back() == ' ') name.back() = '_';
    return name;
}

}  // namespace rd4ad::inline RD4AD_ABI::io
