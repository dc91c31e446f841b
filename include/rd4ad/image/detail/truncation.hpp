// rd4ad/image/detail/truncation.hpp: detects truncated image files, which stb decodes without an error. Twin:
// tests/image/truncation.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include <rd4ad/image/detail/jpeg.hpp>

namespace rd4ad::inline RD4AD_ABI::image::detail {

[[nodiscard]] inline std::uint64_t little_endian(std::span<const std::byte> bytes, std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t{byte_at(bytes, at + i)} << (8 * i);
    return value;
}

/// Whether an uncompressed BMP has fewer bytes than its pixels take.
[[nodiscard]] inline bool bmp_cut_short(std::span<const std::byte> bytes) {
    if (bytes.size() < 30) return true;
    const std::uint64_t header = little_endian(bytes, 14, 4), first = little_endian(bytes, 10, 4);
    const bool core = header == 12;  // the oldest header has 16-bit sizes
    const std::uint64_t width = core ? little_endian(bytes, 18, 2) : little_endian(bytes, 18, 4);
    std::uint64_t height = core ? little_endian(bytes, 20, 2) : little_endian(bytes, 22, 4);
    if (!core && height > 0x7FFFFFFF) height = 0x100000000 - height;  // a negative height means rows from the top
    const std::uint64_t bits = little_endian(bytes, core ? 24 : 28, 2);
    return first + height * ((width * bits + 31) / 32 * 4) > bytes.size();
}

/// Whether a TGA, plain or run-length encoded, has fewer bytes than its pixels take.
[[nodiscard]] inline bool tga_cut_short(std::span<const std::byte> bytes) {
    if (bytes.size() < 18) return true;
    const std::uint64_t colours = byte_at(bytes, 1) != 0 ? little_endian(bytes, 5, 2) * ((byte_at(bytes, 7) + 7) / 8) : 0;
    const std::uint64_t pixels = little_endian(bytes, 12, 2) * little_endian(bytes, 14, 2),
                        bytes_per_pixel = (byte_at(bytes, 16) + 7) / 8;
    std::uint64_t at = 18 + byte_at(bytes, 0) + colours;
    if (byte_at(bytes, 2) < 8) return at + pixels * bytes_per_pixel > bytes.size();
    for (std::uint64_t done = 0; done < pixels;) {
        if (at >= bytes.size()) return true;
        const std::uint32_t packet = byte_at(bytes, static_cast<std::size_t>(at));
        const std::uint64_t count = (packet & 0x7F) + 1;
        at += 1 + (packet & 0x80 ? 1 : count) * bytes_per_pixel;
        done += count;
    }
    return at > bytes.size();
}

/// Whether a JPEG, BMP or TGA has fewer bytes than its header requires. A JPEG without an end marker counts as such: stb does not
/// tell whether its pixels are complete.
[[nodiscard]] inline bool cut_short(std::span<const std::byte> bytes) {
    if (bytes.size() < 4) return true;
    if (is_jpeg(bytes)) return !jpeg_segments(bytes, [](std::uint32_t, std::span<const std::byte>) { return true; });
    return byte_at(bytes, 0) == 'B' && byte_at(bytes, 1) == 'M' ? bmp_cut_short(bytes) : tga_cut_short(bytes);
}

}  // namespace rd4ad::inline RD4AD_ABI::image::detail
