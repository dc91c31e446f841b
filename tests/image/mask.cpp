// Mask files mean the same whichever way they mark a defect.
#include <rd4ad/image/mask.hpp>
//
#include <algorithm>
#include <numeric>

#include <rd4ad/image/write.hpp>
#include <support/catch.hpp>
#include <support/image_files.hpp>
#include <support/png_files.hpp>

namespace {
using namespace rd4ad;
using image::mask_marks;
using image::mask_values;
using test::mentions;
using test::message_of;
using test::png_colour;

/// A mask of 4 x 3 pixels whose fifth and sixth pixel are defects, from the channels of a good pixel and of a defect.
std::vector<unsigned> two_defects(std::vector<unsigned> good, const std::vector<unsigned>& defect) {
    std::vector<unsigned> values;
    for (std::size_t i = 0; i < 12; ++i) {
        const auto& pixel = i == 4 || i == 5 ? defect : good;
        values.insert(values.end(), pixel.begin(), pixel.end());
    }
    return values;
}

const std::vector<std::uint8_t> mask_of_two{0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0};

TEST_CASE("every pixel of a mask that is not black is a defect, whichever its value, colour, depth or palette", "[image]") {
    const test::scratch_folder folder;
    const auto path = folder / "m.png";
    const auto check = [&](mask_marks marks) {
        const auto content = image::read_mask_content(path);
        CHECK(content.mask.pixels == mask_of_two);
        CHECK(content.mask.channels == 1);
        CHECK(content.marks == marks);
        CHECK(content.area == Approx(2.0 / 12));
        CHECK(content.border == Approx(1.0 / 10));
        CHECK(image::read_mask(path) == content.mask);
    };
    for (const unsigned value : {1U, 3U, 127U, 254U}) {
        test::write_raw_png(path, 4, 3, png_colour::grey, two_defects({0}, {value}));
        check(mask_marks::values);
    }
    test::write_raw_png(path, 4, 3, png_colour::grey, two_defects({0}, {255}));
    check(mask_marks::plain);
    test::write_raw_png(path, 4, 3, png_colour::grey, two_defects({0}, {1}), {}, 16);
    check(mask_marks::values);
    test::write_raw_png(path, 4, 3, png_colour::rgb, two_defects({0, 0, 0}, {255, 0, 0}));
    check(mask_marks::colours);
    test::write_raw_png(path, 4, 3, png_colour::rgb, two_defects({0, 0, 0}, {0, 0, 1}));
    check(mask_marks::colours);
    test::write_raw_png(path, 4, 3, png_colour::palette, two_defects({0}, {1}), {0, 0, 0, 128, 0, 0});
    check(mask_marks::colours);
    test::write_raw_png(path, 4, 3, png_colour::palette, two_defects({2}, {0}), {255, 255, 255, 9, 9, 9, 0, 0, 0});
    check(mask_marks::plain);
    test::write_raw_png(path, 4, 3, png_colour::rgba, two_defects({255, 255, 255, 0}, {255, 0, 0, 200}));
    check(mask_marks::colours);
    test::write_raw_png(path, 4, 3, png_colour::rgba, two_defects({0, 0, 0, 0}, {0, 0, 0, 255}));
    check(mask_marks::alpha);
    test::write_raw_png(path, 4, 3, png_colour::grey_alpha, two_defects({0, 0}, {0, 1}));
    check(mask_marks::alpha);
    test::write_raw_png(path, 4, 3, png_colour::rgba, two_defects({0, 0, 0, 0}, {255, 255, 255, 0}));  // alpha tells nothing
    check(mask_marks::plain);
    using namespace std::string_literals;
    test::write_content(path, "P4 4 3\n\xF0\x30\xF0");  // a set bit is black
    check(mask_marks::plain);
    test::write_content(path, "P5 4 3 255\n\0\0\0\0\7\7\0\0\0\0\0\0"s);
    check(mask_marks::values);
}

TEST_CASE("a mask without a defect, and one that is a defect all over, are read", "[image]") {
    const test::scratch_folder folder;
    for (const unsigned value : {0U, 255U, 7U}) {
        test::write_raw_png(folder / "m.png", 4, 3, png_colour::grey, std::vector<unsigned>(12, value));
        const auto content = image::read_mask_content(folder / "m.png");
        CHECK(content.area == (value == 0 ? 0.0 : 1.0));
        CHECK(looks_inverted(content) == (value != 0));
    }
}

TEST_CASE("an inverted mask is recognised, and read where that is asked for", "[image]") {
    const test::scratch_folder folder;
    const auto path = folder / "m.png";
    test::write_raw_png(path, 4, 3, png_colour::grey, two_defects({255}, {0}));
    const auto as_stored = image::read_mask_content(path);
    CHECK(as_stored.area == Approx(10.0 / 12));
    CHECK(looks_inverted(as_stored));
    const auto inverted = image::read_mask_content(path, mask_values::zero);
    CHECK(inverted.mask.pixels == mask_of_two);
    CHECK_FALSE(looks_inverted(inverted));
    auto large = image::make_image<std::uint8_t>(10, 10, 1, 255);  // a large defect that leaves the edge free
    for (std::size_t i = 0; i < 10; ++i) *large.at(i, 0) = *large.at(i, 9) = *large.at(0, i) = *large.at(9, i) = 0;
    image::write_png(path, large);
    CHECK(image::read_mask_content(path).area > 0.5);
    CHECK_FALSE(looks_inverted(image::read_mask_content(path)));
}

TEST_CASE("a mask that contradicts itself is refused by name", "[image]") {
    const test::scratch_folder folder;
    const auto path = folder / "m.png";
    const auto refusal = [&] { return message_of<data_error>([&] { (void)image::read_mask(path); }); };
    test::write_raw_png(path, 4, 3, png_colour::grey, two_defects({1}, {2}));
    CHECK_THAT(refusal(), mentions(path, "without a black pixel", "1 to 2", "paint them black"));
    test::write_raw_png(path, 4, 3, png_colour::palette, two_defects({0}, {1}), {68, 1, 84, 253, 231, 37});
    CHECK_THAT(refusal(), mentions(path, "without a black pixel", "84 to 253"));
    CHECK_THAT(message_of<format_error>([&] {
                   test::write_content(path, "no image");
                   (void)image::read_mask(path);
               }),
               mentions(path, "is not an image"));
    auto cut = test::bytes_of_file(test::image_data("formats/grey.tga"));
    cut.resize(cut.size() / 2);
    test::write_content(path, {reinterpret_cast<const char*>(cut.data()), cut.size()});
    CHECK_THAT(message_of<format_error>([&] { (void)image::read_mask(path); }), mentions(path, "is truncated"));
}

TEST_CASE("half of the largest value divides a JPEG mask from its noise", "[image]") {
    const test::scratch_folder folder;
    const auto path = folder / "m.jpg";
    auto drawn = image::make_image<std::uint8_t>(64, 64, 3);
    for (std::size_t y = 20; y < 40; ++y)
        for (std::size_t x = 20; x < 40; ++x) drawn.at(x, y)[0] = 250;
    image::write_jpeg(path, drawn, 60);
    const auto content = image::read_mask_content(path);
    CHECK(content.marks == mask_marks::lossy);
    CHECK(content.area == Approx(400.0 / 4096).margin(0.02));
    CHECK(*content.mask.at(30, 30) == 1);
    CHECK(*content.mask.at(5, 5) == 0);
    for (auto& value : drawn.pixels) value = value > 0 ? 12 : 0;
    image::write_jpeg(path, drawn, 95);
    CHECK_THAT(message_of<data_error>([&] { (void)image::read_mask(path); }), mentions(path, "JPEG", "store masks as PNG"));
    image::write_jpeg(path, image::make_image<std::uint8_t>(64, 64, 3), 60);
    CHECK(image::read_mask_content(path).area == 0);
}
}  // namespace
