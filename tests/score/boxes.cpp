// Boxes from maps and masks, and masks from boxes.
#include <rd4ad/score/boxes.hpp>

#include <vector>

#include <support/backends.hpp>  // before the using-directive: xtl names its own functions data
#include <support/catch.hpp>

using namespace rd4ad;

TEST_CASE("a map's boxes are in the image's pixels, with the maximum of the map in each", "[score]") {
    auto map = image::make_image<float>(64, 32, 1);
    for (std::size_t x = 8; x < 12; ++x) *map.at(x, 4) = 0.5f;
    *map.at(12, 5) = 0.75f;   // touches the row's end at a corner
    *map.at(40, 20) = 0.25f;  // below the threshold
    *map.at(60, 30) = 1;
    const auto transform = image::make_fit_transform({.size = 64, .height = 32}, 128, 128);
    const auto boxes = boxes_of_map(map, transform, 0.5);
    REQUIRE(boxes.size() == 2);
    CHECK((boxes[0].x == 16 && boxes[0].y == 16 && boxes[0].width == 10 && boxes[0].height == 8 && boxes[0].score == 0.75));
    CHECK((boxes[1].x == 120 && boxes[1].y == 120 && boxes[1].width == 2 && boxes[1].height == 4 && boxes[1].score == 1));
}

TEST_CASE("boxes to a mask and back, clipped at its edges", "[score]") {
    const std::vector<metrics::box> boxes{{1, 2, 3, 2}, {8, 0, 4, 20}};
    const auto mask = mask_of_boxes(boxes, 10, 6);
    const auto found = boxes_of_mask(mask);
    REQUIRE(found.size() == 2);
    CHECK((found[0].x == 8 && found[0].y == 0 && found[0].width == 2 && found[0].height == 6));
    CHECK((found[1].x == 1 && found[1].y == 2 && found[1].width == 3 && found[1].height == 2));
    const std::vector<metrics::box> outside{{-5, -5, 3, 3}, {0.4, 0.4, 0.2, 0.2}};
    CHECK(boxes_of_mask(mask_of_boxes(outside, 10, 6)).size() == 1);  // the second box contains the centre of a pixel
}
