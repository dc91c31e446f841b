#include <rd4ad/image/write.hpp>
//
#include <cstdlib>

#include <rd4ad/image/read.hpp>
#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using test::message_of;

TEST_CASE("a PNG gives its pixels back", "[image]") {
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
    CHECK(image::encode_png(smooth).size() < 6000);  // filters and compression do their part: 60000 bytes raw
    CHECK(image::decode(image::encode_png(smooth), "memory") == smooth);
}

TEST_CASE("a PNG of 16 bit gives its values back", "[image]") {
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
    // The kind as its header states it: 16 bit, grey.
    CHECK(std::to_integer<int>(bytes[24]) == 16);
    CHECK(std::to_integer<int>(bytes[25]) == 0);
}

TEST_CASE("a PNG's checksums are those of its specification", "[image]") {
    const std::uint8_t end[] = {'I', 'E', 'N', 'D'};
    CHECK(image::detail::png_crc(end) == 0xAE426082u);  // the well-known end of every PNG
}

TEST_CASE("a JPEG comes close to its pixels", "[image]") {
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

TEST_CASE("what can't be written says so", "[image]") {
    const auto fine = test::noise(4, 4, 3);
    CHECK(message_of<io_error>([&] { image::write_png("/nowhere/a.png", fine); }) ==
          "/nowhere/a.png: can't be opened for writing; check that its folder exists and may be written to");
    CHECK(message_of<shape_error>([] { (void)image::encode_png(test::noise(2, 2, 5)); }) ==
          "encode_png: expected 1 to 4 channels, the image is 2x2x5 (width x height x channels)");
    CHECK(message_of<shape_error>([] { (void)image::encode_png(image::picture16{}); }) ==
          "encode_png: the image has no pixels (0x0x0 as width x height x channels)");
    CHECK(message_of<shape_error>([] { (void)image::encode_jpeg(test::noise(2, 2, 4)); }) ==
          "encode_jpeg: expected 1 or 3 channels, the image is 2x2x4 (width x height x channels)");
    CHECK(message_of<shape_error>([] { (void)image::encode_jpeg(image::make_image<std::uint8_t>(65536, 1, 1)); }) ==
          "encode_jpeg: the image is 65536x1x1, a JPEG has at most 65535 x 65535 pixels; write a PNG");
    CHECK(message_of<option_error>([&] { (void)image::encode_jpeg(fine, 101); }) ==
          "encode_jpeg: the quality is 101, it must be 1 to 100");
}
}  // namespace
