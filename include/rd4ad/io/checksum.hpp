// rd4ad/io/checksum.hpp: the checksum of stored bytes. Twin: tests/io/checksum.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <rd4ad/core/config.hpp>
#include <rd4ad/io/detail/xxhash.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

/// The name of the checksum, as files state it.
inline constexpr std::string_view checksum_name = "XXH3-64";

/// xxHash's XXH3 with 64 bits and seed 0, as 16 hexadecimal digits. It finds damage, not forgery. Python:
/// xxhash.xxh3_64_hexdigest.
[[nodiscard]] inline std::string checksum_of(std::span<const std::byte> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    const std::uint64_t hash = ::XXH3_64bits(bytes.data(), bytes.size());
    std::string text(16, '0');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = digits[hash >> (60 - 4 * i) & 15U];
    return text;
}

/// checksum_of for a text's bytes.
[[nodiscard]] inline std::string checksum_of(std::string_view text) { return checksum_of(std::as_bytes(std::span{text})); }

}  // namespace rd4ad::inline RD4AD_ABI::io
