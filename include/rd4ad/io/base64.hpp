// rd4ad/io/base64.hpp: bytes as text, for data within JSON and HTML. Twin: tests/io/base64.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace rd4ad::io {

/// Base64 of RFC 4648 with its padding, without line breaks: four letters for each three bytes begun.
[[nodiscard]] inline std::string base64(std::span<const std::byte> bytes) {
    constexpr const char* letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = bytes.size() - i < 3 ? bytes.size() - i : 3;
        std::uint32_t three = 0;
        for (std::size_t j = 0; j < 3; ++j) three = three << 8 | (j < count ? std::to_integer<std::uint32_t>(bytes[i + j]) : 0U);
        for (std::size_t j = 0; j < 4; ++j) text += j <= count ? letters[three >> (18 - 6 * j) & 63U] : '=';
    }
    return text;
}

}  // namespace rd4ad::io
