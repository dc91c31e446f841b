#include <rd4ad/image/write.hpp>
//
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include <rd4ad/image/read.hpp>
#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using test::mentions;
using test::message_of;

TEST_CASE("a PNG preserves the pixels", "[image]") {
    const test::scratch_folder folder;
    for (const auto& [width, height] : {std::pair{1u, 1u}, {13u, 7u}, {64u, 64u}, {300u, 5u}}) {
        const auto colour = test::noise(width, height, 3, width);
        image::write_png(folder / "colour.png", colour);
        CHECK(image::read(folder / "colour.png") == colour);
        const auto grey = test::noise(width, height, 1, height);
        image::write_png(folder / "grey.png", grey);
        const auto back = image::read(folder / "grey.png");
        REQUIRE(back.pixels.size() == 3 * grey.pixels.size());
        for (std::size_t i = 0; i < back.pixels.size(); ++i) CHECK(back.pixels[i] == grey.pixels[i / 3]);
    }
    auto smooth = image::make_image<std::uint8_t>(200, 100, 3);
    for (std::size_t i = 0; i < smooth.pixels.size(); ++i) smooth.pixels[i] = static_cast<std::uint8_t>(i / 300);
    CHECK(image::encode_png(smooth).size() < 6000);  // filtered and compressed from 60000 bytes
    CHECK(image::decode(image::encode_png(smooth), "memory") == smooth);
}

TEST_CASE("a 16-bit PNG preserves the values", "[image]") {
    auto map = image::make_image<std::uint16_t>(37, 21, 1);
    rd4ad::random source{3};
    for (auto& value : map.pixels) value = static_cast<std::uint16_t>(source.below(65536));
    const auto bytes = image::encode_png(map);
    int width = 0, height = 0, channels = 0;
    const std::unique_ptr<image::detail::stb::stbi_us, image::detail::free_memory> back{
        image::detail::stb::stbi_load_16_from_memory(reinterpret_cast<const unsigned char*>(bytes.data()),
                                                     static_cast<int>(bytes.size()), &width, &height, &channels, 1)};
    REQUIRE(back);
    REQUIRE(width == 37);
    REQUIRE(height == 21);
    for (std::size_t i = 0; i < map.pixels.size(); ++i) CHECK(back.get()[i] == map.pixels[i]);
    // Bit depth and colour type in the header: 16 bit, grey.
    CHECK(std::to_integer<int>(bytes[24]) == 16);
    CHECK(std::to_integer<int>(bytes[25]) == 0);
}

TEST_CASE("a JPEG approximates the pixels", "[image]") {
    const test::scratch_folder folder;
    auto smooth = image::make_image<std::uint8_t>(48, 32, 3);
    for (std::size_t i = 0; i < smooth.pixels.size(); ++i)
        smooth.pixels[i] = static_cast<std::uint8_t>(40 + i % 144 / 3 + i / 144 * 4);
    image::write_jpeg(folder / "a.jpg", smooth, 95);
    const auto back = image::read(folder / "a.jpg");
    REQUIRE(image::size_text(back) == "48x32x3");
    int largest = 0;
    for (std::size_t i = 0; i < back.pixels.size(); ++i)
        largest = std::max(largest, std::abs(int{back.pixels[i]} - int{smooth.pixels[i]}));
    CHECK(largest <= 8);
    CHECK(image::encode_jpeg(smooth, 30).size() < image::encode_jpeg(smooth, 95).size());
    CHECK(image::decode(image::encode_jpeg(test::noise(8, 8, 1)), "grey").width == 8);
}

TEST_CASE("an image that can't be written is refused", "[image]") {
    const auto image = test::noise(4, 4, 3);
    CHECK_THAT(message_of<io_error>([&] { image::write_png("/nowhere/a.png", image); }),
               mentions("/nowhere/a.png", "can't be written", "No such file or directory"));
    CHECK_THAT(message_of<shape_error>([] { (void)image::encode_png(test::noise(2, 2, 5)); }),
               mentions("encode_png: ", "1 to 4 channels", "2x2x5"));
    CHECK_THAT(message_of<shape_error>([] { (void)image::encode_png(image::image_u16{}); }),
               mentions("encode_png: ", "no pixels", "0x0x0"));
    CHECK_THAT(message_of<shape_error>([] { (void)image::encode_jpeg(test::noise(2, 2, 4)); }),
               mentions("encode_jpeg: ", "1 or 3 channels", "2x2x4"));
    CHECK_THAT(message_of<shape_error>([] { (void)image::encode_jpeg(image::make_image<std::uint8_t>(65536, 1, 1)); }),
               mentions("encode_jpeg: ", "65536x1x1", "65535 x 65535", "write a PNG"));
    CHECK_THAT(message_of<option_error>([&] { (void)image::encode_jpeg(image, 101); }),
               mentions("encode_jpeg: ", "quality is 101", "1 to 100"));
}
}  // namespace
