// WebP by libwebp: Pillow's pixels, the EXIF orientation, animations and damage refused by name.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/image/mask.hpp>
#include <rd4ad/image/read.hpp>
#include <support/catch.hpp>
#include <support/image_files.hpp>
#include <support/skip.hpp>

namespace {
using namespace rd4ad;

bool reads_webp() { return !image::webp_library().empty(); }

TEST_CASE("WebPs are read as the RGB that Pillow reads", "[image]") {
    RD4AD_SKIP_UNLESS(reads_webp(), "this program has no libwebp");
    for (const std::string name : {"lossless.webp", "lossy.webp", "alpha.webp", "orientation_6.webp"}) {
        CAPTURE(name);
        const auto path = test::image_data("formats/" + name);
        const auto file = test::bytes_of_file(test::image_data("formats/" + name + ".rgb"));
        std::uint32_t sizes[2];
        std::memcpy(sizes, file.data(), 8);
        const auto found = image::read(path);
        REQUIRE((found.width == sizes[0] && found.height == sizes[1]));
        CHECK(std::equal(found.pixels.begin(), found.pixels.end(), file.begin() + 8, file.end()));
        CHECK(image::read_size(path) == image::size{found.width, found.height});
    }
    CHECK_THAT(test::message_of<data_error>([] { (void)image::read_mask(test::image_data("formats/lossless.webp")); }),
               test::mentions("lossless.webp", "a mask without a black pixel"));
    CHECK(image::read_orientation(test::image_data("formats/orientation_6.webp")) == 6);
    CHECK(image::read_mask_content(test::image_data("formats/lossy.webp")).marks == image::mask_marks::lossy);
    CHECK(image::read_mask_content(test::image_data("formats/alpha.webp")).marks != image::mask_marks::lossy);
}

TEST_CASE("an animated WebP and a damaged one are refused by name", "[image]") {
    RD4AD_SKIP_UNLESS(reads_webp(), "this program has no libwebp");
    const auto refusal_of = [](const std::string& bytes) {
        return test::message_of<format_error>([&] { (void)image::decode(std::as_bytes(std::span{bytes}), "a.webp"); });
    };
    CHECK_THAT(refusal_of(test::text_of_file(test::image_data("formats/animated.webp"))),
               test::mentions("a.webp", "an animated WebP", "save its frames"));
    const auto whole = test::text_of_file(test::image_data("formats/lossy.webp"));
    CHECK_THAT(refusal_of(whole.substr(0, whole.size() / 2)), test::mentions("a.webp", "is truncated"));
    CHECK_THAT(refusal_of(whole.substr(0, 16)), test::mentions("a.webp", "it is a WebP image"));
    auto damaged = test::text_of_file(test::image_data("formats/lossless.webp"));
    for (std::size_t i = 30; i < damaged.size(); i += 3) damaged[i] = '\x5A';
    CHECK_THAT(refusal_of(damaged), test::mentions("a.webp"));
}

}  // namespace
