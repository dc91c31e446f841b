#include <rd4ad/image/fit_view.hpp>
//
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <support/allocations.hpp>
#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using image::fit;
using image::pixel_format;
using test::mentions;
using test::message_of;

/// Settings with a border, a crop, both and neither.
const std::vector<image::geometry>& geometries() {
    static const std::vector<image::geometry> all{{.size = 32},
                                                  {.size = 64, .crop = 32, .height = 96},
                                                  {.fit = fit::pad, .size = 64},
                                                  {.fit = fit::pad, .size = 64, .crop = 32},
                                                  {.fit = fit::short_side, .size = 32},
                                                  {.fit = fit::short_side, .size = 96, .crop = 64},
                                                  {.fit = fit::native, .size = 64}};
    return all;
}

/// Border, resize and crop one after the other, as the formula states it.
image::image_u8 fitted_in_steps(const image::fit_transform& t, const image::image_u8& from) {
    auto padded = image::make_image<std::uint8_t>(t.padded_width, t.padded_height, from.channels);
    for (std::size_t y = 0; y < from.height; ++y)
        std::copy_n(from.row(y), from.width * from.channels, padded.at(t.left, t.top + y));
    return image::crop(image::resize(padded, t.fitted_width, t.fitted_height), {t.crop_x, t.crop_y, t.width, t.height});
}

TEST_CASE("images and views are fitted in one pass to the bytes of border, resize and crop", "[image]") {
    for (const auto& [width, height] : {std::pair<std::size_t, std::size_t>{90, 50}, {32, 120}, {17, 33}, {200, 64}, {1, 1}}) {
        const auto rgb = test::noise(width, height, 3), grey = test::noise(width, height, 1, 2);
        auto grey_rgb = image::make_image<std::uint8_t>(width, height, 3);
        for (std::size_t i = 0; i < grey_rgb.pixels.size(); ++i) grey_rgb.pixels[i] = grey.pixels[i / 3];
        for (const auto& settings : geometries()) {
            const auto transform = image::make_fit_transform(settings, width, height);
            CAPTURE(width, height, image::to_string(settings.fit), settings.size, settings.crop);
            const auto expected = fitted_in_steps(transform, rgb);
            CHECK(image::fit_image(transform, rgb) == expected);
            CHECK(image::fit_image(transform, image::view_of(rgb)) == expected);
            CHECK(image::fit_image(transform, grey) == fitted_in_steps(transform, grey));
            CHECK(image::fit_image(transform, image::view_of(grey)) == fitted_in_steps(transform, grey_rgb));
        }
    }
}

TEST_CASE("a view's rows may have gaps, begin at odd addresses and run upwards", "[image]") {
    const auto rgb = test::noise(50, 40, 3);
    const std::size_t stride = 163;
    std::vector<std::uint8_t> down(1 + 40 * stride, 7), up = down;
    for (std::size_t y = 0; y < 40; ++y)
        for (std::size_t x = 0; x < 50; ++x)
            for (std::size_t c = 0; c < 3; ++c) {
                down[1 + y * stride + 3 * x + c] = rgb.at(x, y)[2 - c];
                up[1 + (39 - y) * stride + 3 * x + c] = rgb.at(x, y)[2 - c];
            }
    for (const auto& settings : geometries()) {
        const auto transform = image::make_fit_transform(settings, 50, 40);
        const auto expected = image::fit_image(transform, rgb);
        image::image_view view{
            .data = down.data() + 1, .width = 50, .height = 40, .stride = stride, .format = pixel_format::bgr8};
        CHECK(image::fit_image(transform, view) == expected);
        view.data = up.data() + 1 + 39 * stride, view.stride = -static_cast<std::ptrdiff_t>(stride);
        CHECK(image::fit_image(transform, view) == expected);
    }
}

TEST_CASE("16-bit values keep their bits until they are resized", "[image]") {
    // Columns of 129 and 0: cut to 8 bits they are 1 and 0, and their mean rounds to 1. The mean of 64.5 rounds to 0.
    std::vector<std::uint16_t> values(64 * 64);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 2 == 0 ? 129 : 0;
    const auto transform = image::make_fit_transform({.size = 32}, 64, 64);
    const auto fitted = image::fit_image(
        transform, image::image_view{.data = values.data(), .width = 64, .height = 64, .format = pixel_format::grey16});
    CHECK(std::all_of(fitted.pixels.begin(), fitted.pixels.end(), [](std::uint8_t value) { return value == 0; }));

    // 12 bits and the same values stretched to 16 bits differ by less than one of 255.
    const auto noise = test::noise(90, 70, 3);
    std::vector<std::uint16_t> twelve, sixteen;
    for (const std::uint8_t value : noise.pixels) {
        twelve.push_back(static_cast<std::uint16_t>(value * 16 + 5));
        sixteen.push_back(static_cast<std::uint16_t>(twelve.back() * 16));
    }
    for (const auto& settings : geometries()) {
        const auto by = image::make_fit_transform(settings, 90, 70);
        const auto fitted_view = [&](const auto& of, std::uint32_t white) {
            return image::fit_image(
                by,
                image::image_view{.data = of.data(), .width = 90, .height = 70, .format = pixel_format::rgb16, .white = white});
        };
        const auto small = fitted_view(twelve, 4095), large = fitted_view(sixteen, 65520), eight = image::fit_image(by, noise);
        CHECK(small == large);
        int largest = 0;
        for (std::size_t i = 0; i < small.pixels.size(); ++i)
            largest = std::max(largest, std::abs(int{small.pixels[i]} - int{eight.pixels[i]}));
        CHECK(largest <= 1);
    }
}

TEST_CASE("fitting a view allocates a small part of the frame", "[image]") {
    const auto frame = test::noise(1200, 800, 3);
    for (const auto* name : {"grey8", "bgr8", "bgra8", "grey16", "rgb16", "grbg8", "gbrg16"})
        for (const auto& settings : {image::geometry{.size = 64}, {.fit = fit::pad, .size = 64}, {.size = 64, .crop = 32}}) {
            const auto format = image::pixel_format_of(name);
            const std::size_t width = 200, height = frame.pixels.size() / (width * image::info_of(format).pixel_bytes());
            CAPTURE(name, image::to_string(settings.fit), height);
            const image::image_view view{.data = frame.pixels.data(), .width = width, .height = height, .format = format};
            const auto transform = image::make_fit_transform(settings, width, height);
            std::size_t found = 0;
            CHECK(test::largest_allocation([&] { found = image::fit_image(transform, view).width; }) < frame.pixels.size() / 4);
            CHECK(found == transform.width);
        }
}

TEST_CASE("a bad view is refused before it is read", "[image]") {
    const auto rgb = test::noise(40, 40, 3);
    const auto transform = image::make_fit_transform({.size = 32}, 40, 41);
    CHECK_THAT(message_of<shape_error>([&] { (void)image::fit_image(transform, image::view_of(rgb)); }),
               mentions("fit_image: ", "40 x 40", "40 x 41"));
    CHECK_THAT(message_of<option_error>([&] { (void)image::fit_image(transform, image::image_view{}); }),
               mentions("fit_image: ", "data is null"));
    CHECK_THAT(message_of<option_error>([&] { (void)image::to_rgb(image::image_view{}); }), mentions("to_rgb: ", "data is null"));
}
}  // namespace
