// rd4ad/image/detail/jpeg.hpp: walks a JPEG's segments and checks its Huffman tables. Twin: tests/image/jpeg.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::image::detail {

[[nodiscard]] inline std::uint32_t byte_at(std::span<const std::byte> bytes, std::size_t i) {
    return std::to_integer<std::uint32_t>(bytes[i]);
}

[[nodiscard]] inline bool is_jpeg(std::span<const std::byte> bytes) {
    return bytes.size() >= 2 && byte_at(bytes, 0) == 0xFF && byte_at(bytes, 1) == 0xD8;
}

/// Calls visit(marker, body) for each segment of a JPEG until it returns false. Skips entropy-coded data. Returns whether the
/// walk reached the marker "end of image"; it stops before a segment that reaches past the end of the bytes.
template <class Visit>
bool jpeg_segments(std::span<const std::byte> bytes, const Visit& visit) {
    if (!is_jpeg(bytes)) return false;
    for (std::size_t at = 2;;) {
        while (at < bytes.size() && byte_at(bytes, at) != 0xFF) ++at;  // padding, or entropy-coded data
        while (at < bytes.size() && byte_at(bytes, at) == 0xFF) ++at;  // fill bytes
        if (at >= bytes.size()) return false;
        const std::uint32_t marker = byte_at(bytes, at++);
        if (marker == 0xD9) return true;
        if (marker <= 0x01 || (marker >= 0xD0 && marker <= 0xD8)) continue;  // markers without a body: escaped 0xFF, restarts
        if (bytes.size() - at < 2) return false;
        const std::size_t length = std::size_t{byte_at(bytes, at)} << 8 | byte_at(bytes, at + 1);
        if (length < 2 || bytes.size() - at < length) return false;
        if (!visit(marker, bytes.subspan(at + 2, length - 2))) return false;
        at += length;
    }
}

/// Whether every Huffman table has at most the 256 codes that the format allows. stb up to 2.27 writes past its tables for a
/// longer one, so the reader must reject such a file before stb decodes it.
[[nodiscard]] inline bool jpeg_tables_fit(std::span<const std::byte> bytes) {
    bool fit = true;
    jpeg_segments(bytes, [&](std::uint32_t marker, std::span<const std::byte> body) {
        if (marker != 0xC4) return true;
        for (std::size_t at = 0; fit && at + 17 <= body.size();) {  // class and number (1 byte), 16 counts, then the symbols
            std::size_t codes = 0;
            for (std::size_t i = 1; i <= 16; ++i) codes += byte_at(body, at + i);
            fit = codes <= 256 && at + 17 + codes <= body.size();
            at += 17 + codes;
        }
        return fit;
    });
    return fit;
}

}  // namespace rd4ad::inline RD4AD_ABI::image::detail
