#include <rd4ad/image/read.hpp>
//
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include <rd4ad/image/write.hpp>
#include <rd4ad/io/read_file.hpp>
#include <support/allocations.hpp>
#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using test::mentions;
using test::message_of;

image::image_u8 expected_of(const std::string& name) {
    const auto file = test::bytes_of_file(test::image_data("formats/" + name + ".rgb"));
    REQUIRE(file.size() > 8);
    std::uint32_t sizes[2];
    std::memcpy(sizes, file.data(), 8);
    return {sizes[0], sizes[1], 3, {file.begin() + 8, file.end()}};
}

std::string content_of(const std::string& name) { return test::text_of_file(test::image_data("formats/" + name)); }

/// A JPEG's bytes with `count` comment segments of 65533 bytes after its first two bytes.
std::string with_comments(const std::string& jpeg, int count) {
    std::string out = jpeg.substr(0, 2);
    for (int i = 0; i < count; ++i) out += "\xFF\xFE\xFF\xFF" + std::string(65533, '.');
    return out + jpeg.substr(2);
}

int largest_difference(const image::image_u8& a, const image::image_u8& b) {
    REQUIRE(image::size_text(a) == image::size_text(b));
    int largest = 0;
    for (std::size_t i = 0; i < a.pixels.size(); ++i) largest = std::max(largest, std::abs(int{a.pixels[i]} - int{b.pixels[i]}));
    return largest;
}

/// The content of a PNG with the right checksums in place of those that its chunks have. Stops at a chunk past the end.
std::vector<std::uint8_t> with_checksums(std::vector<std::uint8_t> png) {
    const auto bytes = std::as_bytes(std::span{png});
    image::detail::png_chunks(image::detail::memory_reader{bytes}, [&](const image::detail::png_chunk& chunk) {
        if (png.size() - chunk.body < chunk.length + 4) return false;
        const auto crc = image::detail::png_crc(bytes.subspan(chunk.body - 4, chunk.length + 4));
        for (std::size_t i = 0; i < 4; ++i) png[chunk.body + chunk.length + i] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
        return true;
    });
    return png;
}

// scripts/make_image_fixtures.py writes the files, and the pixels that Pillow reads from them.
TEST_CASE("every format is read as the RGB that Pillow reads", "[image]") {
    for (const std::string name :
         {"grey.png",       "rgb.png",   "palette.png", "one_bit.png",      "grey16.png",  "rgb16.png",
          "interlaced.png", "gamma.png", "exif_6.png",  "exif_8_after.png", "grey.tga",    "rgb.tga",
          "run_length.tga", "grey.bmp",  "rgb.bmp",     "palette.bmp",      "one_bit.bmp", "four_channels.bmp",
          "grey.pgm",       "rgb.ppm",   "one_bit.pbm", "twelve_bit.pgm"}) {
        CAPTURE(name);
        CHECK(image::read(test::image_data("formats/" + name)) == expected_of(name));
    }
    for (const std::string name : {"grey.jpg", "progressive.jpg"}) {  // against the pixels before the loss of JPEG
        CAPTURE(name);
        CHECK(largest_difference(image::read(test::image_data("formats/" + name)), expected_of(name)) <= 6);
    }
}

TEST_CASE("transparent pixels are composed over white", "[image]") {
    for (const std::string name : {"grey_alpha.png", "rgba.png", "grey_alpha16.png", "rgba16.png", "transparent_colour.png",
                                   "transparent_palette.png", "grey_alpha.tga", "rgba.tga"}) {
        CAPTURE(name);
        CHECK(image::read(test::image_data("formats/" + name)) == expected_of(name));
    }
    const test::scratch_folder folder;
    const image::image_u8 pixels{3, 1, 4, {255, 255, 255, 0, 255, 255, 255, 255, 0, 0, 0, 255}};
    image::write_png(folder / "clear.png", pixels);
    CHECK(image::read(folder / "clear.png").pixels == std::vector<std::uint8_t>{255, 255, 255, 255, 255, 255, 0, 0, 0});
}

TEST_CASE("the fourth channel of a TGA is alpha only where the header states so", "[image]") {
    auto bytes = test::bytes_of_file(test::image_data("formats/rgba.tga"));
    REQUIRE(bytes[17] == 8);
    bytes[17] = 0;
    const auto opaque = image::decode(std::as_bytes(std::span{bytes}), "rgba.tga");
    CHECK(opaque == expected_of("rgb.tga"));  // the colours of both fixtures are equal
    bytes[17] = 0x10;                         // rows from right to left
    auto mirrored = image::decode(std::as_bytes(std::span{bytes}), "rgba.tga");
    CHECK(mirrored == image::upright(opaque, 2));
}

