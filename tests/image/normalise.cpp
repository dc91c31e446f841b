#include <rd4ad/image/normalise.hpp>
//
#include <limits>

#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using test::mentions;
using test::message_of;

TEST_CASE("pixels are normalised as torchvision's transforms do it", "[image]") {
    // torchvision: Normalize(mean, std)(ToTensor()(pixels)), float32.
    const image::image_u8 pixels{2, 1, 3, {0, 127, 255, 1, 64, 200}};
    std::vector<float> out(6);
    image::normalise(pixels, out);
    const float expected[] = {-2.1179039478f, 0.1876748949f, 2.6399998665f, -2.1007792950f, -0.9152660966f, 1.6813943386f};
    for (std::size_t i = 0; i < 6; ++i) CHECK(out[i] == Approx(expected[i]).epsilon(3e-6));
    image::normalise(pixels, out, {.mean = {0, 0, 0}, .deviation = {1, 1, 1}});
    for (std::size_t i = 0; i < 6; ++i) CHECK(out[i] == static_cast<float>(pixels.pixels[i]) / 255.0f);
}

TEST_CASE("normalise refuses wrong sizes and deviations", "[image]") {
    const auto pixels = test::noise(4, 3, 3);
    std::vector<float> out(36);
    CHECK_THAT(message_of<shape_error>([&] { image::normalise(pixels, std::span{out}.first(35)); }),
               mentions("normalise: ", "4x3x3", "36 floats", "35"));
    CHECK_THAT(message_of<shape_error>([&] { image::normalise(test::noise(4, 3, 1), out); }),
               mentions("normalise: ", "3 channels", "4x3x1"));
    CHECK_THAT(message_of<option_error>([&] {
                   image::normalise(pixels, out, {.mean = {}, .deviation = {1, 0, 1}});
               }),
               mentions("normalise: ", "channel 1", "0.000000", "above 0"));
}

TEST_CASE("a normalisation of numbers that are not finite is refused by its channel", "[image]") {
    const auto refusal = [](const image::normalisation& by) {
        return message_of<numeric_error>([&] { image::check_normalisation(by, "a.safetensors"); });
    };
    const float no_number = std::numeric_limits<float>::quiet_NaN(), endless = std::numeric_limits<float>::infinity();
    image::check_normalisation({}, "a.safetensors");
    CHECK_THAT(refusal({.mean = {0, 0, no_number}, .deviation = {1, 1, 1}}),
               mentions("a.safetensors: channel 2", "nan", "finite"));
    CHECK_THAT(refusal({.mean = {0, 0, 0}, .deviation = {1, endless, 1}}), mentions("a.safetensors: channel 1", "inf"));
    CHECK_THAT(refusal({.mean = {0, 0, 0}, .deviation = {0, 1, 1}}), mentions("channel 0", "above 0"));
}
}  // namespace
