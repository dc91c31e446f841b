#include <rd4ad/image/thumbnail.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/training_images.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include <rd4ad/image/read.hpp>

using namespace rd4ad;

namespace {

/// Decodes the bytes of a JPEG or PNG.
image::image_u8 decoded(const std::vector<std::byte>& bytes) { return image::decode(bytes, "thumbnail"); }

/// A map that rises from 0.5 by 0.001 per column.
image::image_f32 ramp(std::size_t width, std::size_t height) {
    auto map = image::make_image<float>(width, height, 1);
    for (std::size_t i = 0; i < map.pixels.size(); ++i) map.pixels[i] = 0.5f + 0.001f * static_cast<float>(i % width);
    return map;
}

}  // namespace

TEST_CASE("an image is reduced to a longest side, in proportion", "[image]") {
    const auto image = test::image(100, 60, 1);
    const auto small = image::no_larger_than(image, 50);
    CHECK((small.width == 50 && small.height == 30));
    CHECK(image::no_larger_than(image, 100) == image);
    const auto thin = image::no_larger_than(image::make_image<std::uint8_t>(1000, 2, 3), 50);
    CHECK((thin.width == 50 && thin.height == 1));
}

TEST_CASE("a thumbnail takes at most the given number of bytes", "[image]") {
    const auto image = test::image(900, 500, 1);
    auto mask = image::make_image<std::uint8_t>(900, 500, 1);
    *mask.at(450, 250) = 1;
    std::size_t last = 0;
    for (const std::size_t max_bytes : {0u, 100u, 4000u, 12000u, 40000u, 400000u}) {
        const auto made = image::make_thumbnail(image, ramp(256, 256), mask, max_bytes);
        CHECK(made.bytes() <= max_bytes);
        CHECK(made.bytes() >= last);
        CHECK(made.image.empty() == (max_bytes < 4000));
        CHECK((made.image.empty() == made.map.empty() && made.image.empty() == made.mask.empty()));
        last = made.bytes();
    }
    const auto large = decoded(image::make_thumbnail(image, ramp(256, 256), mask, 400000).image);
    CHECK((large.width == 640 && large.height == 356));
}

TEST_CASE("the map of a thumbnail is accurate to a few grey levels", "[image]") {
    const auto map = ramp(64, 48);
    const auto made = image::make_thumbnail(test::image(80, 60, 1), map, std::nullopt, 100000);
    CHECK(made.low == 0.5f);
    CHECK(made.high == Approx(0.563).margin(1e-6));
    const auto grey = decoded(made.map);
    REQUIRE((grey.width == 64 && grey.height == 48));
    for (std::size_t x = 0; x < 64; ++x)
        CHECK(made.low + (made.high - made.low) * static_cast<float>(*grey.at(x, 20)) / 255 ==
              Approx(static_cast<double>(*map.at(x, 20))).margin(3.0 * 0.063 / 255));
}

TEST_CASE("a constant map and a grey image are accepted", "[image]") {
    const auto made = image::make_thumbnail(image::make_image<std::uint8_t>(40, 30, 1, 90),
                                            image::make_image<float>(32, 32, 1, 0.25f), std::nullopt, 100000);
    CHECK(made.low == 0.25f);
    CHECK(made.high > made.low);
    CHECK(!made.image.empty());
    CHECK(made.mask.empty());
}

TEST_CASE("a defect of one pixel stays visible; a larger one is tinted and outlined", "[image]") {
    const image::image_u8 image = image::make_image<std::uint8_t>(1280, 1280, 3, 90);
    auto mask = image::make_image<std::uint8_t>(1280, 1280, 1);
    *mask.at(1001, 7) = 1;
    const auto small = image::detail::covered_mask(mask, 128, 128);
    CHECK(std::count(small.pixels.begin(), small.pixels.end(), std::uint8_t{1}) == 1);
    CHECK(*small.at(100, 0) == 1);
    CHECK(!image::make_thumbnail(image, ramp(32, 32), mask, 100000).mask.empty());
    CHECK(image::make_thumbnail(image, ramp(32, 32), image::make_image<std::uint8_t>(1280, 1280, 1), 100000).mask.empty());

    auto square = image::make_image<std::uint8_t>(5, 5, 1);
    for (std::size_t y = 0; y < 3; ++y)
        for (std::size_t x = 0; x < 3; ++x) *square.at(x, y) = 1;
    const auto layer = image::detail::mask_layer(square);
    REQUIRE(layer);
    CHECK(layer->at(1, 1)[3] == 56);
    CHECK(layer->at(0, 1)[3] == 255);
    CHECK(layer->at(4, 4)[3] == 0);
}

TEST_CASE("a map with a value that is not finite is refused", "[image]") {
    auto map = ramp(8, 8);
    map.pixels[3] = std::numeric_limits<float>::quiet_NaN();
    CHECK_THAT(test::message_of<numeric_error>(
                   [&] { static_cast<void>(image::make_thumbnail(test::image(8, 8, 1), map, std::nullopt, 1000)); }),
               test::mentions("make_thumbnail: ", "not finite"));
}
