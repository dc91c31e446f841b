#include <rd4ad/image/write_tiff.hpp>

#include <cstring>
#include <span>
#include <vector>

#include <rd4ad/image/read.hpp>

#include <support/catch.hpp>
#include <support/image_files.hpp>
#include <support/mentions.hpp>
#include <support/skip.hpp>

namespace {
using namespace rd4ad;

image::image_f32 small_map() {
    auto map = image::make_image<float>(3, 2, 1);
    map.pixels = {0.0f, 0.25f, 1.0f, 0.5f, 0.75f, 0.125f};
    return map;
}

TEST_CASE("a map's TIFF ends with its values", "[image]") {
    const auto map = small_map();
    const auto bytes = image::encode_tiff(map);
    REQUIRE(bytes.size() == 8 + 2 + 12 * 11 + 4 + 24);
    std::vector<float> values(map.pixels.size());
    std::memcpy(values.data(), bytes.data() + bytes.size() - 24, 24);  // the tests run on little-endian processors
    CHECK(values == map.pixels);
    CHECK_THAT(test::message_of<shape_error>([] { (void)image::encode_tiff({}); }), test::mentions("encode_tiff", "0 x 0"));
    CHECK_THAT(test::message_of<shape_error>([] { (void)image::encode_tiff(image::make_image<float>(2, 2, 3)); }),
               test::mentions("one channel", "3 channels"));
}

TEST_CASE("libtiff reads a map's TIFF", "[image]") {
    RD4AD_SKIP_UNLESS(!image::tiff_library().empty(), "this program has no libtiff");
    const auto map = small_map();
    const auto bytes = image::encode_tiff(map);
    const auto read = image::decode_deep(std::as_bytes(std::span{bytes}), "map.tif");
    REQUIRE(read);
    REQUIRE((read->width == 3 && read->height == 2));
    for (std::size_t i = 0; i < map.pixels.size(); ++i)
        CHECK(read->pixels[3 * i] == static_cast<std::uint16_t>(map.pixels[i] * 65535.0f + 0.5f));
}
}  // namespace
