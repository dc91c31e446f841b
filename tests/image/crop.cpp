#include <rd4ad/image/crop.hpp>
//
#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;

TEST_CASE("a crop has the pixels of its box", "[image]") {
    const auto whole = test::noise(7, 5, 3);
    const auto part = image::crop(whole, {2, 1, 4, 3});
    REQUIRE(image::size_text(part) == "4x3x3");
    for (std::size_t y = 0; y < 3; ++y) CHECK(std::equal(part.row(y), part.row(y) + 12, whole.at(2, 1 + y)));
    CHECK(image::crop(whole, {0, 0, 7, 5}) == whole);
    CHECK(image::crop(image::image_f32{2, 1, 1, {1.0f, 2.0f}}, {1, 0, 1, 1}).pixels == std::vector<float>{2.0f});
}

TEST_CASE("a crop to the whole image moves an image that is no longer needed", "[image]") {
    auto whole = test::noise(7, 5, 3);
    const auto* pixels = whole.pixels.data();
    const auto moved = image::crop(std::move(whole), {0, 0, 7, 5});
    CHECK(moved.pixels.data() == pixels);
    CHECK(moved == test::noise(7, 5, 3));
}

TEST_CASE("a crop outside the image is refused", "[image]") {
    constexpr std::size_t huge = static_cast<std::size_t>(-1);
    const auto whole = test::noise(8, 8, 3);
    for (const image::pixel_box box :
         {image::pixel_box{4, 0, 5, 8}, {0, 4, 8, 5}, {9, 0, 1, 1}, {0, 0, 0, 8}, {0, 0, 8, 0}, {huge, 0, 2, 8}}) {
        CAPTURE(box.x, box.y, box.width, box.height);
        CHECK_THAT(test::message_of<shape_error>([&] { (void)image::crop(whole, box); }),
                   test::mentions("crop: ", text(box.width, " x ", box.height), text(box.x, ", ", box.y), "8x8x3"));
    }
}
}  // namespace
