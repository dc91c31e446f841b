// Regions of maps: their connected areas, their boxes and outlines in the image.
#include <rd4ad/score/regions.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <rd4ad/core/random.hpp>

#include <support/catch.hpp>
#include <support/image_files.hpp>
#include <support/mentions.hpp>

using namespace rd4ad;

namespace {

/// A map from rows of '.' (0) and digits (tenths).
image::image_f32 map_of(const std::vector<std::string>& rows) {
    auto map = image::make_image<float>(rows.front().size(), rows.size(), 1);
    for (std::size_t y = 0; y < map.height; ++y)
        for (std::size_t x = 0; x < map.width; ++x)
            if (rows[y][x] != '.') *map.at(x, y) = static_cast<float>(rows[y][x] - '0') / 10;
    return map;
}

/// The transform of an image that the network sees pixel for pixel.
image::fit_transform identity(std::size_t width, std::size_t height) {
    return {width, height, width, height, 0, 0, width, height, 0, 0, width, height};
}

/// The enclosed area; positive for a clockwise polygon, as y points down.
double area_of(const std::vector<image::point>& polygon) {
    double twice = 0;
    for (std::size_t i = 0; i < polygon.size(); ++i) {
        const auto &a = polygon[i], &b = polygon[(i + 1) % polygon.size()];
        twice += a.x * b.y - b.x * a.y;
    }
    return twice / 2;
}

}  // namespace

TEST_CASE("pixels that touch at a corner are one region, and its outline goes around all of them", "[score]") {
    const auto map = map_of({"..5.....", ".5..99..", "..5.9...", "........"});
    const auto found = find_regions(map, identity(8, 4), 0.45);
    REQUIRE(found.size() == 2);
    CHECK(found[0].box == image::rectangle{1, 0, 2, 3});
    CHECK(found[0].relative == image::rectangle{0.125, 0, 0.25, 0.75});
    CHECK(found[0].area == 3);
    CHECK(found[0].raw_score == 0.5f);
    CHECK(!found[0].score);
    CHECK(found[1].outline == std::vector<image::point>{{4, 1}, {6, 1}, {6, 2}, {5, 2}, {5, 3}, {4, 3}});
    CHECK(area_of(found[0].outline) == 3);
    CHECK(find_regions(map, identity(8, 4), 0.95).empty());
    CHECK(find_regions(map, identity(8, 4), static_cast<double>(0.9f)).size() == 1);
    REQUIRE(find_regions(map, identity(8, 4), 0.45, 3.0).size() == 2);
    CHECK(find_regions(map, identity(8, 4), 0.45, 3.5).empty());
}

TEST_CASE("outlines enclose their region's area, with holes filled, in any mask", "[score]") {
    const auto ring = find_regions(map_of({"555", "5.5", "555"}), identity(3, 3), 0.3);
    REQUIRE(ring.size() == 1);
    CHECK((ring[0].area == 8 && area_of(ring[0].outline) == 9));
    CHECK(ring[0].outline.size() == 4);

    rd4ad::random source{3};
    for (int round = 0; round < 200; ++round) {
        const std::size_t width = 1 + source.below(12), height = 1 + source.below(12);
        auto map = image::make_image<float>(width, height, 1);
        for (auto& value : map.pixels) value = static_cast<float>(source.uniform());
        for (const auto& one : find_regions(map, identity(width, height), 0.6)) {
            const double enclosed = area_of(one.outline);
            CHECK(enclosed >= one.area);
            CHECK(enclosed <= one.box.width * one.box.height);
            double left = 1e9, right = -1e9, top = 1e9, bottom = -1e9;
            for (std::size_t i = 0; i < one.outline.size(); ++i) {
                const auto &a = one.outline[i], &b = one.outline[(i + 1) % one.outline.size()];
                CHECK((a.x == b.x) != (a.y == b.y));  // horizontal or vertical, never both
                left = std::min(left, a.x), right = std::max(right, a.x), top = std::min(top, a.y),
                bottom = std::max(bottom, a.y);
            }
            CHECK(image::rectangle{left, top, right - left, bottom - top} == one.box);
        }
    }
}

TEST_CASE("regions are in the image's coordinates for any preprocessing", "[score]") {
    // 80 x 40 padded to 80 x 80 and shrunk to 32 x 32: the image is in rows 8 to 23.
    const auto padded = image::make_fit_transform({.fit = image::fit::pad, .size = 32}, 80, 40);
    auto map = image::make_image<float>(32, 32, 1);
    for (std::size_t x = 4; x < 8; ++x)
        for (std::size_t y = 2; y < 10; ++y) *map.at(x, y) = 1;  // from the border into the image
    *map.at(20, 30) = 1;                                         // in the border only
    const auto found = find_regions(map, padded, 0.5);
    REQUIRE(found.size() == 1);
    CHECK(found[0].box == image::rectangle{10, 0, 10, 5});
    CHECK(found[0].area == 50);
    CHECK(found[0].relative == image::rectangle{0.125, 0, 0.125, 0.125});
    CHECK(found[0].outline == std::vector<image::point>{{10, 0}, {20, 0}, {20, 5}, {10, 5}});

    const auto cropped = image::make_fit_transform({.size = 64, .crop = 32}, 128, 256);
    auto middle = image::make_image<float>(32, 32, 1);
    *middle.at(0, 0) = 1;
    CHECK(find_regions(middle, cropped, 0.5).front().box == image::rectangle{32, 64, 2, 4});
    CHECK(test::message_of<shape_error>([&] { (void)find_regions(map, cropped, 0.5).size(); }) == "nothing thrown");
    CHECK_THAT(test::message_of<shape_error>([&] { (void)find_regions(map, identity(31, 32), 0.5); }),
               test::mentions("label_map", "32 x 32", "31 x 32"));
}
