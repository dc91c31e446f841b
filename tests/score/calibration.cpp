// The function from raw scores to scores: strictly increasing, 0.5 at the threshold.
#include <rd4ad/score/calibration.hpp>

#include <cmath>

#include <rd4ad/core/random.hpp>

#include <support/catch.hpp>
#include <support/image_files.hpp>
#include <support/mentions.hpp>

using namespace rd4ad;

TEST_CASE("a typical image has a score near 0, the threshold 0.5, an extreme image a score near 1", "[score]") {
    const calibration by{.typical = 0.2, .threshold = 0.3};
    CHECK(by(0.3) == 0.5);
    CHECK(by(0.2) == Approx(0.0097).margin(1e-4));
    CHECK(by(0.4) == Approx(0.9903).margin(1e-4));
    CHECK((by(3.0) > 0.9999 && by(3.0) < 1));
    CHECK((by(0.0) > 0 && by(0.0) < 0.01));
    for (const double value : {0.001, 0.0097, 0.3, 0.5, 0.8, 0.999})
        CHECK(by(by.raw_score(value)) == Approx(value).margin(1e-12));
    for (const double value : {0.0, 1.0})
        CHECK_THAT(test::message_of<option_error>([&] { (void)by.raw_score(value); }),
                   test::mentions("calibration", value, "above 0 and below 1"));
    const auto map = calibrated_map(by, {2, 1, 1, {0.3f, 0.2f}});
    CHECK(map.pixels[0] == Approx(0.5f));
    CHECK(map.pixels[1] == Approx(0.0097f).margin(1e-4));
}

TEST_CASE("beyond 3, the smallest spread grows with the threshold, so that scores still increase", "[score]") {
    CHECK(calibration{.typical = 0.5, .threshold = 0.5}.spread() == calibration::min_spread);
    CHECK(calibration{.typical = 30, .threshold = 30}.spread() == 30 * calibration::min_spread);
    const calibration by{.typical = 30, .threshold = 30};
    for (float at = 85; at < 89.9f; at += 0.37f) {
        const auto next = static_cast<double>(std::nextafter(at, 100.0f));
        CHECK(by(static_cast<double>(at)) < by(next));
        CHECK(by(next) < 1);
    }
}

TEST_CASE("every float from 1e-6 to 3 has a score above its neighbour's, within 0 and 1", "[score]") {
    rd4ad::random source{11};
    for (const double spread : {calibration::min_spread, 0.01, 0.1, 1.0})
        for (const double threshold : {0.01, 0.25, 1.9}) {
            const calibration by{.typical = threshold - spread, .threshold = threshold};
            int checked = 0, failed = 0;
            const auto check = [&](float at) {
                const float next = std::nextafter(at, 4.0f);
                CAPTURE(spread, threshold, at);
                const double low = by(static_cast<double>(at)), high = by(static_cast<double>(next));
                ++checked;
                if (!(low < high && low > 0 && high < 1)) {
                    ++failed;
                    CHECK((low < high && low > 0 && high < 1));
                }
            };
            for (int i = 0; i < 5000; ++i) {
                check(static_cast<float>(3 * source.uniform()) + 1e-6f);
                check(static_cast<float>(std::pow(10.0, 6.477 * source.uniform() - 6)));
                check(static_cast<float>(threshold + 1e-6 * (source.uniform() - 0.5)));
            }
            check(std::nextafter(3.0f, 0.0f));
            CHECK(checked == 15001);
            CHECK(failed == 0);
        }
}
