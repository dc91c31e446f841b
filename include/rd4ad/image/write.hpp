// rd4ad/image/write.hpp: encodes images as PNG (8 and 16 bit) and JPEG, in memory or as files. Twin: tests/image/write.cpp
#pragma once
#include <algorithm>
#include <array>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/detail/png.hpp>
#include <rd4ad/image/detail/stb.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/io/atomic_file.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

namespace detail {

inline void put_big_endian(std::vector<std::uint8_t>& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift & 0xFF));
}

inline void put_chunk(std::vector<std::uint8_t>& out, std::string_view kind, std::span<const std::uint8_t> body) {
    put_big_endian(out, static_cast<std::uint32_t>(body.size()));
    const std::size_t checked = out.size();
    out.insert(out.end(), kind.begin(), kind.end());
    out.insert(out.end(), body.begin(), body.end());
    put_big_endian(out, png_crc(std::as_bytes(std::span{out}.subspan(checked))));
}

/// Applies one of PNG's five filters to a row. above: the previous row, zeros for the first one; step: bytes per pixel. Writes
/// the filter's number and then the differences to `out`. Each filter has its own loop, so that the compiler vectorises all but
/// the last.
inline void filter_row(std::span<const std::uint8_t> row, std::span<const std::uint8_t> above, std::size_t step, int filter,
                       std::span<std::uint8_t> out) {
    out[0] = static_cast<std::uint8_t>(filter);
    const auto run = [&](const auto& predict) {
        const std::uint8_t *here = row.data(), *up = above.data();
        std::uint8_t* to = out.data() + 1;
        for (std::size_t i = 0; i < step; ++i) to[i] = static_cast<std::uint8_t>(here[i] - predict(0, up[i], 0));
        for (std::size_t i = step; i < row.size(); ++i)
            to[i] = static_cast<std::uint8_t>(here[i] - predict(here[i - step], up[i], up[i - step]));
    };
    switch (filter) {
        case 0:
            return run([](int, int, int) { return 0; });
        case 1:
            return run([](int left, int, int) { return left; });
        case 2:
            return run([](int, int up, int) { return up; });
        case 3:
            return run([](int left, int up, int) { return (left + up) / 2; });
        default:  // Paeth
            return run([](int left, int up, int corner) {
                const int by_left = std::abs(up - corner), by_up = std::abs(left - corner),
                          by_corner = std::abs(left + up - 2 * corner);
                return by_left <= by_up && by_left <= by_corner ? left : by_up <= by_corner ? up : corner;
            });
    }
}

/// The filtered rows of a PNG. Each row takes the filter with the smallest sum of absolute differences.
[[nodiscard]] inline std::vector<std::uint8_t> filter_rows(std::span<const std::uint8_t> rows, std::size_t row_bytes,
                                                           std::size_t height, std::size_t step) {
    std::vector<std::uint8_t> filtered((row_bytes + 1) * height), trial(row_bytes + 1);
    const std::vector<std::uint8_t> zeros(row_bytes);
    for (std::size_t y = 0; y < height; ++y) {
        const auto row = rows.subspan(y * row_bytes, row_bytes);
        const auto above = y == 0 ? std::span{zeros} : rows.subspan((y - 1) * row_bytes, row_bytes);
        std::uint64_t best = ~std::uint64_t{0};
        for (int filter = 0; filter < 5; ++filter) {
            filter_row(row, above, step, filter, trial);
            std::uint64_t sum = 0;
            for (std::size_t i = 1; i < trial.size(); ++i) sum += std::min<unsigned>(trial[i], 256u - trial[i]);
            if (sum >= best) continue;
            best = sum;
            std::copy(trial.begin(), trial.end(), filtered.begin() + static_cast<std::ptrdiff_t>(y * trial.size()));
        }
    }
    return filtered;
}

