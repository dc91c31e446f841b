// rd4ad/image/orientation.hpp: the orientation a camera wrote into a JPEG, found and undone. Twin: tests/image/orientation.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <rd4ad/image/detail/jpeg.hpp>
#include <rd4ad/image/image.hpp>

namespace rd4ad::image {

namespace detail {

/// A TIFF number of 2 or 4 bytes; none where the bytes end before it.
[[nodiscard]] inline std::optional<std::uint32_t> tiff_number(std::span<const std::byte> tiff, std::size_t at, std::size_t size,
                                                              bool big) {
    if (at > tiff.size() || tiff.size() - at < size) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | byte_at(tiff, at + (big ? i : size - 1 - i));
    return value;
}

/// Tag 0x0112 of the first directory of an EXIF block (from its TIFF header on); 1 where absent or nonsense.
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

}  // namespace detail

/// EXIF's orientation of a JPEG file's bytes, 1 to 8; 1 (upright) where there is none, or for another kind of file.
[[nodiscard]] inline int jpeg_orientation(std::span<const std::byte> bytes) {
    constexpr std::string_view signature{"Exif\0\0", 6};
    int found = 1;
    detail::jpeg_segments(bytes, [&](std::uint32_t marker, std::span<const std::byte> body) {
        if (marker != 0xE1 || body.size() < signature.size() || std::memcmp(body.data(), signature.data(), signature.size()) != 0)
            return marker != 0xDA;  // the pixels begin: no EXIF
        found = detail::tiff_orientation(body.subspan(signature.size()));
        return false;
    });
    return found;
}

/// The picture as it was seen, from one stored with EXIF's orientation 1 to 8 (anything else leaves it as it is).
template <class P>
[[nodiscard]] basic_image<P> upright(basic_image<P> stored, int orientation) {
    if (orientation < 2 || orientation > 8) return stored;
    const bool transposed = orientation >= 5;
    // Read in the stored picture's axes: does the seen picture's x (y where transposed) run backwards in the stored x?
    const bool backwards_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool backwards_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    basic_image<P> seen =
        make_image<P>(transposed ? stored.height : stored.width, transposed ? stored.width : stored.height, stored.channels);
    for (std::size_t y = 0; y < seen.height; ++y)
        for (std::size_t x = 0; x < seen.width; ++x) {
            const std::size_t along = transposed ? y : x, down = transposed ? x : y;
            const P* from =
                stored.at(backwards_x ? stored.width - 1 - along : along, backwards_y ? stored.height - 1 - down : down);
            std::copy(from, from + stored.channels, seen.at(x, y));
        }
    return seen;
}

}  // namespace rd4ad::image
