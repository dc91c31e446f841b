#include <rd4ad/image/detail/view_rows.hpp>
//
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <rd4ad/image/fit_view.hpp>
#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using image::pixel_format;

TEST_CASE("a white level scales values as a PNM's white does", "[image]") {
    for (const std::uint32_t white : {1u, 2u, 7u, 511u, 1000u, 1023u, 4095u, 16383u, 40000u, 65534u, 65535u}) {
        CAPTURE(white);
        const image::detail::white_scale scale{white};
        std::size_t differences = 0;
        for (std::uint32_t value = 0; value < 65536; ++value) {
            const std::uint32_t expected = (std::min(value, white) * 65535 + white / 2) / white;
            if (scale(static_cast<std::uint16_t>(value)) != expected) ++differences;
        }
        CHECK(differences == 0);
    }
    CHECK(image::detail::white_scale{0}(12345) == 12345);
}

/// The frame's bytes: each pixel's values in the order of `channels`, which index R, G, B; 3 is the fourth byte.
std::vector<std::uint8_t> frame_bytes(const image::image_u8& rgb, const std::vector<std::size_t>& channels, std::uint8_t fourth) {
    std::vector<std::uint8_t> bytes;
    for (std::size_t i = 0; i < rgb.pixels.size(); i += 3)
        for (const std::size_t c : channels) bytes.push_back(c == 3 ? fourth : rgb.pixels[i + c]);
    return bytes;
}

TEST_CASE("channels are read in the order of the format", "[image]") {
    const auto rgb = test::noise(7, 5, 3);
    const auto read = [&](pixel_format format, const std::vector<std::size_t>& channels, std::uint8_t fourth) {
        const auto bytes = frame_bytes(rgb, channels, fourth);
        return image::to_rgb({.data = bytes.data(), .width = 7, .height = 5, .format = format});
    };
    CHECK(read(pixel_format::rgb8, {0, 1, 2}, 0) == rgb);
    CHECK(read(pixel_format::bgr8, {2, 1, 0}, 0) == rgb);
    CHECK(read(pixel_format::rgba8, {0, 1, 2, 3}, 255) == rgb);
    CHECK(read(pixel_format::bgra8, {2, 1, 0, 3}, 255) == rgb);
    CHECK(read(pixel_format::rgbx8, {0, 1, 2, 3}, 17) == rgb);
    CHECK(read(pixel_format::bgrx8, {2, 1, 0, 3}, 0) == rgb);
    auto over_white = rgb;
    image::detail::convert_row(frame_bytes(rgb, {0, 1, 2, 3}, 100).data(), 35, 4, over_white.pixels.data());
    CHECK(read(pixel_format::rgba8, {0, 1, 2, 3}, 100) == over_white);
    CHECK(read(pixel_format::bgra8, {2, 1, 0, 3}, 100) == over_white);
}

TEST_CASE("16-bit values are read at any address, and scaled by the white level", "[image]") {
    const std::array<std::uint16_t, 6> values{0, 2048, 4095, 4096, 16, 1};
    std::vector<std::byte> bytes(1 + sizeof values);
    std::memcpy(bytes.data() + 1, values.data(), sizeof values);
    const auto read = [&](pixel_format format, std::size_t width) {
        return image::to_rgb({.data = bytes.data() + 1, .width = width, .height = 1, .format = format, .white = 4095}).pixels;
    };
    using pixels = std::vector<std::uint8_t>;
    CHECK(read(pixel_format::grey16, 6) == pixels{0, 0, 0, 128, 128, 128, 255, 255, 255, 255, 255, 255, 1, 1, 1, 0, 0, 0});
    CHECK(read(pixel_format::rgb16, 2) == pixels{0, 128, 255, 255, 1, 0});
    CHECK(read(pixel_format::bgr16, 2) == pixels{255, 128, 0, 0, 1, 255});
}

/// The colour of the pixel in column x of row y by the format's name: 0 red, 1 green, 2 blue.
std::size_t colour_at(const std::string& name, std::size_t x, std::size_t y) {
    return std::string{"rgb"}.find(name[y % 2 * 2 + x % 2]);
}

/// The mean of the neighbours of a pixel, itself included, that have the colour; the frame mirrors at its edges. The nearest
/// neighbours are those on the pixel, else beside it, else diagonal.
unsigned demosaiced(const std::vector<unsigned>& frame, std::size_t width, std::size_t height, const std::string& name,
                    std::size_t x, std::size_t y, std::size_t colour) {
    const auto mirrored = [](std::size_t at, int step, std::size_t size) {
        const auto moved = static_cast<long>(at) + step, last = static_cast<long>(size) - 1;
        return static_cast<std::size_t>(moved < 0 ? -moved : moved > last ? 2 * last - moved : moved);
    };
    for (const int distance : {0, 1, 2}) {
        unsigned sum = 0, count = 0;
        for (int dy = -1; dy <= 1; ++dy)
            for (int dx = -1; dx <= 1; ++dx) {
                const std::size_t at_x = mirrored(x, dx, width), at_y = mirrored(y, dy, height);
                if (std::abs(dx) + std::abs(dy) != distance || colour_at(name, at_x, at_y) != colour) continue;
                sum += frame[at_y * width + at_x], ++count;
            }
        if (count > 0) return (sum + count / 2) / count;
    }
    return 0;
}

TEST_CASE("a Bayer pattern gets its missing colours from the nearest pixels", "[image]") {
    for (const auto& [width, height] : {std::pair<std::size_t, std::size_t>{6, 4}, {7, 5}, {2, 2}, {3, 2}, {2, 9}})
        for (const auto* name : {"rggb8", "bggr8", "grbg8", "gbrg8", "rggb16", "bggr16", "grbg16", "gbrg16"}) {
            CAPTURE(width, height, name);
            const auto format = image::pixel_format_of(name);
            const auto eight = test::noise(width, height, 1);
            const bool deep = image::info_of(format).bytes == 2;
            std::vector<unsigned> frame;
            std::vector<std::uint16_t> sixteen;
            for (const std::uint8_t value : eight.pixels) {
                sixteen.push_back(static_cast<std::uint16_t>(value * 257));
                frame.push_back(deep ? sixteen.back() : value);
            }
            const auto rgb = image::to_rgb({.data = deep ? static_cast<const void*>(sixteen.data()) : eight.pixels.data(),
                                            .width = width,
                                            .height = height,
                                            .format = format});
            std::size_t differences = 0;
            for (std::size_t i = 0; i < rgb.pixels.size(); ++i) {
                const auto expected = demosaiced(frame, width, height, name, i / 3 % width, i / 3 / width, i % 3);
                if (rgb.pixels[i] != (deep ? (expected + 128) / 257 : expected)) ++differences;
            }
            CHECK(differences == 0);
        }
}
}  // namespace
