// The checksum of a view is that of its pixels, not of their order in memory.
#include <rd4ad/image/pixel_checksum.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

#include <support/catch.hpp>
#include <support/image_files.hpp>

using namespace rd4ad;

TEST_CASE("equal pixels have one checksum, whatever stride, order of channels or white they are stored with", "[image]") {
    const auto rgb = test::noise(21, 9, 3, 4);
    const std::size_t stride = 21 * 3 + 5;
    std::vector<std::uint8_t> bgr(stride * 9, 7);
    for (std::size_t y = 0; y < 9; ++y)
        for (std::size_t x = 0; x < 21; ++x)
            for (std::size_t c = 0; c < 3; ++c) bgr[(8 - y) * stride + 3 * x + c] = rgb.at(x, y)[2 - c];
    const auto plain = image::pixel_checksum(image::view_of(rgb));
    image::image_view view{.data = bgr.data() + 8 * stride,
                           .width = 21,
                           .height = 9,
                           .stride = -static_cast<std::ptrdiff_t>(stride),
                           .format = image::pixel_format::bgr8};
    CHECK(image::pixel_checksum(view) == plain);
    bgr[0] ^= 1u;  // a pixel of the last row
    CHECK(image::pixel_checksum(view) != plain);
    bgr[0] ^= 1u, bgr[stride - 1] ^= 1u;  // a byte between two rows
    CHECK(image::pixel_checksum(view) == plain);

    auto grey = test::noise(8, 6, 1, 5);
    auto as_rgb = image::make_image<std::uint8_t>(8, 6, 3);
    for (std::size_t i = 0; i < as_rgb.pixels.size(); ++i) as_rgb.pixels[i] = grey.pixels[i / 3];
    CHECK(image::pixel_checksum(image::view_of(grey)) == image::pixel_checksum(image::view_of(as_rgb)));
    grey.width = 6, grey.height = 8;
    CHECK(image::pixel_checksum(image::view_of(grey)) != image::pixel_checksum(image::view_of(as_rgb)));

    const std::vector<std::uint16_t> deep{0, 51, 255, 255}, scaled{0, 51 * 257, 65535, 65535};
    const auto of = [](const auto& values, std::uint32_t white) {
        return image::pixel_checksum(
            {.data = values.data(), .width = 2, .height = 2, .format = image::pixel_format::grey16, .white = white});
    };
    CHECK(of(deep, 255) == of(scaled, 0));
    CHECK(of(deep, 0) != of(scaled, 0));
    view.data = nullptr;
    CHECK_THAT(test::message_of([&] { static_cast<void>(image::pixel_checksum(view)); }),
               test::mentions("pixel_checksum", "null"));
}
