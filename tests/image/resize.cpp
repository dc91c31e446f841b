#include <rd4ad/image/resize.hpp>
//
#include <cstring>
#include <utility>

#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using test::mentions;
using test::message_of;

/// The header of a stored case: see scripts/make_resize_cases.py.
struct case_size {
    std::uint32_t kind, width, height, channels, new_width, new_height;
};

/// The image at the position `at` of the file; advances `at`.
template <class P>
image::basic_image<P> take(const std::vector<std::uint8_t>& file, std::size_t& at, std::size_t width, std::size_t height,
                           std::size_t channels) {
    auto made = image::make_image<P>(width, height, channels);
    REQUIRE(at + made.pixels.size() * sizeof(P) <= file.size());
    std::memcpy(made.pixels.data(), file.data() + at, made.pixels.size() * sizeof(P));
    at += made.pixels.size() * sizeof(P);
    return made;
}

TEST_CASE("resized pixels are those of Pillow", "[image]") {
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
            const auto expected = take<float>(file, at, size.new_width, size.new_height, 1);
            const auto resized = image::resize_map(from, size.new_width, size.new_height);
            REQUIRE(resized.pixels.size() == expected.pixels.size());
            float largest = 0;
            for (std::size_t i = 0; i < resized.pixels.size(); ++i)
                largest = std::max(largest, std::abs(resized.pixels[i] - expected.pixels[i]));
            CHECK(largest <= 2e-6f);  // a few float steps at values up to 3
        } else {
            const auto from = take<std::uint8_t>(file, at, size.width, size.height, size.channels);
            const auto expected = take<std::uint8_t>(file, at, size.new_width, size.new_height, size.channels);
            CHECK((size.kind == 0 ? image::resize(from, size.new_width, size.new_height)
                                  : image::resize_nearest(from, size.new_width, size.new_height)) == expected);
        }
    }
    CHECK(cases == 27);
}

TEST_CASE("a constant image stays constant at every size", "[image]") {
    for (const std::size_t size : {1u, 2u, 3u, 7u, 32u, 100u}) {
        const auto one = image::make_image<std::uint8_t>(17, 5, 3, 255);
        CHECK(image::resize(one, size, size) == image::make_image<std::uint8_t>(size, size, 3, 255));
        const auto map = image::resize_map(image::make_image<float>(5, 17, 1, 0.25f), size, size);
        for (const float value : map.pixels) CHECK(value == Approx(0.25f));
    }
}

TEST_CASE("an image that has the new size is moved if it is no longer needed", "[image]") {
    auto image = test::noise(6, 4, 3);
    const auto* pixels = image.pixels.data();
    CHECK(image::resize(image, 6, 4) == image);
    CHECK(image::resize(image, 6, 4).pixels.data() != pixels);
    CHECK(image::resize(std::move(image), 6, 4).pixels.data() == pixels);
    auto map = image::make_image<float>(6, 4, 1, 0.5f);
    const auto* values = map.pixels.data();
    CHECK(image::resize_map(std::move(map), 6, 4).pixels.data() == values);
}

TEST_CASE("resizing refuses wrong sizes and channels", "[image]") {
    const auto image = test::noise(4, 4, 3);
    CHECK_THAT(message_of<shape_error>([&] { (void)image::resize(image, 0, 3); }), mentions("resize: ", "0 x 3", "at least 1"));
    CHECK_THAT(message_of<shape_error>([&] { (void)image::resize_nearest(image, 2, 0); }),
               mentions("resize_nearest: ", "2 x 0", "at least 1"));
    CHECK_THAT(message_of<shape_error>([] { (void)image::resize({}, 2, 2); }), mentions("resize: ", "no pixels", "0x0x0"));
    CHECK_THAT(message_of<shape_error>([] { (void)image::resize_map({}, 2, 2); }),
               mentions("resize_map: ", "no pixels", "0x0x0"));
    CHECK_THAT(message_of<shape_error>([] { (void)image::resize(test::noise(4, 4, 2), 2, 2); }),
               mentions("resize: ", "1 or 3 channels", "4x4x2"));
}
}  // namespace
