// rd4ad/io/quoted.hpp: quotes foreign bytes for a message. Twin: tests/io/quoted.cpp
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

/// The bytes in single quotes. Shows at most 80 bytes; a byte that is not printable ASCII becomes `\xNN`. So a file's content
/// cannot send control sequences to the user's terminal. Call it as io::quoted: an unqualified call with a std::string finds
/// std::quoted.
[[nodiscard]] inline std::string quoted(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    constexpr std::size_t max_bytes = 80;
    std::string out = "'";
    for (const char byte : bytes.substr(0, max_bytes)) {
        const auto code = static_cast<unsigned char>(byte);
        if (code >= 0x20 && code < 0x7F) {
            out += byte;
        } else {
            out += "\\x";
            out += digits[code >> 4];
            out += digits[code & 15U];
        }
    }
    return out + (bytes.size() > max_bytes ? "...'" : "'");
}

}  // namespace rd4ad::inline RD4AD_ABI::io
