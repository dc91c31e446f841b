#include <rd4ad/image/geometry.hpp>
//
#include <algorithm>
#include <cmath>

#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using image::fit;
using test::message_of;

TEST_CASE("where a photograph comes to lie", "[image]") {
    const auto squash = image::place({.size = 256}, 1130, 460);
    CHECK(squash.width == 256);
    CHECK(squash.height == 256);
    CHECK(squash.padded_height == 460);

    const auto pad = image::place({.fit = fit::pad, .size = 256, .crop = 224}, 1130, 460);
    CHECK(pad.padded_width == 1130);
    CHECK(pad.padded_height == 1130);
    CHECK(pad.left == 0);
    CHECK(pad.top == 335);
    CHECK(pad.crop_x == 16);
    CHECK(pad.width == 224);

    const auto wide = image::place({.fit = fit::short_side, .size = 256}, 1130, 460);  // 256 * 1130 / 460 = 628.9
    CHECK(wide.width == 640);
    CHECK(wide.height == 256);
    const auto tall = image::place({.fit = fit::short_side, .size = 256, .crop = 192}, 230, 630);  // 701.2
    CHECK(tall.fitted_width == 256);
    CHECK(tall.fitted_height == 704);
    CHECK(tall.crop_y == 256);
    CHECK(tall.height == 192);
    CHECK(image::place({.fit = fit::short_side, .size = 64}, 50, 50).width == 64);
}

TEST_CASE("native images keep every pixel, short sides get borders", "[image]") {
    const auto photograph = test::noise(150, 50, 3);
    const auto by = image::place({.fit = fit::native, .size = 64}, 150, 50);
    CHECK((by.width == 150 && by.height == 64 && by.top == 7));
    const auto got = image::fit_picture(by, photograph);
    for (std::size_t y = 0; y < 50; ++y) CHECK(std::equal(photograph.row(y), photograph.row(y) + 450, got.row(y + 7)));
    CHECK(image::pixels_inside(by) == image::pixel_box{0, 7, 150, 50});
}

TEST_CASE("pixels inside are those whose centres show the photograph", "[image]") {
    CHECK(image::pixels_inside(image::place({.size = 64, .height = 32}, 10, 90)) == image::pixel_box{0, 0, 64, 32});
    CHECK(image::pixels_inside(image::place({.fit = fit::pad, .size = 64}, 64, 32)) == image::pixel_box{0, 16, 64, 32});
    // 1130 x 460 padded to 1130 x 1130: rows 335 to 795, at 256 pixels 75.9 to 180.1
    CHECK(image::pixels_inside(image::place({.fit = fit::pad, .size = 256}, 1130, 460)) == image::pixel_box{0, 76, 256, 104});
    CHECK(image::pixels_inside(image::place({.fit = fit::pad, .size = 256, .crop = 64}, 1130, 460)) ==
          image::pixel_box{0, 0, 64, 64});
    CHECK(image::pixels_inside(image::place({.fit = fit::pad, .size = 32}, 6400, 1)).height == 1);
}

TEST_CASE("squashing is the plain resize", "[image]") {
    const auto photograph = test::noise(50, 30, 3);
    CHECK(image::fit_picture(image::place({.size = 32}, 50, 30), photograph) == image::resize(photograph, 32, 32));
}

TEST_CASE("padding adds black borders around the middle", "[image]") {
    const auto photograph = image::make_image<std::uint8_t>(64, 32, 3, 200);
    const auto got = image::fit_picture(image::place({.fit = fit::pad, .size = 64}, 64, 32), photograph);
    REQUIRE(image::size_text(got) == "64x64x3");
    CHECK(*got.at(5, 15) == 0);
    CHECK(*got.at(5, 16) == 200);
    CHECK(*got.at(5, 47) == 200);
    CHECK(*got.at(5, 48) == 0);
}