TEST_CASE("read_size gives the size that read gives", "[image]") {
    for (const std::string name :
         {"grey.png", "rgb16.png", "rgba.tga", "rgb.bmp", "grey.jpg", "orientation_1.jpg", "orientation_3.jpg",
          "orientation_5.jpg", "orientation_8.jpg", "exif_6.png", "exif_8_after.png", "twelve_bit.pgm", "one_bit.pbm",
          "exact_cmyk.jpg", "exact_no_tables.jpg"}) {
        CAPTURE(name);
        const auto path = test::image_data("formats/" + name);
        const auto found = image::read_size(path);
        CHECK(image::read_size(io::read_file(path), name) == found);
        if (name == "exact_no_tables.jpg") {  // stb does not decode it
            CHECK(found == image::size{61, 43});
            continue;
        }
        const auto image = image::read(path);
        CHECK(found == image::size{image.width, image.height});
    }
    const test::scratch_folder folder;
    for (const auto& [content, reason] :
         {std::pair{"no image", "it is a text"}, {"", "the file is empty"}, {"GIF89a", "a GIF image"}}) {
        test::write_content(folder / "text.png", content);
        CHECK_THAT(message_of<format_error>([&] { (void)image::read_size(folder / "text.png"); }),
                   mentions(folder / "text.png", ": is not an image", reason));
    }
}

TEST_CASE("read_size reads the header alone", "[image]") {
    const test::scratch_folder folder;
    for (const std::string name : {"rgb.png", "rgb.bmp", "rgba.tga", "orientation_6.jpg"}) {
        CAPTURE(name);
        test::write_content(folder / name, content_of(name));
        const auto expected = image::read_size(folder / name);
        std::filesystem::resize_file(folder / name, std::uintmax_t{1} << 30);  // sparse: takes no space
        image::size found;
        CHECK(test::largest_allocation([&] { found = image::read_size(folder / name); }) <= 65536);
        CHECK(found == expected);
    }
    test::write_content(folder / "header.png", content_of("rgb.png").substr(0, 33));
    CHECK(image::read_size(folder / "header.png") == image::size{11, 7});
}

TEST_CASE("a file with far more bytes than its image needs is refused before memory is taken", "[image]") {
    const test::scratch_folder folder;
    const auto refused = [&](const std::string& content, std::uintmax_t bytes) {
        test::write_content(folder / "sparse.png", content);
        std::filesystem::resize_file(folder / "sparse.png", bytes);  // sparse: takes no space
        std::string message;
        CHECK(test::largest_allocation([&] {
                  message = message_of<format_error>([&] { (void)image::read(folder / "sparse.png"); });
              }) <= std::size_t{1} << 21);
        CHECK_THAT(message, mentions(folder / "sparse.png"));
        return message;
    };
    constexpr std::uintmax_t large = std::uintmax_t{1} << 30, huge = std::uintmax_t{1} << 37;
    for (const std::string name : {"rgb.png", "rgb.bmp", "rgba.tga", "orientation_6.jpg"}) {
        CAPTURE(name);
        CHECK_THAT(refused(content_of(name), large), mentions("has 1073741824 bytes", "its header states", "pixels"));
    }
    CHECK_THAT(refused("", large), mentions("is not an image"));
    CHECK_THAT(refused("GIF89a", large), mentions("a GIF image"));
    for (const std::string name : {"rgb.png", "orientation_6.jpg"})
        CHECK_THAT(refused(content_of(name), huge), mentions("larger than 2 GiB"));
    test::write_content(folder / "longer.png", content_of("rgb.png") + std::string(1000, '.'));
    CHECK(image::read_bytes(folder / "longer.png") == io::read_file(folder / "longer.png"));
}

TEST_CASE("read_size reads on where a JPEG's header is long", "[image]") {
    const test::scratch_folder folder;
    const std::string jpeg = content_of("orientation_6.jpg");
    for (const int comments : {0, 1, 15, 17}) {
        CAPTURE(comments);
        test::write_content(folder / "long.jpg", with_comments(jpeg, comments));
        CHECK(image::read_size(folder / "long.jpg") == image::size{24, 16});
        CHECK(image::size_text(image::read(folder / "long.jpg")) == "24x16x3");
    }
    test::write_content(folder / "cut.jpg", with_comments(jpeg, 2).substr(0, 70000));
    CHECK_THAT(message_of<format_error>([&] { (void)image::read_size(folder / "cut.jpg"); }), mentions("cut.jpg", "no size"));
}

