#include <rd4ad/image/resize.hpp>
//
#include <cstring>
#include <numeric>

#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using test::message_of;

struct case_size {
    std::uint32_t kind, width, height, channels, new_width, new_height;
};

template <class P>
image::basic_image<P> take(const std::vector<std::uint8_t>& file, std::size_t& at, std::size_t width, std::size_t height,
                           std::size_t channels) {
    auto made = image::make_image<P>(width, height, channels);
    REQUIRE(at + made.pixels.size() * sizeof(P) <= file.size());
    std::memcpy(made.pixels.data(), file.data() + at, made.pixels.size() * sizeof(P));
    at += made.pixels.size() * sizeof(P);
    return made;
}

// Stored cases: scripts/make_resize_cases.py.
TEST_CASE("resizing gives Pillow's pixels", "[image]") {
    const auto file = test::bytes_of_file(test::image_data("resize.bin"));
    std::size_t cases = 0;
    for (std::size_t at = 0; at < file.size(); ++cases) {
        case_size size;
        REQUIRE(at + sizeof size <= file.size());
        std::memcpy(&size, file.data() + at, sizeof size);
        at += sizeof size;
        CAPTURE(size.kind, size.width, size.height, size.channels, size.new_width, size.new_height);
        if (size.kind == 2) {
            const auto from = take<float>(file, at, size.width, size.height, 1);
            const auto wanted = take<float>(file, at, size.new_width, size.new_height, 1);
            const auto got = image::resize_map(from, size.new_width, size.new_height);
            REQUIRE(got.pixels.size() == wanted.pixels.size());
            float largest = 0;
            for (std::size_t i = 0; i < got.pixels.size(); ++i)
                largest = std::max(largest, std::abs(got.pixels[i] - wanted.pixels[i]));
            CHECK(largest <= 2e-6f);  // values up to 3: a few float steps
        } else {
            const auto from = take<std::uint8_t>(file, at, size.width, size.height, size.channels);
            const auto wanted = take<std::uint8_t>(file, at, size.new_width, size.new_height, size.channels);
            CHECK((size.kind == 0 ? image::resize : image::resize_nearest)(from, size.new_width, size.new_height) == wanted);
        }
    }
    CHECK(cases == 27);
}

TEST_CASE("a single value stays itself at every size", "[image]") {
    for (const std::size_t size : {1u, 2u, 3u, 7u, 32u, 100u}) {
        const auto one = image::make_image<std::uint8_t>(17, 5, 3, 255);
        CHECK(image::resize(one, size, size) == image::make_image<std::uint8_t>(size, size, 3, 255));
        const auto map = image::resize_map(image::make_image<float>(5, 17, 1, 0.25f), size, size);
        for (const float value : map.pixels) CHECK(value == Approx(0.25f));
    }
}

TEST_CASE("resize's wrong sizes", "[image]") {
    const auto fine = test::noise(4, 4, 3);
    CHECK(message_of<shape_error>([&] { (void)image::resize(fine, 0, 3); }) ==
          "resize: asked for 0 x 3 pixels; both must be at least 1");
    CHECK(message_of<shape_error>([&] { (void)image::resize_nearest(fine, 2, 0); }) ==
          "resize_nearest: asked for 2 x 0 pixels; both must be at least 1");
    CHECK(message_of<shape_error>([] { (void)image::resize({}, 2, 2); }) ==
          "resize: the image has no pixels (0x0x0 as width x height x channels)");
    CHECK(message_of<shape_error>([] { (void)image::resize_map({}, 2, 2); }) ==
          "resize_map: the image has no pixels (0x0x0 as width x height x channels)");
    CHECK(message_of<shape_error>([] { (void)image::resize(test::noise(4, 4, 2), 2, 2); }) ==
          "resize: expected 1 or 3 channels, the image is 4x4x2 (width x height x channels)");
}
}  // namespace
