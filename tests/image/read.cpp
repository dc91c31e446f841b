#include <rd4ad/image/read.hpp>
//
#include <algorithm>
#include <cstdlib>
#include <cstring>

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

// scripts/make_image_fixtures.py writes the files, and the pixels that Pillow reads from them.
TEST_CASE("every format is read as the RGB that Pillow reads", "[image]") {
    for (const std::string name :
         {"grey.png", "grey_alpha.png", "rgb.png", "rgba.png", "palette.png", "one_bit.png", "grey16.png", "rgb16.png",
          "grey.tga", "grey_alpha.tga", "rgb.tga", "rgba.tga", "run_length.tga", "grey.bmp", "rgb.bmp"}) {
        CAPTURE(name);
        CHECK(image::read(test::image_data("formats/" + name)) == expected_of(name));
    }
    for (const std::string name : {"grey.jpg", "progressive.jpg"}) {
        CAPTURE(name);
        const auto read = image::read(test::image_data("formats/" + name)), expected = expected_of(name);
        REQUIRE(image::size_text(read) == image::size_text(expected));
        int largest = 0;
        for (std::size_t i = 0; i < read.pixels.size(); ++i)
            largest = std::max(largest, std::abs(int{read.pixels[i]} - int{expected.pixels[i]}));
        CHECK(largest <= 6);
    }
}

TEST_CASE("read_size gives the size that read gives", "[image]") {
    for (const std::string name : {"grey.png", "rgb16.png", "rgba.tga", "rgb.bmp", "grey.jpg", "orientation_1.jpg",
                                   "orientation_3.jpg", "orientation_5.jpg", "orientation_8.jpg"}) {
        CAPTURE(name);
        const auto path = test::image_data("formats/" + name);
        const auto image = image::read(path);
        CHECK(image::read_size(path) == image::size{image.width, image.height});
    }
    const test::scratch_folder folder;
    for (const char* content : {"no image", ""}) {
        test::write_content(folder / "text.png", content);
        CHECK_THAT(message_of<format_error>([&] { (void)image::read_size(folder / "text.png"); }),
                   mentions(folder / "text.png", ": is not an image", "no size", "remove the file"));
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
    test::write_content(folder / "header.png", content_of("rgb.png").substr(0, 24));
    CHECK(image::read_size(folder / "header.png") == image::size{11, 7});
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
               mentions("is not an image", "PNG, JPEG, BMP, TGA", "unknown image type", "convert the file"));
    CHECK_THAT(refusal("empty.png", ""), mentions("is not an image", "empty", "replace or remove it"));
    CHECK_THAT(refusal("short.png", "\x89PNG"), mentions("is not an image", "unknown image type"));

    const std::string png = content_of("rgb.png");
    auto huge = png;
    huge[17] = huge[21] = '\x01';  // 65547 x 65543
    CHECK_THAT(refusal("huge.png", huge), mentions("65547 x 65543 pixels", "268435456", "cut the image"));
    CHECK_THAT(refusal("damaged.png", png.substr(0, 150)), mentions("is not an image", "outofdata", "damaged"));
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
    for (const std::string name : {"rgb.png", "palette.png", "grey16.png", "orientation_6.jpg", "progressive.jpg", "rgb.bmp",
                                   "rgb.tga", "run_length.tga"}) {
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
            if (name.find(".png") != std::string::npos || name.find(".jpg") != std::string::npos ||
                changed[19] + changed[23] == whole[19] + whole[23])  // BMP and TGA: no huge size in the header
                attempt(changed);
        }
        CAPTURE(name, decoded, refused);
        CHECK(decoded > 0);
        CHECK(refused > 100);
    }
}
}  // namespace