TEST_CASE("a file that is no image is refused by name", "[image]") {
    const test::scratch_folder folder;
    const auto refusal = [&](const std::string& name, const std::string& content) {
        test::write_content(folder / name, content);
        const auto message = message_of<format_error>([&] { (void)image::read(folder / name); });
        REQUIRE(message.rfind((folder / name).string() + ": ", 0) == 0);
        return message;
    };
    CHECK_THAT(refusal("text.png", "this is a text, not an image, however it is named"),
               mentions("is not an image", "PNG, JPEG, BMP, TGA, PNM", "it is a text", "remove it"));
    CHECK_THAT(refusal("empty.png", ""), mentions("is not an image", "empty", "replace or remove it"));
    CHECK_THAT(refusal("short.png", "\x89PNG"), mentions("is not an image", "the beginning of a PNG", "copy the file again"));
    CHECK_THAT(refusal("photo.jpg", std::string{"II*\0\x10\0\0\0", 8}), mentions("it is a TIFF image"));
    CHECK_THAT(refusal("zeros.png", std::string(5000, '\0')), mentions("a file of zeros", "copy the file again"));
    CHECK_THAT(refusal("noise.png", "\x13\x37\xC0\xDE\x01\x02\x03\x04"), mentions("of an unknown kind", "convert it to PNG"));
    CHECK_THAT(refusal("apple.png", std::string{"\x89PNG\r\n\x1A\n\0\0\0\4CgBI\x50\0\x20\2\0\0\0\0", 24}),
               mentions("Apple's own form"));
    CHECK_THAT(
        refusal("run_length.bmp", std::string{"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\2\0\0\0\2\0\0\0\1\0\x08\0\1\0\0\0", 34} +
                                      std::string(100, '\0')),
        mentions("a BMP of a form that is not read", "run-length", "convert it to PNG"));

    const std::string png = content_of("rgb.png");
    auto huge = png;
    huge[17] = huge[21] = '\x01';  // 65547 x 65543
    CHECK_THAT(refusal("huge.png", huge), mentions("65547 x 65543 pixels", "268435456", "cut the image"));
    CHECK_THAT(refusal("cut.png", png.substr(0, 150)), mentions("truncated", "150 bytes", "11 x 7 pixels"));
    auto flipped = png;
    flipped[60] ^= 4;
    CHECK_THAT(refusal("flipped.png", flipped), mentions("is damaged", "checksum of its chunk IDAT"));
    auto empty = png;
    empty[19] = 0;
    CHECK_THAT(refusal("no_width.png", empty), mentions("is not an image", "0 x 7 pixels"));
    auto flat = content_of("grey.jpg");
    const auto frame = flat.find("\xFF\xC0");
    flat[frame + 5] = flat[frame + 6] = '\0';
    CHECK_THAT(refusal("flat.jpg", flat), mentions("is not an image", "24 x 0 pixels"));
    CHECK_THAT(refusal("cut.ppm", content_of("rgb.ppm").substr(0, 200)), mentions("truncated", "200 bytes", "11 x 7 pixels"));
    CHECK_THAT(refusal("huge.pgm", "P5 99999 99999 255\n"), mentions("99999 x 99999 pixels", "268435456"));
    CHECK_THAT(refusal("cut.jpg", content_of("orientation_1.jpg").substr(0, 800)),
               mentions("truncated", "800 bytes", "24 x 16 pixels", "copy the file again"));
    CHECK_THAT(refusal("cut.bmp", content_of("rgb.bmp").substr(0, 300)), mentions("truncated", "300 bytes", "11 x 7 pixels"));
    CHECK_THAT(refusal("cut.tga", content_of("rgb.tga").substr(0, 240)), mentions("truncated", "240 bytes", "11 x 7 pixels"));
}

TEST_CASE("a missing file and a folder are refused", "[image]") {
    CHECK_THAT(message_of<io_error>([] { (void)image::read("/nowhere/part.png"); }),
               mentions("/nowhere/part.png", "no such file"));
    const test::scratch_folder folder;
    CHECK_THAT(message_of<io_error>([&] { (void)image::read(folder.path()); }), mentions(folder.path(), "is a folder"));
}

