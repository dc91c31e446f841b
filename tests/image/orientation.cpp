#include <rd4ad/image/orientation.hpp>
//
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <rd4ad/image/read.hpp>
#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;

/// A JPEG without pixels that has an EXIF block of the given TIFF bytes.
std::vector<std::byte> jpeg_with(const std::string& tiff) {
    const std::string exif = std::string("Exif\0\0", 6) + tiff;
    const std::size_t length = exif.size() + 2;
    std::string content = "\xFF\xD8\xFF\xFF\xE1";
    content += static_cast<char>(length >> 8);
    content += static_cast<char>(length & 0xFF);
    content += exif + "\xFF\xD9";
    std::vector<std::byte> bytes(content.size());
    std::memcpy(bytes.data(), content.data(), content.size());
    return bytes;
}

TEST_CASE("an image is read upright from each of the eight orientations", "[image]") {
    const auto expected = test::bytes_of_file(test::image_data("formats/orientation.rgb"));
    for (int orientation = 1; orientation <= 8; ++orientation) {
        const auto path = test::image_data("formats/orientation_" + std::to_string(orientation) + ".jpg");
        CAPTURE(orientation);
        const auto bytes = test::bytes_of_file(path);
        CHECK(image::exif_orientation(std::as_bytes(std::span{bytes})) == orientation);
        const auto upright = image::read(path);
        REQUIRE(image::size_text(upright) == "24x16x3");
        int largest = 0;
        for (std::size_t i = 0; i < upright.pixels.size(); ++i)
            largest = std::max(largest, std::abs(int{upright.pixels[i]} - int{expected[8 + i]}));
        CHECK(largest <= 6);  // the loss of JPEG
    }
}

TEST_CASE("upright undoes each orientation", "[image]") {
    const image::image_u8 stored{3, 2, 1, {1, 2, 3, 4, 5, 6}};
    const auto pixels = [&](int orientation) { return image::upright(stored, orientation).pixels; };
    using values = std::vector<std::uint8_t>;
    CHECK(pixels(1) == values{1, 2, 3, 4, 5, 6});
    CHECK(pixels(2) == values{3, 2, 1, 6, 5, 4});
    CHECK(pixels(3) == values{6, 5, 4, 3, 2, 1});
    CHECK(pixels(4) == values{4, 5, 6, 1, 2, 3});
    CHECK(pixels(5) == values{1, 4, 2, 5, 3, 6});
    CHECK(pixels(6) == values{4, 1, 5, 2, 6, 3});
    CHECK(pixels(7) == values{6, 3, 5, 2, 4, 1});
    CHECK(pixels(8) == values{3, 6, 2, 5, 1, 4});
    CHECK(pixels(9) == values{1, 2, 3, 4, 5, 6});
    CHECK(image::upright(stored, 6).width == 2);
    CHECK(image::upright(stored, 6).height == 3);
}

TEST_CASE("EXIF blocks are read in both byte orders; damaged ones count as upright", "[image]") {
    using namespace std::string_literals;
    const auto big = "MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"s;
    const auto little = "II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x08\0\0\0"s;
    CHECK(image::exif_orientation(jpeg_with(big)) == 6);
    CHECK(image::exif_orientation(jpeg_with(little)) == 8);
    CHECK(image::exif_orientation(jpeg_with(big.substr(0, 12))) == 1);         // no entry
    CHECK(image::exif_orientation(jpeg_with(big.substr(0, 18))) == 1);         // no value
    CHECK(image::exif_orientation(jpeg_with("XX\0*\0\0\0\x08"s)) == 1);        // no byte order
    CHECK(image::exif_orientation(jpeg_with("MM\0+\0\0\0\x08"s)) == 1);        // not TIFF
    CHECK(image::exif_orientation(jpeg_with("MM\0*\xFF\xFF\xFF\xFF"s)) == 1);  // directory past the end
    CHECK(image::exif_orientation(jpeg_with("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x09\0\0"s)) == 1);  // orientation 9
    CHECK(image::exif_orientation(jpeg_with("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x04\0\0\0\x01\0\x06\0\0"s)) == 1);  // not a SHORT
    CHECK(image::exif_orientation(jpeg_with("MM"s)) == 1);
    auto cut = jpeg_with(big);
    for (; !cut.empty(); cut.pop_back()) CHECK(image::exif_orientation(cut) <= 6);  // a sanitizer detects a read past the end
    CHECK(image::exif_orientation({}) == 1);
}

TEST_CASE("the EXIF orientation of a PNG is read before and after its pixels", "[image]") {
    for (const auto& [name, orientation] : {std::pair{"exif_6.png", 6}, {"exif_8_after.png", 8}, {"rgb.png", 1}}) {
        CAPTURE(name);
        auto bytes = test::bytes_of_file(test::image_data(std::string{"formats/"} + name));
        CHECK(image::exif_orientation(std::as_bytes(std::span{bytes})) == orientation);
        for (; !bytes.empty(); bytes.pop_back()) CHECK(image::exif_orientation(std::as_bytes(std::span{bytes})) <= 8);
    }
}

TEST_CASE("rows are placed in parts as in one", "[image]") {
    const auto stored = test::noise(5, 7, 3);
    for (int orientation = 1; orientation <= 8; ++orientation) {
        const auto expected = image::upright(stored, orientation);
        auto placed = image::make_image<std::uint8_t>(expected.width, expected.height, 3);
        for (const std::size_t first : {0u, 2u, 4u, 6u})
            image::place_rows(placed, orientation, stored.row(first), first, std::min<std::size_t>(2, 7 - first));
        CHECK(placed == expected);
    }
}
}  // namespace
