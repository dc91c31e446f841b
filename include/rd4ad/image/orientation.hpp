// rd4ad/image/orientation.hpp: reads the EXIF orientation of a JPEG or PNG and turns images upright. Twin:
// tests/image/orientation.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/image/detail/jpeg.hpp>
#include <rd4ad/image/detail/png.hpp>
#include <rd4ad/image/image.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

namespace detail {

/// The TIFF number of `size` (2 or 4) bytes at the offset `at`; nullopt where it reaches past the end.
[[nodiscard]] inline std::optional<std::uint32_t> tiff_number(std::span<const std::byte> tiff, std::size_t at, std::size_t size,
                                                              bool big) {
    if (at > tiff.size() || tiff.size() - at < size) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | byte_at(tiff, at + (big ? i : size - 1 - i));
    return value;
}

/// The value of tag 0x0112 (orientation) in the first directory of an EXIF block, which starts at its TIFF header; 1 where the
/// tag is absent or invalid.
[[nodiscard]] inline int tiff_orientation(std::span<const std::byte> tiff) {
    if (tiff.size() < 8) return 1;
    const bool big = byte_at(tiff, 0) == 'M' && byte_at(tiff, 1) == 'M';
    if (!big && !(byte_at(tiff, 0) == 'I' && byte_at(tiff, 1) == 'I')) return 1;
    if (tiff_number(tiff, 2, 2, big) != 42u) return 1;
    const std::size_t directory = *tiff_number(tiff, 4, 4, big);
    const std::size_t entries = tiff_number(tiff, directory, 2, big).value_or(0);
    for (std::size_t e = 0; e < entries; ++e) {
        const std::size_t at = directory + 2 + 12 * e;  // tag, type, count: 2 + 2 + 4 bytes, then the value
        if (tiff_number(tiff, at, 2, big) != 0x0112u) continue;
        const std::uint32_t value = tiff_number(tiff, at + 8, 2, big).value_or(1);
        return tiff_number(tiff, at + 2, 2, big) == 3u && value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
    return 1;
}

/// The orientation in a block that begins with the signature of EXIF in a JPEG; nullopt for another block.
[[nodiscard]] inline std::optional<int> exif_block_orientation(std::span<const std::byte> block) {
    constexpr std::string_view begin{"Exif\0\0", 6};
    if (block.size() < begin.size() || std::memcmp(block.data(), begin.data(), begin.size()) != 0) return std::nullopt;
    return tiff_orientation(block.subspan(begin.size()));
}

/// The EXIF orientation of a PNG; 1 without one. read: as png_chunks requires. The chunk may stand before or after the pixels.
template <class Read>
[[nodiscard]] int png_orientation(const Read& read) {
    constexpr std::size_t longest = 65536;  // EXIF in a JPEG has at most as many bytes
    int found = 1;
    png_chunks(read, [&](const png_chunk& chunk) {
        if (chunk.type != "eXIf") return true;
        std::vector<std::byte> body(std::min(chunk.length, longest));
        if (read(chunk.body, std::span{body})) found = exif_block_orientation(body).value_or(tiff_orientation(body));
        return false;
    });
    return found;
}

}  // namespace detail

/// The EXIF orientation in the bytes of a JPEG or PNG, 1 to 8. Returns 1 (upright) for a file without one, and for other files.
[[nodiscard]] inline int exif_orientation(std::span<const std::byte> bytes) {
    if (detail::is_png(bytes)) return detail::png_orientation(detail::memory_reader{bytes});
    int found = 1;
    detail::jpeg_segments(bytes, [&](std::uint32_t marker, std::span<const std::byte> body) {
        const auto orientation = marker == 0xE1 ? detail::exif_block_orientation(body) : std::nullopt;
        if (orientation) found = *orientation;
        return !orientation && marker != 0xDA;  // stop at the pixels: EXIF comes before them
    });
    return found;
}

/// Writes stored rows to their places in the upright image. orientation: 1 to 8; rows: `count` rows, of which the first is the
/// stored image's row `first`. With a transposing orientation (5 to 8) the caches favour calls with 16 rows or more.
template <class P>
void place_rows(basic_image<P>& upright, int orientation, const P* rows, std::size_t first, std::size_t count) {
    const bool transposed = orientation >= 5;
    // Whether the stored x and y run backwards along the axis of the upright image that they become.
    const bool backwards_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool backwards_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const std::size_t width = transposed ? upright.height : upright.width, height = transposed ? upright.width : upright.height;
    const auto place = [&](std::size_t x, std::size_t row) {
        const std::size_t along = backwards_x ? width - 1 - x : x, y = first + row, down = backwards_y ? height - 1 - y : y;
        const P* from = rows + (row * width + x) * upright.channels;
        std::copy(from, from + upright.channels, transposed ? upright.at(down, along) : upright.at(along, down));
    };
    if (transposed)
        for (std::size_t x = 0; x < width; ++x)
            for (std::size_t row = 0; row < count; ++row) place(x, row);
    else
        for (std::size_t row = 0; row < count; ++row)
            for (std::size_t x = 0; x < width; ++x) place(x, row);
}

/// Turns an image that is stored with an EXIF orientation (1 to 8) upright. Returns it unchanged for other values.
template <class P>
[[nodiscard]] basic_image<P> upright(basic_image<P> stored, int orientation) {
    if (orientation < 2 || orientation > 8) return stored;
    constexpr std::size_t step = 16;
    const bool transposed = orientation >= 5;
    auto out =
        make_image<P>(transposed ? stored.height : stored.width, transposed ? stored.width : stored.height, stored.channels);
    for (std::size_t y = 0; y < stored.height; y += step)
        place_rows(out, orientation, stored.row(y), y, std::min(step, stored.height - y));
    return out;
}

}  // namespace rd4ad::inline RD4AD_ABI::image