/// A PNG of rows of bytes; 16-bit values are big-endian.
[[nodiscard]] inline std::vector<std::byte> png(std::span<const std::uint8_t> rows, std::size_t width, std::size_t height,
                                                std::size_t channels, std::uint8_t bits) {
    const std::size_t step = channels * bits / 8, row_bytes = width * step;
    if (height > (INT_MAX / 2) / (row_bytes + 1))
        throw shape_error{text("encode_png: the image of ", width, " x ", height, " pixels takes more than the limit of ",
                               INT_MAX / 2, " bytes; cut it into smaller ones")};
    std::vector<std::uint8_t> filtered = filter_rows(rows, row_bytes, height, step);
    int packed_size = 0;
    const std::unique_ptr<unsigned char, decltype(&std::free)> packed{
        detail::stb::stbi_zlib_compress(filtered.data(), static_cast<int>(filtered.size()), &packed_size, 8), &std::free};
    if (!packed) throw std::bad_alloc{};
    const std::array<std::uint8_t, 8> signature{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    std::vector<std::uint8_t> header, out(signature.begin(), signature.end());
    put_big_endian(header, static_cast<std::uint32_t>(width));
    put_big_endian(header, static_cast<std::uint32_t>(height));
    const std::uint8_t colour = std::array<std::uint8_t, 5>{0, 0, 4, 2, 6}[channels];  // grey, grey + alpha, RGB, RGBA
    header.insert(header.end(), {bits, colour, 0, 0, 0});
    put_chunk(out, "IHDR", header);
    put_chunk(out, "IDAT", {packed.get(), static_cast<std::size_t>(packed_size)});
    put_chunk(out, "IEND", {});
    std::vector<std::byte> bytes(out.size());
    std::transform(out.begin(), out.end(), bytes.begin(), [](std::uint8_t b) { return std::byte{b}; });
    return bytes;
}

template <class P>
void check_png_image(const basic_image<P>& image) {
    check_image(image, 0, "encode_png");
    if (image.channels > 4)
        throw shape_error{
            text("encode_png: expected 1 to 4 channels, the image is ", size_text(image), " (width x height x channels)")};
}

}  // namespace detail

/// Encodes an 8-bit PNG with 1 (grey), 2 (grey + alpha), 3 (RGB) or 4 (RGBA) channels. Throws shape_error for another number of
/// channels or an image without pixels.
[[nodiscard]] inline std::vector<std::byte> encode_png(const image_u8& image) {
    detail::check_png_image(image);
    return detail::png(image.pixels, image.width, image.height, image.channels, 8);
}

/// Encodes a PNG with 16 bit per channel. Throws as for 8 bit.
[[nodiscard]] inline std::vector<std::byte> encode_png(const basic_image<std::uint16_t>& image) {
    detail::check_png_image(image);
    std::vector<std::uint8_t> bytes;
    bytes.reserve(image.pixels.size() * 2);
    for (const std::uint16_t value : image.pixels) {
        bytes.push_back(static_cast<std::uint8_t>(value >> 8));
        bytes.push_back(static_cast<std::uint8_t>(value & 0xFF));
    }
    return detail::png(bytes, image.width, image.height, image.channels, 16);
}

/// Encodes a JPEG. image: 1 (grey) or 3 (RGB) channels, at most 65535 x 65535 pixels; quality: 1 (smallest file) to 100 (best).
/// Throws shape_error for another image, option_error for another quality.
[[nodiscard]] inline std::vector<std::byte> encode_jpeg(const image_u8& image, int quality = 90) {
    check_image(image, 0, "encode_jpeg");
    if (image.channels != 1 && image.channels != 3)
        throw shape_error{
            text("encode_jpeg: expected 1 or 3 channels, the image is ", size_text(image), " (width x height x channels)")};
    if (quality < 1 || quality > 100) throw option_error{text("encode_jpeg: the quality is ", quality, "; expected 1 to 100")};
    if (image.width > 65535 || image.height > 65535)
        throw shape_error{
            text("encode_jpeg: the image is ", size_text(image), ", a JPEG has at most 65535 x 65535 pixels; write a PNG")};
    std::vector<std::byte> bytes;
    const auto append = [](void* to, void* data, int size) {
        const auto* first = static_cast<const std::byte*>(data);
        auto& out = *static_cast<std::vector<std::byte>*>(to);
        out.insert(out.end(), first, first + size);
    };
    if (!detail::stb::stbi_write_jpg_to_func(append, &bytes, static_cast<int>(image.width), static_cast<int>(image.height),
                                             static_cast<int>(image.channels), image.pixels.data(), quality))
        throw std::bad_alloc{};
    return bytes;
}

/// Writes a PNG file, atomically. Throws as encode_png and io::write_atomically do.
inline void write_png(const std::filesystem::path& path, const image_u8& image) {
    io::write_atomically(path, encode_png(image), io::durability::later);
}
inline void write_png(const std::filesystem::path& path, const basic_image<std::uint16_t>& image) {
    io::write_atomically(path, encode_png(image), io::durability::later);
}

/// Writes a JPEG file, atomically. Throws as encode_jpeg and io::write_atomically do.
inline void write_jpeg(const std::filesystem::path& path, const image_u8& image, int quality = 90) {
    io::write_atomically(path, encode_jpeg(image, quality), io::durability::later);
}

}  // namespace rd4ad::inline RD4AD_ABI::image
