// rd4ad/image/detail/png.hpp: walks a PNG's chunks, reads its header and checks its chunks' checksums. Twin: tests/image/png.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include <rd4ad/image/detail/jpeg.hpp>

namespace rd4ad::inline RD4AD_ABI::image::detail {

inline constexpr std::string_view png_signature{"\x89PNG\r\n\x1A\n", 8};

/// Whether the file is a PNG, or the first bytes of one.
[[nodiscard]] inline bool is_png(std::span<const std::byte> bytes) {
    return bytes.size() >= 4 &&
           std::memcmp(bytes.data(), png_signature.data(), std::min(bytes.size(), png_signature.size())) == 0;
}

/// Copies bytes of a file in memory: memory_reader{bytes}(at, out) returns false where out reaches past the end.
struct memory_reader {
    std::span<const std::byte> bytes;
    bool operator()(std::size_t at, std::span<std::byte> out) const {
        if (at > bytes.size() || bytes.size() - at < out.size()) return false;
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), out.size(), out.begin());
        return true;
    }
};

[[nodiscard]] inline std::uint32_t big_endian_at(std::span<const std::byte> bytes, std::size_t at) {
    return byte_at(bytes, at) << 24 | byte_at(bytes, at + 1) << 16 | byte_at(bytes, at + 2) << 8 | byte_at(bytes, at + 3);
}

/// A chunk: its type, the offset of its body in the file, and the body's length in bytes.
struct png_chunk {
    std::string_view type;
    std::size_t body, length;
};

/// Calls visit(chunk) for each chunk of a PNG until it returns false. read(at, out) fills `out` from the file, or returns false.
/// Returns whether the walk reached the chunk IEND. Reads the chunks' heads alone: a body may reach past the end of the file.
template <class Read, class Visit>
bool png_chunks(const Read& read, const Visit& visit) {
    for (std::size_t at = png_signature.size();;) {
        std::array<std::byte, 8> head{};
        if (!read(at, std::span{head})) return false;
        const std::string_view type{reinterpret_cast<const char*>(head.data()) + 4, 4};
        const std::size_t length = big_endian_at(head, 0);
        if (!visit(png_chunk{type, at + 8, length})) return false;
        if (type == "IEND") return true;
        at += length + 12;  // length, type and checksum take 4 bytes each
    }
}

/// The header of a PNG.
struct png_header {
    int width{0}, height{0};  ///< before the EXIF orientation is applied
    int bits{0};              ///< per channel, or per index of a palette
};

/// The header of a PNG; nullopt for other files, and where the bytes end before it.
[[nodiscard]] inline std::optional<png_header> read_png_header(std::span<const std::byte> bytes) {
    constexpr std::size_t size = 25;  // up to the bits per channel
    if (!is_png(bytes) || bytes.size() < size || std::memcmp(bytes.data() + 12, "IHDR", 4) != 0) return std::nullopt;
    const auto number = [&](std::size_t at) { return static_cast<int>(big_endian_at(bytes, at) & 0x7FFFFFFF); };
    return png_header{number(16), number(20), static_cast<int>(byte_at(bytes, 24))};
}

/// The CRC-32 of bytes, as PNG's chunks have it. Takes eight bytes per step: table k advances the checksum by k more zero bytes.
[[nodiscard]] inline std::uint32_t png_crc(std::span<const std::byte> bytes) {
    static constexpr auto tables = [] {
        std::array<std::array<std::uint32_t, 256>, 8> made{};
        for (std::uint32_t n = 0; n < 256; ++n) {
            std::uint32_t c = n;
            for (int bit = 0; bit < 8; ++bit) c = c & 1 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
            made[0][n] = c;
        }
        for (std::size_t k = 1; k < 8; ++k)
            for (std::size_t n = 0; n < 256; ++n) made[k][n] = made[0][made[k - 1][n] & 0xFF] ^ (made[k - 1][n] >> 8);
        return made;
    }();
    std::uint32_t crc = 0xFFFFFFFFu;
    std::size_t at = 0;
    for (; at + 8 <= bytes.size(); at += 8) {
        std::uint32_t next = 0;
        for (std::size_t i = 0; i < 8; ++i) next ^= tables[7 - i][(byte_at(bytes, at + i) ^ (i < 4 ? crc >> (8 * i) : 0)) & 0xFF];
        crc = next;
    }
    for (; at < bytes.size(); ++at) crc = tables[0][(crc ^ byte_at(bytes, at)) & 0xFF] ^ (crc >> 8);
    return ~crc;
}

/// The first fault of a PNG's chunks: `truncated` where the file ends before IEND, else the type of a chunk whose checksum is
/// wrong. Chunks that do not change the pixels (lower case, except tRNS and eXIf) may be damaged.
struct png_fault {
    bool truncated{false};
    std::string_view damaged{};
};

[[nodiscard]] inline png_fault find_png_fault(std::span<const std::byte> bytes) {
    png_fault fault;
    const bool ended = png_chunks(memory_reader{bytes}, [&](const png_chunk& chunk) {
        if (bytes.size() - chunk.body < chunk.length || bytes.size() - chunk.body - chunk.length < 4) return false;
        // The offsets are those of the bytes, so the name stays valid with them.
        const std::string_view type{reinterpret_cast<const char*>(bytes.data()) + chunk.body - 4, 4};
        const bool used = (type[0] >= 'A' && type[0] <= 'Z') || type == "tRNS" || type == "eXIf";
        const bool intact =
            !used || png_crc(bytes.subspan(chunk.body - 4, chunk.length + 4)) == big_endian_at(bytes, chunk.body + chunk.length);
        if (!intact) fault.damaged = type;
        return intact;
    });
    fault.truncated = !ended && fault.damaged.empty();
    return fault;
}

}  // namespace rd4ad::inline RD4AD_ABI::image::detail
