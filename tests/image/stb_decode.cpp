#include <rd4ad/image/detail/stb_decode.hpp>
//
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include <rd4ad/image/read.hpp>

#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;

/// Decodes a fixture with one decoder, whatever the program's is.
template <class Decode>
image::image_u8 decoded_by(const Decode& decode, const std::vector<std::uint8_t>& content, const std::string& name) {
    const auto bytes = std::as_bytes(std::span{content});
    const auto frame = image::detail::read_jpeg_frame(bytes);
    REQUIRE(frame);
    const image::detail::decoding file{bytes, name, static_cast<std::size_t>(frame->width),
                                       static_cast<std::size_t>(frame->height)};
    auto image = image::make_image<std::uint8_t>(file.width, file.height, 3);
    image::detail::upright_rows rows{image, 1};
    decode(file, rows);
    return image;
}

image::image_u8 by_stb(const std::string& name) {
    return decoded_by(image::detail::decode_jpeg_by_stb, test::bytes_of_file(test::image_data("formats/" + name)), name);
}

// Without exact_422.jpg: stb takes the wrong neighbour for the last column but one of 4:2:2.
TEST_CASE("stb decodes JPEG close to Pillow", "[image]") {
    for (const std::string name :
         {"exact_444.jpg", "exact_420.jpg", "exact_progressive.jpg", "exact_coarse.jpg", "exact_grey.jpg", "exact_cmyk.jpg"}) {
        CAPTURE(name);
        const auto image = by_stb(name);
        const auto expected = test::bytes_of_file(test::image_data("formats/" + name + ".rgb"));
        REQUIRE(expected.size() == image.pixels.size() + 8);
        int largest = 0;
        for (std::size_t i = 0; i < image.pixels.size(); ++i)
            largest = std::max(largest, std::abs(int{image.pixels[i]} - int{expected[i + 8]}));
        CHECK(largest <= 6);
    }
}

TEST_CASE("the JPEGs that stb misreads are refused by name", "[image]") {
    CHECK_THAT(test::message_of<format_error>([&] { (void)by_stb("exact_no_tables.jpg"); }),
               test::mentions("exact_no_tables.jpg: is not an image", "motion JPEG", "libjpeg-turbo"));
    auto content = test::bytes_of_file(test::image_data("formats/exact_cmyk.jpg"));
    const std::string adobe = "Adobe";
    const auto marker = std::search(content.begin(), content.end(), adobe.begin(), adobe.end());
    REQUIRE(marker != content.end());
    *marker = 'B';
    CHECK_THAT(test::message_of<format_error>([&] { (void)decoded_by(image::detail::decode_jpeg_by_stb, content, "inks.jpg"); }),
               test::mentions("inks.jpg", "four components", "libjpeg-turbo"));
}

// stb takes bytes of 0xFF before a JPEG's start for fill bytes, so such a file would be decoded without the checks of a JPEG.
TEST_CASE("a JPEG behind other bytes never reaches stb", "[image]") {
    auto content = test::bytes_of_file(test::image_data("formats/exact_420.jpg"));
    for (int fill = 1; fill <= 3; ++fill) {
        content.insert(content.begin(), 0xFF);
        const auto bytes = std::as_bytes(std::span{content});
        CHECK_THAT(test::message_of<format_error>([&] { (void)image::read_size(bytes, "filled.jpg"); }),
                   test::mentions("filled.jpg", "unknown kind"));
        CHECK_THAT(test::message_of<format_error>([&] { (void)image::decode(bytes, "filled.jpg"); }),
                   test::mentions("filled.jpg", "unknown kind"));
    }
}
}  // namespace
