// rd4ad/image/read.hpp: reads image files as RGB. Twin: tests/image/read.cpp
#pragma once
#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/detail/jpeg.hpp>
#include <rd4ad/image/detail/stb.hpp>
#include <rd4ad/image/detail/truncation.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/orientation.hpp>
#include <rd4ad/io/read_file.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

/// The reader rejects images with more pixels than this before it allocates memory: 2^28, 16384 x 16384.
inline constexpr std::uint64_t max_image_pixels = std::uint64_t{1} << 28;

namespace detail {

inline constexpr const char* not_an_image = "is not an image this library reads (PNG, JPEG, BMP, TGA): ";

struct free_memory {
    void operator()(void* block) const noexcept { std::free(block); }
};

[[nodiscard]] inline std::string stb_reason() {
    const char* reason = stb::stbi_failure_reason();
    return reason ? reason : "unknown reason";
}

[[nodiscard]] inline const stb::stbi_uc* stb_data(std::span<const std::byte> bytes) {
    return reinterpret_cast<const stb::stbi_uc*>(bytes.data());
}

/// Width and height as a file's header states them, before the EXIF orientation is applied.
struct header_size {
    int width{0}, height{0};
};

/// The size in the header of a PNG; nullopt for other files. stb reports a PNG that is too large for it as an unknown file type.
[[nodiscard]] inline std::optional<header_size> png_header_size(std::span<const std::byte> bytes) {
    constexpr std::string_view begin{"\x89PNG\r\n\x1A\n\0\0\0\rIHDR", 16};
    if (bytes.size() < 24 || std::memcmp(bytes.data(), begin.data(), begin.size()) != 0) return std::nullopt;
    const auto number = [&](std::size_t at) {
        return static_cast<int>(tiff_number(bytes, at, 4, true).value_or(0) & 0x7FFFFFFF);
    };
    return header_size{number(16), number(20)};
}

/// The size in the header of a file; nullopt where stb does not know the file type (see stb_reason). bytes: the file or its
/// beginning, at most INT_MAX bytes.
[[nodiscard]] inline std::optional<header_size> read_header_size(std::span<const std::byte> bytes) {
    if (bytes.empty()) return std::nullopt;
    if (const auto png = png_header_size(bytes)) return png;
    header_size size;
    int channels = 0;
    if (!stb::stbi_info_from_memory(stb_data(bytes), static_cast<int>(bytes.size()), &size.width, &size.height, &channels))
        return std::nullopt;
    return size;
}

/// Checks that stb can decode a file safely, and returns its size. Throws format_error as decode does.
[[nodiscard]] inline header_size check_file(std::span<const std::byte> bytes, const std::string& name) {
    if (bytes.empty()) throw format_error{text(name, ": ", not_an_image, "the file is empty; replace or remove it")};
    if (bytes.size() > INT_MAX) throw format_error{text(name, ": is larger than 2 GiB; store the image compressed")};
    const auto size = read_header_size(bytes);
    if (!size)
        throw format_error{
            text(name, ": ", not_an_image, stb_reason(), "; convert the file to one of these formats, or remove it")};
    const std::string pixels = text(size->width, " x ", size->height, " pixels");
    if (size->width <= 0 || size->height <= 0)
        throw format_error{text(name, ": ", not_an_image, "its header states ", pixels, "; replace or remove the file")};
    if (static_cast<std::uint64_t>(size->width) * static_cast<std::uint64_t>(size->height) > max_image_pixels)
        throw format_error{text(name, ": its header states ", pixels, ", the limit is ", max_image_pixels,
                                " pixels; cut the image into smaller ones")};
    if (cut_short(bytes))
        throw format_error{text(name, ": is truncated: its ", bytes.size(), " bytes are too few for the ", pixels,
                                " that its header states; copy the file again")};
    if (is_jpeg(bytes) && !jpeg_tables_fit(bytes))
        throw format_error{text(name, ": ", not_an_image, "a Huffman table is damaged; copy or convert the file again")};
    return *size;
}

/// The first `count` decoded 8-bit values of a checked file, in `channels` (1 or 3) channels.
[[nodiscard]] inline std::vector<std::uint8_t> decode_values(std::span<const std::byte> bytes, const std::string& name,
                                                             int channels, std::size_t count) {
    const stb::stbi_uc* data = stb_data(bytes);
    const int size = static_cast<int>(bytes.size());
    const auto damaged = [&] {
        return format_error{text(name, ": ", not_an_image, stb_reason(), "; the file is damaged, copy or convert it again")};
    };
    int width = 0, height = 0, stored_channels = 0;
    std::vector<std::uint8_t> values;
    if (stb::stbi_is_16_bit_from_memory(data, size)) {
        const std::unique_ptr<stb::stbi_us, free_memory> decoded{
            stb::stbi_load_16_from_memory(data, size, &width, &height, &stored_channels, channels)};
        if (!decoded) throw damaged();
        values.reserve(count);
        for (std::size_t i = 0; i < count; ++i)  // 65535 = 255 * 257: scales to the nearest value
            values.push_back(static_cast<std::uint8_t>((decoded.get()[i] + 128u) / 257u));
    } else {
        const std::unique_ptr<stb::stbi_uc, free_memory> decoded{
            stb::stbi_load_from_memory(data, size, &width, &height, &stored_channels, channels)};
        if (!decoded) throw damaged();
        values.assign(decoded.get(), decoded.get() + count);
    }
    return values;
}

/// Decodes to 8 bit with `channels` (1 or 3) channels, upright.
[[nodiscard]] inline image_u8 decode_as(std::span<const std::byte> bytes, const std::string& name, std::size_t channels) {
    const header_size size = check_file(bytes, name);
    image_u8 image{static_cast<std::size_t>(size.width), static_cast<std::size_t>(size.height), channels, {}};
    image.pixels = decode_values(bytes, name, static_cast<int>(channels), image.width * image.height * channels);
    return upright(std::move(image), jpeg_orientation(bytes));
}

/// Whether the beginning of a file determines its upright size: a JPEG must reach its first scan, because the EXIF orientation
/// can stand anywhere before it.
[[nodiscard]] inline bool holds_header(std::span<const std::byte> bytes) {
    if (!is_jpeg(bytes)) return true;
    bool reached_scan = false;
    jpeg_segments(bytes, [&](std::uint32_t marker, std::span<const std::byte>) { return !(reached_scan = marker == 0xDA); });
    return reached_scan;
}

}  // namespace detail

