#include <rd4ad/image/thumbnail.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/photographs.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include <rd4ad/image/read.hpp>

using namespace rd4ad;

namespace {

/// Encoded bytes as a picture again.
image::picture decoded(const std::vector<std::byte>& bytes) {
    const test::scratch_folder folder;
    test::write_text(folder / "x", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    return image::read(folder / "x");
}

image::plane ramp(std::size_t width, std::size_t height) {
    auto map = image::make_image<float>(width, height, 1);
    for (std::size_t i = 0; i < map.pixels.size(); ++i) map.pixels[i] = 0.5f + 0.001f * static_cast<float>(i % width);
    return map;
}

}  // namespace

TEST_CASE("a picture is made no larger than a side, in its shape", "[image]") {
    const auto photograph = test::photograph(100, 60, 1);
    const auto small = image::no_larger_than(photograph, 50);
    CHECK((small.width == 50 && small.height == 30));
    CHECK(image::no_larger_than(photograph, 100) == photograph);
    const auto thin = image::no_larger_than(image::make_image<std::uint8_t>(1000, 2, 3), 50);
    CHECK((thin.width == 50 && thin.height == 1));
}

TEST_CASE("a thumbnail keeps within its bytes, whatever they are", "[image]") {
    const auto photograph = test::photograph(900, 500, 1);
    auto mask = image::make_image<std::uint8_t>(900, 500, 1);
    *mask.at(450, 250) = 1;
    std::size_t last = 0;
    for (const std::size_t most : {0u, 100u, 4000u, 12000u, 40000u, 400000u}) {
        const auto made = image::make_thumbnail(photograph, ramp(256, 256), mask, most);
        CHECK(made.bytes() <= most);
        CHECK(made.bytes() >= last);
        CHECK(made.photograph.empty() == (most < 4000));
        CHECK((made.photograph.empty() == made.map.empty() && made.photograph.empty() == made.mask.empty()));
        last = made.bytes();
    }
    const auto large = decoded(image::make_thumbnail(photograph, ramp(256, 256), mask, 400000).photograph);
    CHECK((large.width == 640 && large.height == 356));
}

TEST_CASE("a thumbnail's map is recovered to a grey level", "[image]") {
    const auto map = ramp(64, 48);
    const auto made = image::make_thumbnail(test::photograph(80, 60, 1), map, std::nullopt, 100000);
    CHECK(made.low == 0.5f);
    CHECK(made.high == Approx(0.563).margin(1e-6));
    const auto grey = decoded(made.map);
    REQUIRE((grey.width == 64 && grey.height == 48));
    for (std::size_t x = 0; x < 64; ++x)
        CHECK(made.low + (made.high - made.low) * static_cast<float>(*grey.at(x, 20)) / 255 ==
              Approx(static_cast<double>(*map.at(x, 20))).margin(3.0 * 0.063 / 255));
}

TEST_CASE("a constant map and a photograph in grey are fine", "[image]") {
    const auto made = image::make_thumbnail(image::make_image<std::uint8_t>(40, 30, 1, 90),
                                            image::make_image<float>(32, 32, 1, 0.25f), std::nullopt, 100000);
    CHECK(made.low == 0.25f);
    CHECK(made.high > made.low);
    CHECK(!made.photograph.empty());
    CHECK(made.mask.empty());
}

TEST_CASE("a defect of one pixel is still seen, tinted within and outlined", "[image]") {
    const image::picture photograph = image::make_image<std::uint8_t>(1280, 1280, 3, 90);
    auto mask = image::make_image<std::uint8_t>(1280, 1280, 1);
    *mask.at(1001, 7) = 1;
    const auto small = image::detail::covered_mask(mask, 128, 128);
    CHECK(std::count(small.pixels.begin(), small.pixels.end(), std::uint8_t{1}) == 1);
    CHECK(*small.at(100, 0) == 1);
    CHECK(!image::make_thumbnail(photograph, ramp(32, 32), mask, 100000).mask.empty());
    CHECK(image::make_thumbnail(photograph, ramp(32, 32), image::make_image<std::uint8_t>(1280, 1280, 1), 100000).mask.empty());

    auto square = image::make_image<std::uint8_t>(5, 5, 1);
    for (std::size_t y = 0; y < 3; ++y)
        for (std::size_t x = 0; x < 3; ++x) *square.at(x, y) = 1;
    const auto layer = image::detail::mask_layer(square);
    REQUIRE(layer);
    CHECK(layer->at(1, 1)[3] == 56);
    CHECK(layer->at(0, 1)[3] == 255);
    CHECK(layer->at(4, 4)[3] == 0);
}

TEST_CASE("a map that is not finite is refused", "[image]") {
    auto map = ramp(8, 8);
    map.pixels[3] = std::numeric_limits<float>::quiet_NaN();
    CHECK(test::message_of([&] {
              static_cast<void>(image::make_thumbnail(test::photograph(8, 8, 1), map, std::nullopt, 1000));
          }) == "make_thumbnail: a value of the map is not finite; expected a detector's map");
}
