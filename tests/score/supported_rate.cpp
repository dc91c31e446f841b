// Rates that a number of images supports, in numbers and in words.
#include <rd4ad/score/supported_rate.hpp>

#include <cmath>

#include <support/catch.hpp>
#include <support/image_files.hpp>
#include <support/mentions.hpp>

using namespace rd4ad;

TEST_CASE("the default rate is the smallest whole percentage that the images support", "[score]") {
    CHECK(supported_rate(19) == Approx(0.05));
    CHECK(default_rate(19) == 0.05);
    CHECK(default_rate(20) == 0.05);
    CHECK(default_rate(40) == 0.03);
    CHECK(default_rate(98) == 0.02);
    CHECK(default_rate(99) == 0.01);
    CHECK(default_rate(150) == 0.01);
    CHECK(default_rate(5000) == 0.01);
    CHECK((default_rate(0) == 0.5 && default_rate(1) == 0.5));
    for (std::size_t n = 1; n < 300; ++n) CHECK(default_rate(n) >= supported_rate(n) - 1e-12);
}

TEST_CASE("with the images for a rate, the largest raw score has less than twice the rate in 95 % of cases", "[score]") {
    CHECK(images_for_rate(0.01) == 150);
    CHECK(images_for_rate(0.05) == 30);
    CHECK(images_for_rate(0.001) == 1500);
    CHECK(images_for_rate(0.5) == 10);
    for (const double rate : {0.001, 0.004, 0.01, 0.03, 0.1, 0.3}) {
        const auto n = static_cast<double>(images_for_rate(rate));
        CHECK(std::pow(1 - 2 * rate, n) <= 0.05);
        if (n > 10) CHECK(std::pow(1 - 2 * rate, n - 10) > 0.05);
        CHECK(supported_rate(images_for_rate(rate)) <= rate);
    }
    for (const double rate : {0.0, 1.0})
        CHECK_THAT(test::message_of<option_error>([&] { (void)images_for_rate(rate); }),
                   test::mentions("images_for_rate", rate, "above 0 and below 1"));
}

TEST_CASE("a rate that the images don't support is said in one line", "[score]") {
    CHECK(unsupported_rate_text(40, 0.01) ==
          "with 40 photographs about 3 in 100 is the least false-alarm rate that can be promised; for 1 in 100 give 150");
    CHECK(unsupported_rate_text(20, 0.005) ==
          "with 20 photographs about 5 in 100 is the least false-alarm rate that can be promised; for 5 in 1000 give 300");
    CHECK(unsupported_rate_text(200, 0.001) ==
          "with 200 photographs about 5 in 1000 is the least false-alarm rate that can be promised; for 1 in 1000 give 1500");
    CHECK(unsupported_rate_text(40, 0.015).ends_with("for 15 in 1000 give 100"));
    CHECK(unsupported_rate_text(40, 0.03).empty());
    CHECK(unsupported_rate_text(99, 0.01).empty());
    CHECK(!unsupported_rate_text(98, 0.01).empty());
}