TEST_CASE("no truncated or changed file crashes the reader", "[image]") {
    rd4ad::random source{5};
    for (const std::string name :
         {"rgb.png", "palette.png", "grey16.png", "orientation_6.jpg", "progressive.jpg", "rgb.bmp", "rgb.tga", "run_length.tga",
          "interlaced.png", "transparent_palette.png", "exact_cmyk.jpg", "rgb.ppm", "twelve_bit.pgm"}) {
        const auto whole = test::bytes_of_file(test::image_data("formats/" + name));
        std::size_t decoded = 0, refused = 0;
        const auto attempt = [&](const std::vector<std::uint8_t>& bytes) {
            try {
                (void)image::decode(std::as_bytes(std::span{bytes}), name);
                ++decoded;
            } catch (const format_error&) {
                ++refused;
            }
        };
        for (std::size_t length = 0; length < whole.size(); ++length)
            attempt({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)});
        for (int round = 0; round < 300; ++round) {
            auto changed = whole;
            for (int k = 0; k < 3; ++k) changed[source.below(changed.size())] = static_cast<std::uint8_t>(source.below(256));
            if (name.find(".png") != std::string::npos) attempt(with_checksums(changed));
            if (name.find(".png") != std::string::npos || name.find(".jpg") != std::string::npos ||
                name.find(".p") != std::string::npos ||
                changed[19] + changed[23] == whole[19] + whole[23])  // BMP and TGA: no huge size in the header
                attempt(changed);
        }
        CAPTURE(name, decoded, refused);
        CHECK(decoded > 0);
        CHECK(refused > 100);
    }
}

TEST_CASE("files with more than 8 bits per channel keep them", "[image]") {
    const test::scratch_folder folder;
    auto deep = image::make_image<std::uint16_t>(5, 3, 1, 100);
    deep.pixels[0] = 4095, deep.pixels[1] = 5000, deep.pixels[2] = 0;
    image::write_png(folder / "deep.png", deep);
    const auto decoded = [](const std::filesystem::path& file, std::uint32_t white) {
        return image::decode_deep(io::read_file(file), file.string(), white);
    };
    const auto plain = decoded(folder / "deep.png", 0), twelve = decoded(folder / "deep.png", 4095);
    REQUIRE((plain && twelve));
    CHECK((plain->width == 5 && plain->height == 3 && plain->channels == 3));
    for (std::size_t i = 0; i < plain->pixels.size(); ++i) CHECK(plain->pixels[i] == deep.pixels[i / 3]);
    // (value * 65535 + 2047) / 4095, as a frame's values are scaled
    CHECK((twelve->pixels[0] == 65535 && twelve->pixels[3] == 65535 && twelve->pixels[6] == 0 && twelve->pixels[9] == 1600));
    // 8 bits: the same values, rounded
    const auto eight = image::read(folder / "deep.png", 4095);
    for (std::size_t i = 0; i < eight.pixels.size(); ++i) CHECK(eight.pixels[i] == (twelve->pixels[i] + 128) / 257);
    CHECK(image::decode(io::read_file(folder / "deep.png"), "deep.png", 4095) == eight);
    CHECK(image::read(folder / "deep.png", 0).pixels == image::read(folder / "deep.png").pixels);

    // Alpha is composed, a PNM states its own white, and the orientation holds.
    for (const std::string name : {"grey16.png", "rgb16.png", "rgba16.png", "twelve_bit.pgm"}) {
        CAPTURE(name);
        const auto file = test::image_data("formats/" + name);
        const auto found = decoded(file, name == "twelve_bit.pgm" ? 255 : 0);
        REQUIRE(found);
        const auto rounded = image::read(file);
        REQUIRE(found->pixels.size() == rounded.pixels.size());
        int worst = 0;
        for (std::size_t i = 0; i < rounded.pixels.size(); ++i)
            worst = std::max(worst, std::abs((found->pixels[i] + 128) / 257 - rounded.pixels[i]));
        CHECK(worst <= (name == "twelve_bit.pgm" ? 1 : 0));
    }
    for (const char* name : {"rgb.png", "grey.jpg", "rgb.bmp", "rgb.tga"})
        CHECK_FALSE(decoded(test::image_data(std::string{"formats/"} + name), 0));
}

}  // namespace
