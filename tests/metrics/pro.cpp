#include <rd4ad/metrics/pro.hpp>

#include <cmath>
#include <vector>

#include <support/catch.hpp>
#include <support/reference_text.hpp>

using namespace rd4ad::metrics;

TEST_CASE("aupro equals the definitions written out in Python", "[metrics]") {
    for (const auto& reference : rd4ad::test::reference_cases("metrics/pixels.txt")) {
        INFO(reference.name);
        const auto maps = reference.floats("maps");
        const auto masks = reference.bytes("masks");
        const auto width = static_cast<std::size_t>(reference.one("width")),
                   height = static_cast<std::size_t>(reference.one("height"));
        const double limit = reference.one("limit");
        CHECK(aupro(maps, masks, width, height, limit) == Approx(reference.one("aupro")).epsilon(1e-9));
        CHECK(aupro_per_image(maps, masks, width, height, limit) == Approx(reference.one("aupro_per_image")).epsilon(1e-9));
    }
}

TEST_CASE("aupro is interpolated at the limit", "[metrics]") {
    // One region of two pixels; rates (0, 1/2), then (1/2, 1) by a tie, then (1, 1).
    const std::vector<float> map{3, 2, 2, 1};
    const std::vector<std::uint8_t> mask{1, 1, 0, 0};
    CHECK(aupro(map, mask, 4, 1, 0.5) == Approx(0.75));
    CHECK(aupro(map, mask, 4, 1, 0.25) == Approx((0.5 + 0.75) / 2));
    CHECK(aupro(map, mask, 4, 1, 1.0) == Approx((0.75 + 1.0) / 2));
}

TEST_CASE("the authors' aupro where their code has no value", "[metrics]") {
    const std::vector<std::uint8_t> mask{1, 0, 0, 0};
    CHECK(aupro_per_image(std::vector<float>(4, 0.5F), mask, 2, 2) == 0.0);
    CHECK(aupro_per_image(std::vector<float>{1, 0, 0, 0}, mask, 2, 2) == 1.0);
}

TEST_CASE("aupro refuses what has no value", "[metrics]") {
    const std::vector<float> maps(8, 0.5F);
    const std::vector<std::uint8_t> none(8, 0), all(8, 1), some{1, 0, 0, 0, 0, 0, 0, 0};
    CHECK_THROWS_WITH(aupro(maps, none, 2, 2), "aupro: none of the 8 labels is positive (anomalous); at least one must be");
    CHECK_THROWS_WITH(aupro(maps, all, 2, 2), "aupro: none of the 8 labels is negative (normal); at least one must be");
    CHECK_THROWS_WITH(aupro_per_image(maps, none, 2, 2),
                      "aupro_per_image: none of the 2 masks has both a defect and a normal pixel; at least one must");
    CHECK_THROWS_WITH(aupro(maps, some, 3, 2), "aupro: 8 scores are not a whole number of maps of 3 x 2");
    CHECK_THROWS_WITH(aupro_per_image(maps, some, 0, 2), "aupro_per_image: 8 scores are not a whole number of maps of 0 x 2");
    CHECK_THROWS_WITH(aupro(maps, std::vector<std::uint8_t>(4), 2, 2),
                      "aupro: 8 scores but 4 labels; every score needs one label");
    CHECK_THROWS_WITH(aupro(maps, some, 2, 2, 0.0),
                      "aupro: the false-positive rate limit is 0.000000; it must be above 0 and at most 1");
    CHECK_THROWS_WITH(aupro_per_image(maps, some, 2, 2, 1.5),
                      "aupro_per_image: the false-positive rate limit is 1.500000; it must be above 0 and at most 1");
    CHECK_THROWS_AS(aupro(maps, some, 2, 2, std::nan("")), rd4ad::option_error);
}
