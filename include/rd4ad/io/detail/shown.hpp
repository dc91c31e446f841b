// rd4ad/io/detail/shown.hpp: foreign bytes made fit for a message. Twin: tests/io/shown.cpp
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace rd4ad::io::detail {

/// `text` in single quotes, at most 80 bytes of it, with all but printable ASCII as \xNN: what a file says about itself
/// must not be able to write to a terminal.
[[nodiscard]] inline std::string shown(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    constexpr std::size_t most = 80;
    std::string out = "'";
    for (const char letter : text.substr(0, most)) {
        const auto code = static_cast<unsigned char>(letter);
        if (code >= 0x20 && code < 0x7F) {
            out += letter;
        } else {
            out += "\\x";
            out += digits[code >> 4];
            out += digits[code & 15U];
        }
    }
    return out + (text.size() > most ? "...'" : "'");
}

}  // namespace rd4ad::io::detail
