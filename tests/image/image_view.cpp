#include <rd4ad/image/image_view.hpp>
//
#include <cstdint>
#include <limits>
#include <string>

#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using image::pixel_format;
using test::mentions;
using test::message_of;

TEST_CASE("a pixel format has a name, and is found by it", "[image]") {
    for (std::size_t i = 0; i < image::pixel_formats.size(); ++i) {
        const auto format = static_cast<pixel_format>(i);
        CHECK(image::pixel_format_of(image::to_string(format)) == format);
        CHECK((image::to_string(format).ends_with("16") ? 2 : 1) == image::info_of(format).bytes);
    }
    CHECK(image::to_string(pixel_format::bgra8) == "bgra8");
    CHECK(image::to_string(pixel_format::gbrg16) == "gbrg16");
    CHECK(image::info_of(pixel_format::bgr16).pixel_bytes() == 6);
    CHECK_THAT(message_of<option_error>([] { (void)image::pixel_format_of("yuv"); }),
               mentions("\"yuv\"", "grey8, rgb8", "gbrg16"));
    CHECK_THAT(message_of<option_error>([] { (void)image::to_string(static_cast<pixel_format>(99)); }),
               mentions("99", "0 to 17"));
}

TEST_CASE("an image of one or three channels has a view", "[image]") {
    const auto rgb = test::noise(5, 4, 3), grey = test::noise(5, 4, 1);
    const auto view = image::view_of(rgb);
    CHECK((view.data == rgb.pixels.data() && view.width == 5 && view.height == 4 && view.format == pixel_format::rgb8));
    CHECK(view.row_step() == 15);
    CHECK(image::view_of(grey).format == pixel_format::grey8);
    CHECK(image::size_text(view) == "5x4 rgb8");
    CHECK_THAT(message_of<shape_error>([] { (void)image::view_of(test::noise(5, 4, 2)); }), mentions("view_of", "5x4x2"));
}

TEST_CASE("a bad view is refused by the argument's name, the found and the expected value", "[image]") {
    const std::uint8_t pixel = 0;
    const image::image_view good{.data = &pixel, .width = 20, .height = 10, .format = pixel_format::bgr8};
    const auto refusal = [](const image::image_view& view) { return message_of([&] { image::check_view(view, "score"); }); };
    CHECK(refusal(good) == "nothing thrown");
    const auto with = [&](auto change) {
        auto view = good;
        change(view);
        return refusal(view);
    };
    using view = image::image_view;
    CHECK_THAT(with([](view& v) { v.data = nullptr; }), mentions("score: ", "data is null", "first pixel"));
    CHECK_THAT(with([](view& v) { v.width = 0; }), mentions("0x10 bgr8", "at least 1"));
    CHECK_THAT(with([](view& v) { v.height = 0; }), mentions("20x0 bgr8"));
    CHECK_THAT(with([](view& v) { v.width = std::numeric_limits<std::size_t>::max(); }), mentions("268435456 pixels"));
    CHECK_THAT(with([](view& v) { v.height = std::size_t{1} << 60; }), mentions("268435456 pixels"));
    CHECK_THAT(with([](view& v) { v.stride = 59; }), mentions("stride is 59 bytes", "20 pixels in bgr8 take 60"));
    CHECK_THAT(with([](view& v) { v.stride = -59; }), mentions("stride is -59 bytes"));
    CHECK_THAT(with([](view& v) { v.stride = std::numeric_limits<std::ptrdiff_t>::min(); }),
               mentions("stride is -9223372036854775808"));
    CHECK(with([](view& v) { v.stride = -60; }) == "nothing thrown");
    CHECK_THAT(with([](view& v) { v.format = static_cast<pixel_format>(18); }), mentions("pixel format 18"));
    CHECK_THAT(with([](view& v) { v.white = 4095; }), mentions("white is 4095 in bgr8", "0 or 255"));
    CHECK(with([](view& v) { v.white = 255; }) == "nothing thrown");
    const auto deep = [&](std::uint32_t white) {
        return with([&](view& v) { v.format = pixel_format::grey16, v.white = white; });
    };
    CHECK_THAT(deep(65536), mentions("white is 65536 in grey16", "1 to 65535", "12 bits has 4095"));
    CHECK(deep(4095) == "nothing thrown");
    CHECK(deep(0) == "nothing thrown");
    CHECK_THAT(with([](view& v) { v.format = pixel_format::rggb8, v.height = 1; }), mentions("20x1 rggb8", "2 x 2"));
    CHECK_THAT(with([](view& v) { v.format = pixel_format::rggb8, v.width = 1; }), mentions("1x10 rggb8", "2 x 2"));
}
}  // namespace
