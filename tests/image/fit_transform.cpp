#include <rd4ad/image/fit_transform.hpp>
//
#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include <support/allocations.hpp>
#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using image::fit;
using test::mentions;
using test::message_of;

TEST_CASE("a transform states where the image lies in the input", "[image]") {
    const auto squash = image::make_fit_transform({.size = 256}, 1130, 460);
    CHECK(squash.width == 256);
    CHECK(squash.height == 256);
    CHECK(squash.padded_height == 460);

    const auto pad = image::make_fit_transform({.fit = fit::pad, .size = 256, .crop = 224}, 1130, 460);
    CHECK(pad.padded_width == 1130);
    CHECK(pad.padded_height == 1130);
    CHECK(pad.left == 0);
    CHECK(pad.top == 335);
    CHECK(pad.crop_x == 16);
    CHECK(pad.width == 224);

    const auto wide = image::make_fit_transform({.fit = fit::short_side, .size = 256}, 1130, 460);  // 256 * 1130 / 460 = 628.9
    CHECK(wide.width == 640);
    CHECK(wide.height == 256);
    const auto tall = image::make_fit_transform({.fit = fit::short_side, .size = 256, .crop = 192}, 230, 630);  // 701.2
    CHECK(tall.fitted_width == 256);
    CHECK(tall.fitted_height == 704);
    CHECK(tall.crop_y == 256);
    CHECK(tall.height == 192);
    CHECK(image::make_fit_transform({.fit = fit::short_side, .size = 64}, 50, 50).width == 64);
}

TEST_CASE("native images keep every pixel, short sides get borders", "[image]") {
    const auto image = test::noise(150, 50, 3);
    const auto transform = image::make_fit_transform({.fit = fit::native, .size = 64}, 150, 50);
    CHECK((transform.width == 150 && transform.height == 64 && transform.top == 7));
    const auto fitted = image::fit_image(transform, image);
    for (std::size_t y = 0; y < 50; ++y) CHECK(std::equal(image.row(y), image.row(y) + 450, fitted.row(y + 7)));
    CHECK(image::pixels_inside(transform) == image::pixel_box{0, 7, 150, 50});
}

TEST_CASE("pixels inside are those whose centres lie on the image", "[image]") {
    CHECK(image::pixels_inside(image::make_fit_transform({.size = 64, .height = 32}, 10, 90)) == image::pixel_box{0, 0, 64, 32});
    CHECK(image::pixels_inside(image::make_fit_transform({.fit = fit::pad, .size = 64}, 64, 32)) ==
          image::pixel_box{0, 16, 64, 32});
    // 1130 x 460 padded to 1130 x 1130: rows 335 to 795, at 256 pixels 75.9 to 180.1
    CHECK(image::pixels_inside(image::make_fit_transform({.fit = fit::pad, .size = 256}, 1130, 460)) ==
          image::pixel_box{0, 76, 256, 104});
    CHECK(image::pixels_inside(image::make_fit_transform({.fit = fit::pad, .size = 256, .crop = 64}, 1130, 460)) ==
          image::pixel_box{0, 0, 64, 64});
    CHECK(image::pixels_inside(image::make_fit_transform({.fit = fit::pad, .size = 32}, 6400, 1)).height == 1);
}

TEST_CASE("fit squash is a plain resize", "[image]") {
    const auto image = test::noise(50, 30, 3);
    CHECK(image::fit_image(image::make_fit_transform({.size = 32}, 50, 30), image) == image::resize(image, 32, 32));
}

TEST_CASE("fit pad adds black borders on both sides", "[image]") {
    const auto image = image::make_image<std::uint8_t>(64, 32, 3, 200);
    const auto fitted = image::fit_image(image::make_fit_transform({.fit = fit::pad, .size = 64}, 64, 32), image);
    REQUIRE(image::size_text(fitted) == "64x64x3");
    CHECK(*fitted.at(5, 15) == 0);
    CHECK(*fitted.at(5, 16) == 200);
    CHECK(*fitted.at(5, 47) == 200);
    CHECK(*fitted.at(5, 48) == 0);
}

