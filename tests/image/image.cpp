#include <rd4ad/image/image.hpp>
//
#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using test::message_of;

TEST_CASE("pixels are addressed by column and row", "[image]") {
    auto made = image::make_image<std::uint8_t>(3, 2, 3, 7);
    CHECK(made.pixels == std::vector<std::uint8_t>(18, 7));
    made.at(2, 1)[0] = 9;
    CHECK(made.pixels[15] == 9);
    CHECK(made.row(1) == made.pixels.data() + 9);
    CHECK(image::size_text(made) == "3x2x3");
}

TEST_CASE("an image that doesn't hold what it says is refused", "[image]") {
    const auto check = [](image::picture given, std::size_t channels) {
        return message_of<shape_error>([&] { image::check_image(given, channels, "resize"); });
    };
    CHECK(check({2, 1, 1, {1, 2}}, 1) == "nothing thrown");
    CHECK(check({2, 1, 1, {1, 2}}, 0) == "nothing thrown");
    CHECK(check({0, 1, 1, {}}, 1) == "resize: the image has no pixels (0x1x1 as width x height x channels)");
    CHECK(check({2, 1, 1, {1, 2}}, 3) == "resize: expected 3 channels, the image is 2x1x1 (width x height x channels)");
    CHECK(check({2, 1, 3, {}}, 1) == "resize: expected 1 channel, the image is 2x1x3 (width x height x channels)");
    CHECK(check({2, 1, 1, {1}}, 1) == "resize: the image says 2x1x1 (width x height x channels) but holds 1 values");
    CHECK(check({2, 1, 0, {}}, 0) == "resize: the image says 2x1x0 (width x height x channels) but holds 0 values");
}
}  // namespace
