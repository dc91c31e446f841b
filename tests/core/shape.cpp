#include <rd4ad/core/shape.hpp>
#include <support/catch.hpp>

using rd4ad::shape;

TEST_CASE("a shape counts its values and its pixels", "[core]") {
    constexpr shape s{.n = 2, .c = 64, .h = 16, .w = 8};
    STATIC_REQUIRE(s.count() == 2 * 64 * 16 * 8);
    STATIC_REQUIRE(s.pixels() == 2 * 16 * 8);
    STATIC_REQUIRE(shape{}.count() == 0);
}

TEST_CASE("shapes are equal if all four sizes are", "[core]") {
    constexpr shape s{.n = 2, .c = 3, .h = 4, .w = 5};
    CHECK(s == shape{.n = 2, .c = 3, .h = 4, .w = 5});
    CHECK(s != shape{.n = 1, .c = 3, .h = 4, .w = 5});
    CHECK(s != shape{.n = 2, .c = 1, .h = 4, .w = 5});
    CHECK(s != shape{.n = 2, .c = 3, .h = 1, .w = 5});
    CHECK(s != shape{.n = 2, .c = 3, .h = 4, .w = 1});
}

TEST_CASE("a shape's text is N x C x H x W", "[core]") {
    CHECK(to_string(shape{.n = 2, .c = 64, .h = 16, .w = 8}) == "2x64x16x8");
    CHECK(to_string(shape{}) == "0x0x0x0");
}