TEST_CASE("maps come back to where the photograph has the defect", "[image]") {
    for (const auto how : {fit::squash, fit::pad, fit::short_side})
        for (const auto& [width, height] : {std::pair{240u, 160u}, {150u, 320u}, {96u, 96u}, {64u, 37u}})
            for (const std::size_t crop : {0u, 96u}) {
                const auto by = image::place({.fit = how, .size = 128, .crop = crop}, width, height);
                CAPTURE(image::to_string(how), width, height, crop);
                auto mask = image::make_image<std::uint8_t>(width, height, 1);
                const std::size_t x = width * 3 / 8, y = height / 2, w = width / 5, h = height / 5;
                for (std::size_t r = y; r < y + h; ++r)
                    for (std::size_t c = x; c < x + w; ++c) *mask.at(c, r) = 1;
                const auto fitted = image::fit_mask(by, mask);
                REQUIRE(fitted.width == by.width);
                image::plane map{fitted.width, fitted.height, 1, {fitted.pixels.begin(), fitted.pixels.end()}};
                const auto back = image::restore_map(by, map, -1.0f);
                REQUIRE(image::size_text(back) == image::size_text(mask));
                double wrong = 0, outside = 0;
                for (std::size_t i = 0; i < back.pixels.size(); ++i) {
                    if (back.pixels[i] == -1.0f) {
                        ++outside;
                        continue;
                    }
                    wrong += (back.pixels[i] > 0.5f) != (mask.pixels[i] == 1);
                }
                CHECK(wrong <= 0.35 * static_cast<double>(w * h));  // only along the box's edges: steps of up to 2.5 pixels
                CHECK((crop == 0) == (outside == 0));

                const image::rectangle box{static_cast<double>(x), static_cast<double>(y), static_cast<double>(w),
                                           static_cast<double>(h)};
                const auto there = image::fit_box(by, box), home = image::restore_box(by, there);
                if (crop == 0) {
                    CHECK(home.x == Approx(box.x));
                    CHECK(home.y == Approx(box.y));
                    CHECK(home.width == Approx(box.width));
                    CHECK(home.height == Approx(box.height));
                }
                // The box holds the fitted mask's pixels to a pixel.
                double most = 0;
                for (std::size_t r = 0; r < fitted.height; ++r)
                    for (std::size_t c = 0; c < fitted.width; ++c)
                        if (*fitted.at(c, r))
                            most = std::max({most, there.x - static_cast<double>(c),
                                             static_cast<double>(c + 1) - there.x - there.width, there.y - static_cast<double>(r),
                                             static_cast<double>(r + 1) - there.y - there.height});
                CHECK(most <= 1.0);
            }
}

TEST_CASE("a cut-out's edge doesn't fade into what wasn't seen", "[image]") {
    const auto by = image::place({.size = 64, .crop = 32}, 128, 128);
    const auto back = image::restore_map(by, image::make_image<float>(32, 32, 1, 2.0f), -5.0f);
    CHECK(*back.at(31, 64) == -5.0f);
    CHECK(*back.at(32, 64) == 2.0f);
    CHECK(*back.at(95, 95) == 2.0f);
    CHECK(*back.at(96, 95) == -5.0f);
    CHECK(image::fit_box(by, {0, 0, 20, 20}) == image::rectangle{0, 0, 0, 0});
}

TEST_CASE("geometries that can't be", "[image]") {
    CHECK(image::fit_of("short-side") == fit::short_side);
    CHECK(message_of<option_error>([] { (void)image::fit_of("stretch"); }) ==
          "fit \"stretch\" is unknown; expected squash, pad, short-side or native");
    CHECK(message_of<option_error>([] { (void)image::place({.size = 250}, 9, 9); }) ==
          "image size 250 x 250: width and height must be multiples of 32, from 32 on");
    CHECK(message_of<option_error>([] { (void)image::place({.size = 256, .height = 40}, 9, 9); }) ==
          "image size 256 x 40: width and height must be multiples of 32, from 32 on");
    CHECK(message_of<option_error>([] { (void)image::place({.fit = fit::pad, .size = 256, .height = 32}, 9, 9); }) ==
          "image size 256 x 32 with fit pad: only fit squash has a height of its own; give one number");
    CHECK(message_of<option_error>([] { (void)image::place({.fit = fit::native, .size = 256, .crop = 32}, 9, 9); }) ==
          "the centre crop is 32 with fit native, which takes all of an image; leave the crop out");
    CHECK(message_of<option_error>([] { (void)image::place({.size = 256, .crop = 288}, 9, 9); }) ==
          "the centre crop is 288 of an input size of 256, it must be a multiple of 32 and not larger");
    CHECK(message_of<shape_error>([] { (void)image::place({}, 0, 9); }) ==
          "place: the photograph is 0 x 9 pixels; both must be at least 1");
    const auto by = image::place({.size = 32}, 40, 40);
    CHECK(message_of<shape_error>([&] { (void)image::fit_picture(by, test::noise(40, 41, 3)); }) ==
          "fit_picture: the image is 40 x 41 pixels, the placement is for 40 x 40");
    CHECK(message_of<shape_error>([&] { (void)image::fit_mask(by, test::noise(4, 4, 1)); }) ==
          "fit_mask: the image is 4 x 4 pixels, the placement is for 40 x 40");
    CHECK(message_of<shape_error>([&] { (void)image::restore_map(by, image::make_image<float>(40, 40, 1)); }) ==
          "restore_map: the image is 40 x 40 pixels, the placement is for 32 x 32");
}
}  // namespace
