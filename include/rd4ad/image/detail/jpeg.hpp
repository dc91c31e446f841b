// rd4ad/image/detail/jpeg.hpp: walks a JPEG's segments, reads its frame header and checks its Huffman tables. Twin:
// tests/image/jpeg.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
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

/// The header of a JPEG's frame, and what stands before its first scan.
struct jpeg_frame {
    int width{0}, height{0};  ///< before the EXIF orientation is applied
    int bits{0};              ///< per sample
    int components{0};
    bool is_lossless{false};
    bool has_tables{false};  ///< a Huffman table; the frames of a motion JPEG rely on the standard's example tables
    bool has_adobe{false};   ///< Adobe's segment, which states the colours of four components
};

/// The frame header of a JPEG; nullopt for other files, and where the bytes end before it.
[[nodiscard]] inline std::optional<jpeg_frame> read_jpeg_frame(std::span<const std::byte> bytes) {
    jpeg_frame frame;
    bool found = false;
    jpeg_segments(bytes, [&](std::uint32_t marker, std::span<const std::byte> body) {
        const auto number = [&](std::size_t at) { return static_cast<int>(byte_at(body, at) << 8 | byte_at(body, at + 1)); };
        if (marker == 0xC4) frame.has_tables = true;
        if (marker == 0xEE && body.size() >= 12 && byte_at(body, 0) == 'A' && byte_at(body, 1) == 'd') frame.has_adobe = true;
        if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC && body.size() >= 6) {
            frame.bits = static_cast<int>(byte_at(body, 0));
            frame.height = number(1), frame.width = number(3);
            frame.components = static_cast<int>(byte_at(body, 5));
            frame.is_lossless = (marker & 3) == 3;
            found = true;
        }
        return marker != 0xDA;
    });
    return found ? std::optional{frame} : std::nullopt;
}

/// Whether the Huffman tables of a segment fill it, and each has at most the 256 codes that the format allows.
[[nodiscard]] inline bool huffman_tables_fit(std::span<const std::byte> body) {
    for (std::size_t at = 0; at < body.size();) {  // class and number (1 byte), 16 counts, then the symbols
        if (body.size() - at < 17) return false;
        std::size_t codes = 0;
        for (std::size_t i = 1; i <= 16; ++i) codes += byte_at(body, at + i);
        if (codes > 256 || body.size() - at - 17 < codes) return false;
        at += 17 + codes;
    }
    return true;
}

/// Whether every segment of Huffman tables fits. stb up to 2.27 reads past a segment that ends within a table, and writes past a
/// longer table, so the reader must reject such a file before stb decodes it.
[[nodiscard]] inline bool jpeg_tables_fit(std::span<const std::byte> bytes) {
    bool fit = true;
    jpeg_segments(bytes, [&](std::uint32_t marker, std::span<const std::byte> body) {
        return marker != 0xC4 || (fit = huffman_tables_fit(body));
    });
    return fit;
}

}  // namespace rd4ad::inline RD4AD_ABI::image::detail
