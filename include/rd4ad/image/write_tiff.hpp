// rd4ad/image/write_tiff.hpp: encodes maps as TIFF of floating-point numbers. Twin: tests/image/write_tiff.cpp
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/image.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

/// A grey image or a map of floating-point values as a TIFF: one channel of 32-bit floating-point numbers, uncompressed, in one
/// strip, the values as they are. Needs no library. Throws shape_error for an image of several channels, without a pixel, or of
/// more than 4 GiB. Source: TIFF 6.0, sections 2, 3 and 19.
[[nodiscard]] inline std::vector<std::uint8_t> encode_tiff(const image_f32& image) {
    constexpr std::uint16_t short_type = 3, long_type = 4;
    struct field {
        std::uint16_t tag, type;
        std::uint32_t value;
    };
    constexpr std::size_t field_count = 11, header = 8, first_pixel = header + 2 + 12 * field_count + 4;
    const std::size_t pixels = image.width * image.height, bytes = pixels * sizeof(float);
    if (image.channels != 1 || pixels == 0 || image.pixels.size() != pixels ||
        bytes > std::numeric_limits<std::uint32_t>::max() - first_pixel)
        throw shape_error{text("encode_tiff: expected one channel and 1 pixel to 4 GiB, found ", image.width, " x ", image.height,
                               " with ", image.channels, " channels")};
    const auto width = static_cast<std::uint32_t>(image.width), height = static_cast<std::uint32_t>(image.height);
    const std::array<field, field_count> fields{{{256, long_type, width},
                                                 {257, long_type, height},
                                                 {258, short_type, 32},  // bits per sample
                                                 {259, short_type, 1},   // no compression
                                                 {262, short_type, 1},   // black is zero
                                                 {273, long_type, first_pixel},
                                                 {277, short_type, 1},  // samples per pixel
                                                 {278, long_type, height},
                                                 {279, long_type, static_cast<std::uint32_t>(bytes)},
                                                 {284, short_type, 1},    // channels together
                                                 {339, short_type, 3}}};  // IEEE floating point
    std::vector<std::uint8_t> out;
    out.reserve(first_pixel + bytes);
    const auto put = [&](std::uint32_t value, int size) {
        for (int i = 0; i < size; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    };
    put('I' | 'I' << 8 | 42 << 16, 4);  // little endian
    put(header, 4);
    put(field_count, 2);
    for (const auto& [tag, type, value] : fields) {
        put(tag, 2);
        put(type, 2);
        put(1, 4);
        put(value, 4);
    }
    put(0, 4);  // no further image
    for (const float value : image.pixels) put(std::bit_cast<std::uint32_t>(value), 4);
    return out;
}

}  // namespace rd4ad::inline RD4AD_ABI::image
