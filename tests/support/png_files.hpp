// tests/support/png_files.hpp: PNG files of any colour type, without compression.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <support/image_files.hpp>

namespace rd4ad::test {

/// The colour types of PNG that take whole bytes per pixel here.
enum class png_colour : std::uint8_t { grey = 0, rgb = 2, palette = 3, grey_alpha = 4, rgba = 6 };

namespace png_detail {

inline std::string big_endian(std::uint32_t value) {
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
    return out;
}

inline std::uint32_t crc_of(const std::string& bytes) {
    std::uint32_t crc = 0xFFFFFFFF;
    for (const char byte : bytes) {
        crc ^= static_cast<unsigned char>(byte);
        for (int i = 0; i < 8; ++i) crc = crc & 1 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
    }
    return ~crc;
}

inline std::string chunk(const std::string& type, const std::string& body) {
    return big_endian(static_cast<std::uint32_t>(body.size())) + type + body + big_endian(crc_of(type + body));
}

/// A zlib stream of one stored block.
inline std::string stored(const std::string& bytes) {
    std::uint32_t a = 1, b = 0;
    for (const char byte : bytes) a = (a + static_cast<unsigned char>(byte)) % 65521, b = (b + a) % 65521;
    const auto size = static_cast<std::uint16_t>(bytes.size());
    return std::string{"\x78\x01\x01", 3} + raw(size) + raw(static_cast<std::uint16_t>(~size)) + bytes + big_endian(b << 16 | a);
}

}  // namespace png_detail

/// Writes a PNG. values: the channels of each pixel, of 8 or 16 bit, in rows from the top; palette: R, G, B per entry. At most 64
/// KiB.
inline void write_raw_png(const std::filesystem::path& path, std::size_t width, std::size_t height, png_colour colour,
                          const std::vector<unsigned>& values, const std::vector<unsigned>& palette = {}, int bits = 8) {
    using namespace png_detail;
    std::string rows, colours;
    const std::size_t per_row = values.size() / height;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i % per_row == 0) rows += '\0';  // no filter
        if (bits == 16) rows += static_cast<char>(values[i] >> 8);
        rows += static_cast<char>(values[i] & 0xFF);
    }
    for (const unsigned value : palette) colours += static_cast<char>(value);
    const std::string header = big_endian(static_cast<std::uint32_t>(width)) + big_endian(static_cast<std::uint32_t>(height)) +
                               static_cast<char>(bits) + static_cast<char>(colour) + std::string(3, '\0');
    write_content(path, std::string{"\x89PNG\r\n\x1A\n", 8} + chunk("IHDR", header) +
                            (palette.empty() ? "" : chunk("PLTE", colours)) + chunk("IDAT", stored(rows)) + chunk("IEND", ""));
}

}  // namespace rd4ad::test
