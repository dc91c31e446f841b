#include <rd4ad/image/normalise.hpp>
//
#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using test::message_of;

TEST_CASE("pixels become what torchvision's transforms make of them", "[image]") {
    // torchvision: Normalize(mean, std)(ToTensor()(pixels)), float32.
    const image::picture pixels{2, 1, 3, {0, 127, 255, 1, 64, 200}};
    std::vector<float> out(6);
    image::normalise(pixels, out);
    const float wanted[] = {-2.1179039478f, 0.1876748949f, 2.6399998665f, -2.1007792950f, -0.9152660966f, 1.6813943386f};
    for (std::size_t i = 0; i < 6; ++i) CHECK(out[i] == Approx(wanted[i]).epsilon(3e-6));
    image::normalise(pixels, out, {.mean = {0, 0, 0}, .deviation = {1, 1, 1}});
    for (std::size_t i = 0; i < 6; ++i) CHECK(out[i] == static_cast<float>(pixels.pixels[i]) / 255.0f);
}

TEST_CASE("normalise's wrong sizes and settings", "[image]") {
    const auto pixels = test::noise(4, 3, 3);
    std::vector<float> out(36);
    CHECK(message_of<shape_error>([&] { image::normalise(pixels, std::span{out}.first(35)); }) ==
          "normalise: the image 4x3x3 needs 36 floats, the output holds 35");
    CHECK(message_of<shape_error>([&] { image::normalise(test::noise(4, 3, 1), out); }) ==
          "normalise: expected 3 channels, the image is 4x3x1 (width x height x channels)");
    CHECK(message_of<option_error>([&] {
              image::normalise(pixels, out, {.mean = {}, .deviation = {1, 0, 1}});
          }) == "normalise: the deviation of channel 1 is 0.000000, it must be above 0");
}
}  // namespace