TEST_CASE("restored maps show the defect where the image has it", "[image]") {
    for (const auto mode : {fit::squash, fit::pad, fit::short_side})
        for (const auto& [width, height] : {std::pair{240u, 160u}, {150u, 320u}, {96u, 96u}, {64u, 37u}})
            for (const std::size_t crop : {0u, 96u}) {
                const auto transform = image::make_fit_transform({.fit = mode, .size = 128, .crop = crop}, width, height);
                CAPTURE(image::to_string(mode), width, height, crop);
                auto mask = image::make_image<std::uint8_t>(width, height, 1);
                const std::size_t x = width * 3 / 8, y = height / 2, w = width / 5, h = height / 5;
                for (std::size_t r = y; r < y + h; ++r)
                    for (std::size_t c = x; c < x + w; ++c) *mask.at(c, r) = 1;
                const auto fitted = image::fit_mask(transform, mask);
                REQUIRE(fitted.width == transform.width);
                image::image_f32 map{fitted.width, fitted.height, 1, {fitted.pixels.begin(), fitted.pixels.end()}};
                const auto restored = image::restore_map(transform, map, -1.0f);
                REQUIRE(image::size_text(restored) == image::size_text(mask));
                double wrong = 0, outside = 0;
                for (std::size_t i = 0; i < restored.pixels.size(); ++i) {
                    if (restored.pixels[i] == -1.0f) {
                        ++outside;
                        continue;
                    }
                    wrong += (restored.pixels[i] > 0.5f) != (mask.pixels[i] == 1);
                }
                CHECK(wrong <=
                      0.35 * static_cast<double>(w * h));  // at the box's edges only: an input pixel is up to 2.5 pixels wide
                CHECK((crop == 0) == (outside == 0));

                const image::rectangle box{static_cast<double>(x), static_cast<double>(y), static_cast<double>(w),
                                           static_cast<double>(h)};
                const auto fitted_box = image::fit_box(transform, box), restored_box = image::restore_box(transform, fitted_box);
                if (crop == 0) {
                    CHECK(restored_box.x == Approx(box.x));
                    CHECK(restored_box.y == Approx(box.y));
                    CHECK(restored_box.width == Approx(box.width));
                    CHECK(restored_box.height == Approx(box.height));
                }
                // The fitted box contains the pixels of the fitted mask, with an error of at most one pixel.
                double farthest = 0;
                for (std::size_t r = 0; r < fitted.height; ++r)
                    for (std::size_t c = 0; c < fitted.width; ++c)
                        if (*fitted.at(c, r))
                            farthest = std::max({farthest, fitted_box.x - static_cast<double>(c),
                                                 static_cast<double>(c + 1) - fitted_box.x - fitted_box.width,
                                                 fitted_box.y - static_cast<double>(r),
                                                 static_cast<double>(r + 1) - fitted_box.y - fitted_box.height});
                CHECK(farthest <= 1.0);
            }
}

TEST_CASE("a restored map doesn't fade at the edge of the crop", "[image]") {
    const auto transform = image::make_fit_transform({.size = 64, .crop = 32}, 128, 128);
    const auto restored = image::restore_map(transform, image::make_image<float>(32, 32, 1, 2.0f), -5.0f);
    CHECK(*restored.at(31, 64) == -5.0f);
    CHECK(*restored.at(32, 64) == 2.0f);
    CHECK(*restored.at(95, 95) == 2.0f);
    CHECK(*restored.at(96, 95) == -5.0f);
    CHECK(image::fit_box(transform, {0, 0, 20, 20}) == image::rectangle{0, 0, 0, 0});
}

TEST_CASE("points are restored and clamped like the corners of a box", "[image]") {
    const auto transform = image::make_fit_transform({.fit = fit::pad, .size = 64, .crop = 32}, 128, 64);
    CHECK(image::restore_point(transform, {0, 4}) == image::point{32, 8});
    CHECK(image::fit_point(transform, {32, 8}) == image::point{0, 4});
    CHECK(image::restore_point(transform, {-40, 90}) == image::point{0, 64});
    CHECK(image::fit_point(transform, {128, 0}) == image::point{32, 0});
}

