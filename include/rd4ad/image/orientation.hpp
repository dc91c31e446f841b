// rd4ad/image/orientation.hpp: reads a JPEG's EXIF orientation and turns images upright. Twin: tests/image/orientation.cpp
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

}  // namespace detail

/// The EXIF orientation in a JPEG file's bytes, 1 to 8. Returns 1 (upright) for a JPEG without one and for other file types.
[[nodiscard]] inline int jpeg_orientation(std::span<const std::byte> bytes) {
    constexpr std::string_view signature{"Exif\0\0", 6};
    int found = 1;
    detail::jpeg_segments(bytes, [&](std::uint32_t marker, std::span<const std::byte> body) {
        if (marker != 0xE1 || body.size() < signature.size() || std::memcmp(body.data(), signature.data(), signature.size()) != 0)
            return marker != 0xDA;  // stop at the pixels: EXIF comes before them
        found = detail::tiff_orientation(body.subspan(signature.size()));
        return false;
    });
    return found;
}

/// Turns an image that is stored with an EXIF orientation (1 to 8) upright. Returns it unchanged for other values.
template <class P>
[[nodiscard]] basic_image<P> upright(basic_image<P> stored, int orientation) {
    if (orientation < 2 || orientation > 8) return stored;
    const bool transposed = orientation >= 5;
    // Whether the stored x and y run backwards along the axis of the upright image that they become.
    const bool backwards_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool backwards_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    auto out =
        make_image<P>(transposed ? stored.height : stored.width, transposed ? stored.width : stored.height, stored.channels);
    for (std::size_t y = 0; y < out.height; ++y)
        for (std::size_t x = 0; x < out.width; ++x) {
            const std::size_t along = transposed ? y : x, down = transposed ? x : y;
            const P* from =
                stored.at(backwards_x ? stored.width - 1 - along : along, backwards_y ? stored.height - 1 - down : down);
            std::copy(from, from + stored.channels, out.at(x, y));
        }
    return out;
}

}  // namespace rd4ad::inline RD4AD_ABI::image
