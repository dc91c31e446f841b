// A heat map's colours follow the threshold: the same for every image of a model.
#include <rd4ad/score/colour_range.hpp>

#include <rd4ad/image/colour.hpp>

#include <support/catch.hpp>

using namespace rd4ad;

TEST_CASE("the threshold is yellow, a typical good image light blue, whatever the raw scores' level", "[score]") {
    for (const double level : {0.01, 0.5, 2.0, 40.0}) {
        calibration by;
        by.typical = level, by.threshold = 1.5 * level;
        const auto colours = colours_of(by);
        const auto place = [&](double raw_score) {
            return (raw_score - static_cast<double>(colours.low)) / static_cast<double>(colours.high - colours.low);
        };
        CHECK(place(by.threshold) == Approx(0.7).epsilon(1e-4));
        CHECK(place(by.typical) == Approx(0.25).epsilon(1e-4));
    }
}

TEST_CASE("a good image is calm, and an alarm is red", "[score]") {
    calibration by;
    by.typical = 0.6, by.threshold = 0.9;
    const auto [low, high] = colours_of(by);
    const auto red = [&, low = low, high = high](float raw_score) {
        return static_cast<int>(image::colourise(image::image_f32{1, 1, 1, {raw_score}}, low, high).pixels[0]);
    };
    CHECK(red(0.3f) < 80);
    CHECK(red(0.6f) < 80);
    CHECK(red(0.95f) > 200);
    CHECK(red(2.5f) > 120);
}
