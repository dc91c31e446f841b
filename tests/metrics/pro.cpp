#include <rd4ad/metrics/pro.hpp>

#include <cmath>
#include <vector>

#include <support/catch.hpp>
#include <support/mentions.hpp>
#include <support/reference_text.hpp>

using namespace rd4ad::metrics;
using rd4ad::test::mentions;

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
    // One region of two pixels. The curve goes through (0, 1/2), (1/2, 1) after a tie, and (1, 1).
    const std::vector<float> map{3, 2, 2, 1};
    const std::vector<std::uint8_t> mask{1, 1, 0, 0};
    CHECK(aupro(map, mask, 4, 1, 0.5) == Approx(0.75));
    CHECK(aupro(map, mask, 4, 1, 0.25) == Approx((0.5 + 0.75) / 2));
    CHECK(aupro(map, mask, 4, 1, 1.0) == Approx((0.75 + 1.0) / 2));
}

TEST_CASE("aupro_per_image has a value in the two cases in which the authors' code fails", "[metrics]") {
    const std::vector<std::uint8_t> mask{1, 0, 0, 0};
    CHECK(aupro_per_image(std::vector<float>(4, 0.5F), mask, 2, 2) == 0.0);
    CHECK(aupro_per_image(std::vector<float>{1, 0, 0, 0}, mask, 2, 2) == 1.0);
}

TEST_CASE("aupro_per_image leaves out images that have only defect or only normal pixels", "[metrics]") {
    const std::vector<float> maps{1, 0, 0, 0, 0.5F, 0.5F, 0.2F, 0.1F, 0.3F, 0.5F, 0.2F, 0.1F};
    const std::vector<std::uint8_t> masks{1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1};
    CHECK(aupro_per_image(maps, masks, 2, 2) == 1.0);
}

TEST_CASE("aupro refuses arguments without a value", "[metrics]") {
    const std::vector<float> maps(8, 0.5F);
    const std::vector<std::uint8_t> none(8, 0), all(8, 1), some{1, 0, 0, 0, 0, 0, 0, 0};
    CHECK_THROWS_WITH(aupro(maps, none, 2, 2), mentions("aupro", "none of the 8 labels is positive"));
    CHECK_THROWS_WITH(aupro(maps, all, 2, 2), mentions("aupro", "none of the 8 labels is negative"));
    CHECK_THROWS_WITH(aupro_per_image(maps, none, 2, 2), mentions("aupro_per_image", "none of the 2 masks"));
    CHECK_THROWS_WITH(aupro(maps, some, 3, 2), mentions("aupro", "8 scores", "3 x 2"));
    CHECK_THROWS_WITH(aupro_per_image(maps, some, 0, 2), mentions("aupro_per_image", "8 scores", "0 x 2"));
    CHECK_THROWS_WITH(aupro(maps, std::vector<std::uint8_t>(4), 2, 2), mentions("aupro", "8 scores", "4 labels"));
    CHECK_THROWS_WITH(aupro(maps, some, 2, 2, 0.0), mentions("aupro", "false-positive rate limit is 0.000000"));
    CHECK_THROWS_WITH(aupro_per_image(maps, some, 2, 2, 1.5),
                      mentions("aupro_per_image", "false-positive rate limit is 1.500000"));
    CHECK_THROWS_AS(aupro(maps, some, 2, 2, std::nan("")), rd4ad::option_error);
}