TEST_CASE("fitting a large image copies none of it", "[image]") {
    const auto image = test::noise(1200, 800, 3);
    const auto mask = image::make_image<std::uint8_t>(1200, 800, 1);
    for (const auto& settings : {image::geometry{.size = 64}, {.fit = fit::short_side, .size = 64}, {.size = 64, .crop = 32}}) {
        const auto transform = image::make_fit_transform(settings, 1200, 800);
        CAPTURE(image::to_string(settings.fit), settings.crop);
        std::size_t width = 0;
        CHECK(test::largest_allocation([&] { width = image::fit_image(transform, image).width; }) < image.pixels.size() / 4);
        CHECK(width == transform.width);
        CHECK(test::largest_allocation([&] { width = image::fit_mask(transform, mask).width; }) < mask.pixels.size() / 4);
        CHECK(width == transform.width);
    }
}

TEST_CASE("a transform that changes nothing moves its image and its map", "[image]") {
    for (const auto& [settings, width, height] : {std::tuple{image::geometry{.size = 64, .height = 96}, 64u, 96u},
                                                  {image::geometry{.fit = fit::native, .size = 32}, 150u, 50u}}) {
        const auto transform = image::make_fit_transform(settings, width, height);
        auto image = test::noise(width, height, 3);
        const auto* pixels = image.pixels.data();
        CHECK(image::fit_image(transform, image) == image);
        const auto fitted = image::fit_image(transform, std::move(image));
        CHECK(fitted.pixels.data() == pixels);
        CHECK(fitted == test::noise(width, height, 3));

        auto map = image::make_image<float>(width, height, 1, 0.5f);
        const auto* values = map.pixels.data();
        CHECK(image::restore_map(transform, map) == map);
        const auto restored = image::restore_map(transform, std::move(map));
        CHECK(restored.pixels.data() == values);
        CHECK(restored == image::make_image<float>(width, height, 1, 0.5f));
    }
}

TEST_CASE("images and maps of another size than the transform's are refused", "[image]") {
    CHECK_THAT(message_of<option_error>([] { (void)image::make_fit_transform({.size = 250}, 9, 9); }), mentions("250 x 250"));
    CHECK_THAT(message_of<shape_error>([] { (void)image::make_fit_transform({}, 0, 9); }),
               mentions("make_fit_transform: ", "0 x 9", "at least 1"));
    // thin images, as a file may state them, whose borders or resize no memory holds
    constexpr std::size_t long_side = std::size_t{1} << 28;
    CHECK_THAT(
        message_of<shape_error>([] { (void)image::make_fit_transform({.fit = image::fit::pad, .size = 32}, long_side, 1); }),
        mentions("268435456 x 1 pixels", "268435456 x 268435456", "the limit is"));
    CHECK_THAT(message_of<shape_error>([] { (void)image::make_fit_transform({.fit = image::fit::short_side}, 1, long_side); }),
               mentions("fitted as 256 x", "cut the image"));
    CHECK(image::make_fit_transform({.fit = image::fit::pad, .size = 32}, 32768, 1).width == 32);
    const auto transform = image::make_fit_transform({.size = 32}, 40, 40);
    CHECK_THAT(message_of<shape_error>([&] { (void)image::fit_image(transform, test::noise(40, 41, 3)); }),
               mentions("fit_image: ", "40 x 41", "40 x 40"));
    CHECK_THAT(message_of<shape_error>([&] { (void)image::fit_mask(transform, test::noise(4, 4, 1)); }),
               mentions("fit_mask: ", "4 x 4", "40 x 40"));
    CHECK_THAT(message_of<shape_error>([&] { (void)image::restore_map(transform, image::make_image<float>(40, 40, 1)); }),
               mentions("restore_map: ", "40 x 40", "32 x 32"));
    CHECK_THAT(message_of<shape_error>([&] { (void)image::restore_map(transform, image::make_image<float>(32, 32, 2)); }),
               mentions("restore_map: ", "1 channel", "32x32x2"));
}
}  // namespace
