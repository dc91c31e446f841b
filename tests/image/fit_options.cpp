#include <rd4ad/image/fit_options.hpp>
//
#include <cstdint>

#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using image::fit;
using test::mentions;
using test::message_of;

TEST_CASE("a fit has a name", "[image]") {
    for (const fit mode : {fit::squash, fit::pad, fit::short_side, fit::native})
        CHECK(image::fit_of(image::to_string(mode)) == mode);
    CHECK(image::fit_of("short-side") == fit::short_side);
    CHECK_THAT(message_of<option_error>([] { (void)image::fit_of("stretch"); }),
               mentions("\"stretch\"", "squash, pad, short-side or native"));
}

TEST_CASE("a geometry that the network can't take is refused", "[image]") {
    const auto refusal = [](const image::geometry& settings) {
        return message_of<option_error>([&] { image::check_geometry(settings); });
    };
    CHECK(refusal({}) == "nothing thrown");
    CHECK(refusal({.size = 256, .crop = 32, .height = 32}) == "nothing thrown");
    CHECK_THAT(refusal({.size = 0}), mentions("0 x 0", "multiples of 32"));
    CHECK_THAT(refusal({.size = 250}), mentions("250 x 250", "multiples of 32"));
    CHECK(refusal({.size = 16384}) == "nothing thrown");
    CHECK_THAT(refusal({.size = 16416}), mentions("16416 x 16416", "at most 16384"));
    CHECK_THAT(refusal({.size = 32, .height = SIZE_MAX - 31}), mentions("at most 16384"));
    CHECK_THAT(refusal({.size = 256, .height = 40}), mentions("256 x 40", "multiples of 32"));
    CHECK_THAT(refusal({.fit = fit::pad, .size = 256, .height = 32}), mentions("256 x 32", "fit pad", "only fit squash"));
    CHECK_THAT(refusal({.fit = fit::native, .size = 256, .crop = 32}),
               mentions("crop is 32", "fit native", "leave the crop out"));
    CHECK_THAT(refusal({.size = 256, .crop = 288}), mentions("crop is 288", "multiple of 32", "256"));
    CHECK_THAT(refusal({.size = 256, .crop = 64, .height = 32}), mentions("crop is 64", "input size of 32"));
}
}  // namespace
