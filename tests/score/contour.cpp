// Contours of labelled components, corner by corner.
#include <rd4ad/score/contour.hpp>

#include <string>
#include <vector>

#include <support/catch.hpp>

using namespace rd4ad;

namespace {

/// The contours of the components of a mask of '#' and '.'.
std::vector<std::vector<image::point>> contours_of(const std::vector<std::string>& rows) {
    std::vector<std::uint8_t> mask;
    for (const auto& row : rows)
        for (const char pixel : row) mask.push_back(pixel == '#' ? 1 : 0);
    const std::size_t width = rows.front().size(), height = rows.size();
    const auto found = metrics::label_components(mask, width, height);
    std::vector<std::vector<image::point>> contours;
    for (std::size_t i = 0; i < found.regions.size(); ++i)
        contours.push_back(trace_contour(found, width, height, static_cast<std::int32_t>(i + 1)));
    return contours;
}

using polygons = std::vector<std::vector<image::point>>;

}  // namespace

TEST_CASE("a contour has the corners of the pixels' edges, clockwise from the first pixel", "[score]") {
    CHECK(contours_of({"#"}) == polygons{{{0, 0}, {1, 0}, {1, 1}, {0, 1}}});
    CHECK(contours_of({"###"}) == polygons{{{0, 0}, {3, 0}, {3, 1}, {0, 1}}});
    CHECK(contours_of({".#", "##"}) == polygons{{{1, 0}, {2, 0}, {2, 2}, {0, 2}, {0, 1}, {1, 1}}});
}

TEST_CASE("a contour encloses pixels that touch at a corner, and fills holes", "[score]") {
    CHECK(contours_of({"#.", ".#"}) == polygons{{{0, 0}, {1, 0}, {1, 1}, {2, 1}, {2, 2}, {1, 2}, {1, 1}, {0, 1}}});
    CHECK(contours_of({"###", "#.#", "###"}) == polygons{{{0, 0}, {3, 0}, {3, 3}, {0, 3}}});
}

TEST_CASE("components have separate contours", "[score]") {
    CHECK(contours_of({"#..#"}) == polygons{{{0, 0}, {1, 0}, {1, 1}, {0, 1}}, {{3, 0}, {4, 0}, {4, 1}, {3, 1}}});
}
