// rd4ad/io/base64.hpp: encodes bytes as Base64, for JSON and HTML. Twin: tests/io/base64.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

/// Base64 (RFC 4648), padded, without line breaks: four letters per three bytes, rounded up.
[[nodiscard]] inline std::string base64(std::span<const std::byte> bytes) {
    constexpr const char* letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string encoded;
    encoded.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = bytes.size() - i < 3 ? bytes.size() - i : 3;
        std::uint32_t three = 0;
        for (std::size_t j = 0; j < 3; ++j) three = three << 8 | (j < count ? std::to_integer<std::uint32_t>(bytes[i + j]) : 0U);
        for (std::size_t j = 0; j < 4; ++j) encoded += j <= count ? letters[three >> (18 - 6 * j) & 63U] : '=';
    }
    return encoded;
}

}  // namespace rd4ad::inline RD4AD_ABI::io