/// Decodes an image file's bytes to RGB (3 channels, 8 bit): repeats grey, ignores alpha, resolves palettes, scales 16 bit (v /
/// 257, rounded) and applies a JPEG's EXIF orientation. name: the file's name in messages. Throws format_error for bytes that are
/// no PNG, JPEG, BMP or TGA, that are empty, truncated or damaged, or whose image has more than max_image_pixels pixels.
[[nodiscard]] inline image_u8 decode(std::span<const std::byte> bytes, const std::string& name) {
    return detail::decode_as(bytes, name, 3);
}

/// Reads an image file as decode does. Throws io_error as io::read_file does, and format_error as decode does.
[[nodiscard]] inline image_u8 read(const std::filesystem::path& path) { return decode(io::read_file(path), path.string()); }

/// Width and height in pixels.
struct size {
    std::size_t width{0}, height{0};
    friend bool operator==(const size&, const size&) = default;
};

/// The size of the image that `read` returns. Reads the file's first 64 KiB, and more only where a JPEG's header is longer.
/// Throws io_error as io::read_prefix does, and format_error for a file that is no image.
[[nodiscard]] inline size read_size(const std::filesystem::path& path) {
    constexpr std::size_t first_bytes = std::size_t{1} << 16, max_bytes = INT_MAX, growth = 16;
    for (std::size_t limit = first_bytes;; limit = std::min(limit * growth, max_bytes)) {
        const auto bytes = io::read_prefix(path, limit);
        const auto stored = detail::read_header_size(bytes);
        const bool known = stored && stored->width > 0 && stored->height > 0, last = bytes.size() < limit || limit == max_bytes;
        if (known && (last || detail::holds_header(bytes))) {
            const size found{static_cast<std::size_t>(stored->width), static_cast<std::size_t>(stored->height)};
            return jpeg_orientation(bytes) > 4 ? size{found.height, found.width} : found;
        }
        if (last)
            throw format_error{text(path, ": ", detail::not_an_image, "its header states no size; replace or remove the file")};
    }
}

}  // namespace rd4ad::inline RD4AD_ABI::image
