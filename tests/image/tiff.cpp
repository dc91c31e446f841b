// TIFF by libtiff: pixels of every form, forms and damage that are refused by name, and the chain from header to level of white.
#include <rd4ad/image/detail/optional_decoder.hpp>
//
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/image/mask.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/image/white_level.hpp>
#include <support/catch.hpp>
#include <support/image_files.hpp>
#include <support/png_files.hpp>
#include <support/skip.hpp>
#include <support/tiff_files.hpp>

namespace {
using namespace rd4ad;
using test::mentions;
using test::message_of;
using test::tiff_file;
using test::tiff_page;

bool reads_tiff() { return !image::tiff_library().empty(); }

std::span<const std::byte> tiff_bytes(const std::string& file) { return std::as_bytes(std::span{file}); }

image::image_u8 decoded_tiff(const std::string& file) { return image::decode(tiff_bytes(file), "a.tif"); }

std::string tiff_refusal(const tiff_page& page) {
    return message_of<format_error>([&] { (void)decoded_tiff(tiff_file(page)); });
}

/// The pixels that Pillow reads from a fixture.
image::image_u8 pillows_pixels(const std::string& name) {
    const auto file = test::bytes_of_file(test::image_data("formats/" + name + ".rgb"));
    REQUIRE(file.size() > 8);
    std::uint32_t sizes[2];
    std::memcpy(sizes, file.data(), 8);
    return {sizes[0], sizes[1], 3, {file.begin() + 8, file.end()}};
}

TEST_CASE("TIFFs are read as the RGB that Pillow reads", "[image]") {
    RD4AD_SKIP_UNLESS(reads_tiff(), "this program has no libtiff");
    for (const std::string name : {"rgb_lzw.tif", "grey_deflate.tif", "palette.tif", "rgba.tif"}) {
        CAPTURE(name);
        CHECK(image::read(test::image_data("formats/" + name)) == pillows_pixels(name));
        CHECK(image::read_size(test::image_data("formats/" + name)) == image::size{45, 37});
    }
    CHECK(image::read_mask_content(test::image_data("formats/rgb_jpeg.tif")).marks == image::mask_marks::lossy);
    const auto lossy = image::read(test::image_data("formats/rgb_jpeg.tif")), expected = pillows_pixels("rgb_jpeg.tif");
    for (std::size_t i = 0; i < expected.pixels.size(); ++i) CHECK(std::abs(int{lossy.pixels[i]} - int{expected.pixels[i]}) <= 6);
}

TEST_CASE("strips, tiles, planes, orders of light and orientations of a TIFF show one image", "[image]") {
    RD4AD_SKIP_UNLESS(reads_tiff(), "this program has no libtiff");
    const auto rgb = test::noise(20, 18, 3, 3);
    const std::string pixels{rgb.pixels.begin(), rgb.pixels.end()};
    tiff_page page{.width = 20, .height = 18, .samples = 3, .photometric = 2, .pixels = pixels};
    CHECK(decoded_tiff(tiff_file(page)) == rgb);
    page.rows_per_strip = 6;
    CHECK(decoded_tiff(tiff_file(page)) == rgb);
    page.rows_per_strip = 0, page.planes = 2, page.pixels.clear();
    for (std::size_t c = 0; c < 3; ++c)
        for (std::size_t i = 0; i < 20 * 18; ++i) page.pixels += static_cast<char>(rgb.pixels[3 * i + c]);
    CHECK(decoded_tiff(tiff_file(page)) == rgb);
    page.planes = 1, page.tile = 16, page.pixels.clear();
    for (const std::size_t top : {std::size_t{0}, std::size_t{16}})
        for (const std::size_t left : {std::size_t{0}, std::size_t{16}})
            for (std::size_t y = top; y < top + 16; ++y)
                for (std::size_t x = left; x < left + 16; ++x)
                    for (std::size_t c = 0; c < 3; ++c)
                        page.pixels += y < 18 && x < 20 ? static_cast<char>(rgb.at(x, y)[c]) : '\0';
    CHECK(decoded_tiff(tiff_file(page)) == rgb);

    tiff_page grey{.width = 3, .height = 1, .pixels = {"\x00\x40\xFF", 3}};
    CHECK(decoded_tiff(tiff_file(grey)).pixels == std::vector<std::uint8_t>{0, 0, 0, 64, 64, 64, 255, 255, 255});
    grey.photometric = 0;
    CHECK(decoded_tiff(tiff_file(grey)).pixels == std::vector<std::uint8_t>{255, 255, 255, 191, 191, 191, 0, 0, 0});
    grey.photometric = 1, grey.orientation = 6;  // turned by a quarter
    const test::scratch_folder folder;
    test::write_content(folder / "turned.tif", tiff_file(grey));
    CHECK(image::read_size(folder / "turned.tif") == image::size{1, 3});
    CHECK(image::read_orientation(folder / "turned.tif") == 6);
    CHECK(image::read(folder / "turned.tif").pixels == std::vector<std::uint8_t>{0, 0, 0, 64, 64, 64, 255, 255, 255});
    CHECK(image::read_mask(folder / "turned.tif").pixels == std::vector<std::uint8_t>{0, 1, 1});

    tiff_page alpha{.width = 2, .height = 1, .samples = 2, .extra = 2, .pixels = {"\x40\xFF\x40\x00", 4}};
    CHECK(decoded_tiff(tiff_file(alpha)).pixels == std::vector<std::uint8_t>{64, 64, 64, 255, 255, 255});
    alpha.extra = 1, alpha.pixels = {"\x40\x80\x00\x00", 4};  // 64 is half of the light: 128 of 255
    CHECK(decoded_tiff(tiff_file(alpha)).pixels == std::vector<std::uint8_t>{191, 191, 191, 255, 255, 255});
    alpha.extra = 0, alpha.pixels = {"\x40\x00\x50\x00", 4};  // a sample without a meaning
    CHECK(decoded_tiff(tiff_file(alpha)).pixels == std::vector<std::uint8_t>{64, 64, 64, 80, 80, 80});
}

TEST_CASE("a TIFF of a bit per pixel is black and white", "[image]") {
    RD4AD_SKIP_UNLESS(reads_tiff(), "this program has no libtiff");
    tiff_page bits{.width = 10, .height = 2, .bits = 1, .pixels = {"\x80\x40\x01\x80", 4}};
    const auto shown = [&](std::size_t white_at) {
        const auto found = decoded_tiff(tiff_file(bits));
        std::vector<std::size_t> marked;
        for (std::size_t i = 0; i < 20; ++i)
            if (found.pixels[3 * i] == white_at) marked.push_back(i);
        return marked;
    };
    CHECK(shown(255) == std::vector<std::size_t>{0, 9, 17, 18});
    bits.photometric = 0;
    CHECK(shown(0) == std::vector<std::size_t>{0, 9, 17, 18});
    const test::scratch_folder folder;
    bits.photometric = 1;
    test::write_content(folder / "mask.tif", tiff_file(bits));
    const auto mask = image::read_mask_content(folder / "mask.tif");
    CHECK(mask.marks == image::mask_marks::plain);
    CHECK(std::count(mask.mask.pixels.begin(), mask.mask.pixels.end(), std::uint8_t{1}) == 4);
    bits.compression = 5;
    CHECK_THAT(tiff_refusal(bits), mentions("a.tif", "is damaged"));  // no LZW
}

TEST_CASE("a TIFF of 12 bits in 16 is read as a PNG of the same values", "[image]") {
    RD4AD_SKIP_UNLESS(reads_tiff(), "this program has no libtiff");
    const test::scratch_folder folder;
    std::vector<std::uint16_t> values;
    for (unsigned i = 0; i < 30 * 20; ++i) values.push_back(static_cast<std::uint16_t>(i * 977 % 4096));
    values[7] = 4095;
    test::write_content(folder / "a.tif",
                        tiff_file(tiff_page{.width = 30, .height = 20, .bits = 16, .pixels = test::raw_values(values)}));
    test::write_raw_png(folder / "a.png", 30, 20, test::png_colour::grey, {values.begin(), values.end()}, {}, 16);
    const auto tiff = test::text_of_file(folder / "a.tif"), png = test::text_of_file(folder / "a.png");
    for (const std::uint32_t white : {0u, 4095u, 1000u})
        CHECK(image::decode_deep(tiff_bytes(tiff), "a", white) == image::decode_deep(tiff_bytes(png), "a", white));
    // The same light as that of the values stretched to 16 bits.
    for (auto& value : values) value = static_cast<std::uint16_t>((value * 65535u + 4095 / 2) / 4095);
    test::write_raw_png(folder / "stretched.png", 30, 20, test::png_colour::grey, {values.begin(), values.end()}, {}, 16);
    const auto stretched = test::text_of_file(folder / "stretched.png");
    CHECK(image::decode_deep(tiff_bytes(tiff), "a", 4095) == image::decode_deep(tiff_bytes(stretched), "a"));
    CHECK(image::read(folder / "a.tif") == image::read(folder / "a.png"));
    CHECK(image::read(folder / "a.tif", 4095) == image::read(folder / "a.png", 4095));
    CHECK(image::largest_16_bit_value(folder / "a.tif") == std::uint16_t{4095});
    CHECK(image::find_white_level(std::vector{folder / "a.tif"}) == 4095);
    const auto warning = image::white_level_warning(std::vector{folder / "a.tif"}, 0);
    REQUIRE(warning);
    CHECK_THAT(*warning, mentions("a.tif", "4095", "12 bits"));
}

TEST_CASE("floating-point numbers of a TIFF are light from 0 to 1", "[image]") {
    RD4AD_SKIP_UNLESS(reads_tiff(), "this program has no libtiff");
    const auto floats = [](float last) {
        return tiff_page{
            .width = 4, .height = 1, .bits = 32, .format = 3, .pixels = test::raw_values(std::vector<float>{0, 0.25f, 1, last})};
    };
    const auto file = tiff_file(floats(0.5f));
    const auto deep = image::decode_deep(tiff_bytes(file), "a.tif", 4095);  // the level of white is that of whole numbers
    REQUIRE(deep);
    CHECK(deep->pixels == std::vector<std::uint16_t>{0, 0, 0, 16384, 16384, 16384, 65535, 65535, 65535, 32768, 32768, 32768});
    CHECK_THAT(tiff_refusal(floats(1.5f)), mentions("a.tif", "1.5", "scale its values to 0..1"));
    CHECK_THAT(tiff_refusal(floats(-0.125f)), mentions("-0.125", "scale its values"));
    CHECK_THAT(tiff_refusal(floats(std::numeric_limits<float>::quiet_NaN())), mentions("NaN"));
    CHECK_THAT(tiff_refusal(floats(std::numeric_limits<float>::infinity())), mentions("inf"));
    const test::scratch_folder folder;
    test::write_content(folder / "float.tif", file);
    CHECK_FALSE(image::largest_16_bit_value(folder / "float.tif"));
}

TEST_CASE("a TIFF of several pages, of another form or with damage is refused by name", "[image]") {
    RD4AD_SKIP_UNLESS(reads_tiff(), "this program has no libtiff");
    const tiff_page page{.width = 4, .height = 4, .pixels = std::string(16, 'x')};
    auto reduced = page;
    reduced.subfile = 1;
    const auto of_pages = [](const std::vector<tiff_page>& pages) {
        return message_of<format_error>([&] { (void)decoded_tiff(tiff_file(pages)); });
    };
    CHECK_THAT(of_pages({page, page}), mentions("a.tif", "several pages", "file of its own"));
    CHECK(of_pages({page, reduced}) == "nothing thrown");
    CHECK_THAT(of_pages({reduced, page}), mentions("first page is a reduced copy", "develop it to PNG"));
    const auto refusal = [&](auto&& change) {
        auto other = page;
        change(other);
        return tiff_refusal(other);
    };
    CHECK_THAT(refusal([](auto& p) { p.bits = 12; }), mentions("12 bits per sample"));
    CHECK_THAT(refusal([](auto& p) { p.bits = 4; }), mentions("4 bits per sample"));
    CHECK_THAT(refusal([](auto& p) { p.bits = 64, p.format = 3; }), mentions("64 bits per sample as floating-point"));
    CHECK_THAT(refusal([](auto& p) { p.bits = 16, p.format = 2; }), mentions("16 bits per sample as signed numbers"));
    CHECK_THAT(refusal([](auto& p) { p.samples = 4, p.photometric = 5; }), mentions("CMYK"));
    CHECK_THAT(refusal([](auto& p) { p.samples = 5, p.photometric = 2; }), mentions("5 samples per pixel"));
    CHECK_THAT(refusal([](auto& p) { p.compression = 50000 + 99; }), mentions("compression 50099"));
    CHECK_THAT(refusal([](auto& p) { p.width = 1u << 20, p.height = 1u << 20; }), mentions("the limit is 268435456"));
    CHECK_THAT(refusal([](auto& p) { p.width = 0; }), mentions("a.tif"));
    CHECK_THAT(refusal([](auto& p) { p.tile = 1u << 20; }), mentions("a.tif", "is damaged"));
    CHECK_THAT(refusal([](auto& p) { p.compression = 5; }), mentions("is damaged"));  // no LZW
    // Every beginning of a file is refused, and nothing else happens.
    const auto whole = test::text_of_file(test::image_data("formats/rgb_lzw.tif"));
    for (std::size_t size = 8; size < whole.size(); size += whole.size() / 40)
        CHECK_THAT(message_of<format_error>([&] { (void)decoded_tiff(whole.substr(0, size)); }), mentions("a.tif"));
}

TEST_CASE("a program without libtiff and libwebp names the kind of a file and the library", "[image]") {
    const auto* tiff = image::detail::tiff_decoder.exchange(nullptr);
    const auto* webp = image::detail::webp_decoder.exchange(nullptr);
    const auto refusal_of = [](const char* name) {
        return message_of<format_error>([&] { (void)image::read(test::image_data(std::string{"formats/"} + name)); });
    };
    const auto of_tiff = refusal_of("rgba.tif"), of_webp = refusal_of("lossless.webp");
    const auto of_size = message_of<format_error>([&] { (void)image::read_size(test::image_data("formats/rgba.tif")); });
    image::detail::tiff_decoder = tiff, image::detail::webp_decoder = webp;
    CHECK_THAT(of_tiff, mentions("rgba.tif", "it is a TIFF image", "libtiff", "RD4AD_TIFF"));
    CHECK_THAT(of_webp, mentions("lossless.webp", "it is a WebP image", "libwebp", "RD4AD_WEBP"));
    CHECK_THAT(of_size, mentions("it is a TIFF image"));
}

}  // namespace
