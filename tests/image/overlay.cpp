#include <rd4ad/image/overlay.hpp>
//
#include <algorithm>
#include <string>

#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using test::mentions;
using test::message_of;

TEST_CASE("an overlay blends the map into the image at the image's size", "[image]") {
    const auto image = test::noise(40, 24, 3);
    const image::image_f32 map{5, 3, 1, std::vector<float>(15, 0.5f)};
    CHECK(image::overlay(image, map, 0.0f, 1.0f, 0.0f) == image);
    const auto bare = image::overlay(image, map, 0.0f, 1.0f, 1.0f);
    const auto colour = image::heat(0.5f);
    for (std::size_t i = 0; i < bare.pixels.size(); ++i) REQUIRE(bare.pixels[i] == colour[i % 3]);
    const auto half = image::overlay(image, map, 0.0f, 1.0f);
    for (std::size_t i = 0; i < half.pixels.size(); ++i) REQUIRE(half.pixels[i] == (image.pixels[i] + colour[i % 3] + 1) / 2);
    CHECK(image::overlay(test::noise(40, 24, 1), map, 0.0f, 1.0f).channels == 3);
    CHECK_THAT(message_of<option_error>([&] { (void)image::overlay(image, map, 0, 1, 1.5f); }),
               mentions("overlay: ", "alpha is 1.500000", "0 to 1"));
    CHECK_THAT(message_of<shape_error>([] { (void)image::to_rgb(test::noise(1, 1, 4)); }),
               mentions("to_rgb: ", "1 channel", "1x1x4"));
}

TEST_CASE("images side by side have the same height", "[image]") {
    const image::image_u8 images[] = {test::noise(10, 8, 3), test::noise(40, 16, 1), test::noise(3, 8, 3)};
    const auto row = image::side_by_side(images, 2);
    REQUIRE(image::size_text(row) == "37x8x3");
    CHECK(std::equal(images[0].row(5), images[0].row(5) + 30, row.at(0, 5)));
    CHECK(std::equal(images[2].row(7), images[2].row(7) + 9, row.at(34, 7)));
    CHECK(*row.at(11, 3) == 255);
    CHECK(*row.at(33, 3) == 255);
    CHECK_THAT(message_of<shape_error>([] { (void)image::side_by_side({}); }),
               mentions("side_by_side: ", "empty", "at least one"));
}

TEST_CASE("boxes and outlines mark regions", "[image]") {
    auto image = image::make_image<std::uint8_t>(6, 5, 3);
    image::draw_box(image, 1, 1, 3, 3);
    const auto red = [&] {
        std::string rows;
        for (std::size_t y = 0; y < image.height; ++y, rows += '/')
            for (std::size_t x = 0; x < image.width; ++x) rows += *image.at(x, y) == 255 ? '#' : '.';
        return rows;
    };
    CHECK(red() == "....../.###../.#.#../.###../....../");
    image = image::make_image<std::uint8_t>(6, 5, 3);
    image::draw_box(image, 4, 3, 10, 10);  // beyond the edge: open there
    CHECK(red() == "....../....../....../....##/....#./");
    image = image::make_image<std::uint8_t>(6, 5, 3);
    image::image_u8 mask = image::make_image<std::uint8_t>(6, 5, 1);
    for (std::size_t y = 1; y < 5; ++y)
        for (std::size_t x = 1; x < 5; ++x) *mask.at(x, y) = 1;
    image::draw_outline(image, mask);
    CHECK(red() == "....../.####./.#..#./.#..#./.#..#./");
    CHECK(*image::mask_image(mask).at(1, 1) == 255);
    CHECK(*image::mask_image(mask).at(0, 0) == 0);
    CHECK_THAT(message_of<shape_error>([&] { image::draw_outline(image, test::noise(5, 5, 1)); }),
               mentions("draw_outline: ", "6x5x3", "5x5x1"));
    CHECK_THAT(message_of<shape_error>([] {
                   auto grey = test::noise(2, 2, 1);
                   image::draw_box(grey, 0, 0, 1, 1);
               }),
               mentions("draw_box: ", "3 channels", "2x2x1"));
}
}  // namespace
