#include <rd4ad/image/overlay.hpp>
//
#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using test::message_of;

TEST_CASE("a map lies over its photograph at the photograph's size", "[image]") {
    const auto photograph = test::noise(40, 24, 3);
    const image::plane map{5, 3, 1, std::vector<float>(15, 0.5f)};
    CHECK(image::overlay(photograph, map, 0.0f, 1.0f, 0.0f) == photograph);
    const auto bare = image::overlay(photograph, map, 0.0f, 1.0f, 1.0f);
    const auto colour = image::heat(0.5f);
    for (std::size_t i = 0; i < bare.pixels.size(); ++i) REQUIRE(bare.pixels[i] == colour[i % 3]);
    const auto half = image::overlay(photograph, map, 0.0f, 1.0f);
    for (std::size_t i = 0; i < half.pixels.size(); ++i)
        REQUIRE(half.pixels[i] == (photograph.pixels[i] + colour[i % 3] + 1) / 2);
    CHECK(image::overlay(test::noise(40, 24, 1), map, 0.0f, 1.0f).channels == 3);
    CHECK(message_of<option_error>([&] { (void)image::overlay(photograph, map, 0, 1, 1.5f); }) ==
          "overlay: alpha is 1.500000, it must be 0 to 1");
    CHECK(message_of<shape_error>([] { (void)image::to_rgb(test::noise(1, 1, 4)); }) ==
          "to_rgb: expected 1 channel, the image is 1x1x4 (width x height x channels)");
}

TEST_CASE("pictures side by side share a height", "[image]") {
    const image::picture parts[] = {test::noise(10, 8, 3), test::noise(40, 16, 1), test::noise(3, 8, 3)};
    const auto row = image::side_by_side(parts, 2);
    REQUIRE(image::size_text(row) == "37x8x3");
    CHECK(std::equal(parts[0].row(5), parts[0].row(5) + 30, row.at(0, 5)));
    CHECK(std::equal(parts[2].row(7), parts[2].row(7) + 9, row.at(34, 7)));
    CHECK(*row.at(11, 3) == 255);
    CHECK(*row.at(33, 3) == 255);
    CHECK(message_of<shape_error>([] { (void)image::side_by_side({}); }) ==
          "side_by_side: there are no pictures, expected at least one");
}

TEST_CASE("boxes and outlines mark regions", "[image]") {
    auto picture = image::make_image<std::uint8_t>(6, 5, 3);
    image::draw_box(picture, 1, 1, 3, 3);
    const auto red = [&] {
        std::string rows;
        for (std::size_t y = 0; y < picture.height; ++y, rows += '/')
            for (std::size_t x = 0; x < picture.width; ++x) rows += *picture.at(x, y) == 255 ? '#' : '.';
        return rows;
    };
    CHECK(red() == "....../.###../.#.#../.###../....../");
    picture = image::make_image<std::uint8_t>(6, 5, 3);
    image::draw_box(picture, 4, 3, 10, 10);  // beyond the edge: open there
    CHECK(red() == "....../....../....../....##/....#./");
    picture = image::make_image<std::uint8_t>(6, 5, 3);
    image::picture mask = image::make_image<std::uint8_t>(6, 5, 1);
    for (std::size_t y = 1; y < 5; ++y)
        for (std::size_t x = 1; x < 5; ++x) *mask.at(x, y) = 1;
    image::draw_outline(picture, mask);
    CHECK(red() == "....../.####./.#..#./.#..#./.#..#./");
    CHECK(*image::mask_picture(mask).at(1, 1) == 255);
    CHECK(*image::mask_picture(mask).at(0, 0) == 0);
    CHECK(message_of<shape_error>([&] { image::draw_outline(picture, test::noise(5, 5, 1)); }) ==
          "draw_outline: the picture is 6x5x3, the mask 5x5x1 (width x height x channels)");
    CHECK(message_of<shape_error>([] {
              auto grey = test::noise(2, 2, 1);
              image::draw_box(grey, 0, 0, 1, 1);
          }) == "draw_box: expected 3 channels, the image is 2x2x1 (width x height x channels)");
}
}  // namespace
