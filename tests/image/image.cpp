#include <rd4ad/image/image.hpp>
//
#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using test::mentions;
using test::message_of;

TEST_CASE("pixels are addressed by column and row", "[image]") {
    auto made = image::make_image<std::uint8_t>(3, 2, 3, 7);
    CHECK(made.pixels == std::vector<std::uint8_t>(18, 7));
    made.at(2, 1)[0] = 9;
    CHECK(made.pixels[15] == 9);
    CHECK(made.row(1) == made.pixels.data() + 9);
    CHECK(image::size_text(made) == "3x2x3");
}

TEST_CASE("an image whose values don't match its size is refused", "[image]") {
    const auto check = [](image::image_u8 wrong, std::size_t channels) {
        return message_of<shape_error>([&] { image::check_image(wrong, channels, "resize"); });
    };
    CHECK(check({2, 1, 1, {1, 2}}, 1) == "nothing thrown");
    CHECK(check({2, 1, 1, {1, 2}}, 0) == "nothing thrown");
    CHECK_THAT(check({0, 1, 1, {}}, 1), mentions("resize: ", "no pixels", "0x1x1"));
    CHECK_THAT(check({2, 1, 1, {1, 2}}, 3), mentions("resize: ", "3 channels", "2x1x1"));
    CHECK_THAT(check({2, 1, 3, {}}, 1), mentions("resize: ", "1 channel,", "2x1x3"));
    CHECK_THAT(check({2, 1, 1, {1}}, 1), mentions("resize: ", "2x1x1", "1 values"));
    CHECK_THAT(check({2, 1, 0, {}}, 0), mentions("resize: ", "2x1x0", "0 values"));
}
}  // namespace
