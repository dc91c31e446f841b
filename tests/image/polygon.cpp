#include <rd4ad/image/polygon.hpp>
//
#include <limits>

#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using image::point;

std::string drawn(std::size_t width, std::size_t height, const std::vector<point>& corners) {
    auto mask = image::make_image<std::uint8_t>(width, height, 1);
    image::draw_polygon(mask, corners);
    std::string rows;
    for (std::size_t y = 0; y < height; ++y, rows += '/')
        for (std::size_t x = 0; x < width; ++x) rows += *mask.at(x, y) ? '#' : '.';
    return rows;
}

// The expected pixels are those of Pillow 9.4, ImageDraw.polygon(corners, fill=1).
TEST_CASE("polygons are drawn with their edges, as by Pillow", "[image]") {
    CHECK(drawn(6, 5, {{1, 1}, {4, 1}, {4, 3}, {1, 3}}) == "....../.####./.####./.####./....../");
    CHECK(drawn(7, 5, {{3.9, 0.2}, {6.1, 4.7}, {0.4, 4.1}}) == "...#.../..###../..###../.#####./#######/");
    CHECK(drawn(7, 5, {{0, 0}, {6, 0}, {6, 4}, {3, 1}, {0, 4}}) == "#######/#######/###.###/##...##/#.....#/");
}

TEST_CASE("the thinnest defect has pixels", "[image]") {
    CHECK(drawn(4, 3, {{2.3, 1.4}}) == "..../..#./..../");
    CHECK(drawn(4, 3, {{0.1, 0.5}, {3.2, 2.5}}) == "#.../.#../...#/");
    CHECK(drawn(4, 3, {}) == "..../..../..../");
}

TEST_CASE("polygons are clipped at the mask's edges", "[image]") {
    CHECK(drawn(3, 2, {{-5, -5}, {9, -5}, {9, 9}, {-5, 9}}) == "###/###/");
    CHECK(drawn(3, 2, {{-5, -5}, {-1, -5}, {-1, 9}, {-5, 9}}) == ".../.../");
    CHECK_THAT(test::message_of<numeric_error>([] {
                   (void)drawn(3, 2, {{2e6, 0}});
               }),
               test::mentions("draw_polygon: ", "2000000.000000, 0.000000", "1000000"));
    CHECK_THAT(test::message_of<numeric_error>([] {
                   (void)drawn(3, 2, {{0, std::numeric_limits<double>::quiet_NaN()}});
               }),
               test::mentions("draw_polygon: ", "0.000000, nan"));
}
}  // namespace
