#include <rd4ad/image/read.hpp>
//
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using test::message_of;

image::picture expected_of(const std::string& name) {
    const auto file = test::bytes_of_file(test::image_data("formats/" + name + ".rgb"));
    REQUIRE(file.size() > 8);
    std::uint32_t sizes[2];
    std::memcpy(sizes, file.data(), 8);
    return {sizes[0], sizes[1], 3, {file.begin() + 8, file.end()}};
}

// Files and what Pillow reads from them: scripts/make_image_fixtures.py.
TEST_CASE("every form comes as the RGB that Pillow reads", "[image]") {
    for (const std::string name :
         {"grey.png", "grey_alpha.png", "rgb.png", "rgba.png", "palette.png", "one_bit.png", "grey16.png", "rgb16.png",
          "grey.tga", "grey_alpha.tga", "rgb.tga", "rgba.tga", "run_length.tga", "grey.bmp", "rgb.bmp"}) {
        CAPTURE(name);
        CHECK(image::read(test::image_data("formats/" + name)) == expected_of(name));
    }
    for (const std::string name : {"grey.jpg", "progressive.jpg"}) {
        CAPTURE(name);
        const auto got = image::read(test::image_data("formats/" + name)), wanted = expected_of(name);
        REQUIRE(image::size_text(got) == image::size_text(wanted));
        int largest = 0;
        for (std::size_t i = 0; i < got.pixels.size(); ++i)
            largest = std::max(largest, std::abs(int{got.pixels[i]} - int{wanted.pixels[i]}));
        CHECK(largest <= 6);
    }
}

TEST_CASE("a size is known before the pixels are", "[image]") {
    for (const std::string name : {"grey.png", "rgb16.png", "rgba.tga", "rgb.bmp", "grey.jpg", "orientation_1.jpg",
                                   "orientation_3.jpg", "orientation_5.jpg", "orientation_8.jpg"}) {
        CAPTURE(name);
        const auto path = test::image_data("formats/" + name);
        const auto picture = image::read(path);
        CHECK(image::read_size(path) == image::size{picture.width, picture.height});
    }
    const test::scratch_folder folder;
    test::write_content(folder / "text.png", "no image");
    CHECK(message_of<format_error>([&] { (void)image::read_size(folder / "text.png"); }) ==
          (folder / "text.png").string() +
              ": is not an image this library reads (PNG, JPEG, BMP, TGA): its size can't be told; replace or remove it");
}

TEST_CASE("masks are zeros and ones", "[image]") {
    const auto path = test::image_data("formats/grey.png");
    const auto grey = image::read(path);
    for (const std::uint8_t above : {std::uint8_t{127}, std::uint8_t{0}, std::uint8_t{200}}) {
        const auto mask = above == 127 ? image::read_mask(path) : image::read_mask(path, above);
        REQUIRE(mask.channels == 1);
        REQUIRE(mask.pixels.size() * 3 == grey.pixels.size());
        for (std::size_t i = 0; i < mask.pixels.size(); ++i) CHECK(mask.pixels[i] == (grey.pixels[3 * i] > above ? 1 : 0));
    }
}

TEST_CASE("what is no image says so by name", "[image]") {
    const test::scratch_folder folder;
    const auto refused = [&](const std::string& name, const std::string& content) {
        test::write_content(folder / name, content);
        const auto message = message_of<format_error>([&] { (void)image::read(folder / name); });
        CHECK(message == message_of<format_error>([&] { (void)image::read_mask(folder / name); }));
        REQUIRE(message.rfind((folder / name).string() + ": ", 0) == 0);
        return message.substr((folder / name).string().size() + 2);
    };
    CHECK(
        refused("text.png", "this is a text, not an image, however it is named") ==
        "is not an image this library reads (PNG, JPEG, BMP, TGA): unknown image type; convert it to one of them, or remove it");
    CHECK(refused("empty.png", "") ==
          "is not an image this library reads (PNG, JPEG, BMP, TGA): the file is empty; replace or remove it");
    CHECK(
        refused("short.png", "\x89PNG") ==
        "is not an image this library reads (PNG, JPEG, BMP, TGA): unknown image type; convert it to one of them, or remove it");

    const auto content = [](const std::string& name) { return test::text_of_file(test::image_data(name)); };
    const std::string png = content("formats/rgb.png");
    auto huge = png;
    huge[17] = huge[21] = '\x01';  // 65547 x 65543
    CHECK(refused("huge.png", huge) ==
          "its header says 65547 x 65543 pixels, the limit is 268435456 pixels; cut the image into smaller ones");
    CHECK(refused("damaged.png", png.substr(0, 150)) ==
          "is not an image this library reads (PNG, JPEG, BMP, TGA): outofdata; the file is damaged, copy or convert it again");
    CHECK(refused("cut.jpg", content("formats/orientation_1.jpg").substr(0, 800)) ==
          "is cut short: its 800 bytes don't hold the 24 x 16 pixels its header says; copy the file again");
    CHECK(refused("cut.bmp", content("formats/rgb.bmp").substr(0, 300)) ==
          "is cut short: its 300 bytes don't hold the 11 x 7 pixels its header says; copy the file again");
    CHECK(refused("cut.tga", content("formats/rgb.tga").substr(0, 240)) ==
          "is cut short: its 240 bytes don't hold the 11 x 7 pixels its header says; copy the file again");
}

TEST_CASE("files that aren't there, and folders", "[image]") {
    CHECK(message_of<io_error>([] { (void)image::read("/nowhere/part.png"); }) ==
          "/nowhere/part.png: no such file; check the path");
    const test::scratch_folder folder;
    CHECK(message_of<io_error>([&] { (void)image::read(folder.path()); }) ==
          folder.path().string() + ": is a folder, expected an image file");
}

TEST_CASE("no cut or changed byte crashes the reader", "[image]") {
    rd4ad::random source{5};
    for (const std::string name : {"rgb.png", "palette.png", "grey16.png", "orientation_6.jpg", "progressive.jpg", "rgb.bmp",
                                   "rgb.tga", "run_length.tga"}) {
        const auto whole = test::bytes_of_file(test::image_data("formats/" + name));
        const auto attempt = [&](const std::vector<std::uint8_t>& bytes) {
            try {
                (void)image::decode(std::as_bytes(std::span{bytes}), name);
            } catch (const format_error&) {
            }
        };
        for (std::size_t length = 0; length < whole.size(); ++length)
            attempt({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)});
        for (int round = 0; round < 300; ++round) {
            auto changed = whole;
            for (int k = 0; k < 3; ++k) changed[source.below(changed.size())] = static_cast<std::uint8_t>(source.below(256));
            if (name.find(".png") != std::string::npos || name.find(".jpg") != std::string::npos ||
                changed[19] + changed[23] == whole[19] + whole[23])
                attempt(changed);
        }
    }
    SUCCEED();
}
}  // namespace
