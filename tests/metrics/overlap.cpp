#include <rd4ad/metrics/overlap.hpp>

#include <vector>

#include <support/catch.hpp>
#include <support/mentions.hpp>

using namespace rd4ad::metrics;
using rd4ad::test::mentions;

TEST_CASE("dice and iou compare two masks", "[metrics]") {
    const std::vector<std::uint8_t> a{1, 255, 1, 0, 0}, b{0, 1, 1, 7, 0}, empty(5);
    CHECK(dice(a, b) == Approx(4.0 / 6.0));
    CHECK(iou(a, b) == Approx(2.0 / 4.0));
    CHECK(dice(a, a) == 1.0);
    CHECK(iou(a, a) == 1.0);
    CHECK(dice(a, empty) == 0.0);
    CHECK(iou(empty, b) == 0.0);
}

TEST_CASE("dice and iou of two empty masks are 1", "[metrics]") {
    CHECK(dice(std::vector<std::uint8_t>(4), std::vector<std::uint8_t>(4)) == 1.0);
    CHECK(iou({}, {}) == 1.0);
}

TEST_CASE("masks of different sizes are refused", "[metrics]") {
    CHECK_THROWS_WITH(dice(std::vector<std::uint8_t>(4), std::vector<std::uint8_t>(5)), mentions("overlap", "4 and 5 pixels"));
    CHECK_THROWS_AS(iou(std::vector<std::uint8_t>(4), {}), rd4ad::shape_error);
}
