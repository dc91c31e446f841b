#include <rd4ad/image/colour.hpp>
//
#include <algorithm>
#include <limits>

#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using test::mentions;
using test::message_of;
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

TEST_CASE("heat goes from blue over green and yellow to red", "[image]") {
    const auto strongest = [](float value) {
        const auto colour = image::heat(value);
        return std::max_element(colour.begin(), colour.end()) - colour.begin();
    };
    CHECK(strongest(0.1f) == 2);
    CHECK(strongest(0.5f) == 1);
    CHECK(strongest(0.9f) == 0);
    const auto yellow = image::heat(0.62f);
    CHECK((yellow[0] > 200 && yellow[1] > 200 && yellow[2] < 90));
    CHECK(image::heat(-3.0f) == image::heat(0.0f));
    CHECK(image::heat(7.0f) == image::heat(1.0f));
    CHECK(image::heat(nan) == image::heat(0.0f));
    CHECK(image::heat(1.0f)[0] > image::heat(1.0f)[1] + image::heat(1.0f)[2]);
}

TEST_CASE("maps become colours and 16-bit grey", "[image]") {
    const image::image_f32 map{4, 1, 1, {-1.0f, 0.5f, 2.0f, nan}};
    const auto colours = image::colourise(map, 0.0f, 1.0f);
    REQUIRE(image::size_text(colours) == "4x1x3");
    const auto middle = image::heat(0.5f);
    CHECK(std::equal(middle.begin(), middle.end(), colours.at(1, 0)));
    CHECK(image::quantise(map, 0.0f, 1.0f).pixels == std::vector<std::uint16_t>{0, 32768, 65535, 0});
    CHECK(image::quantise(map, -1.0f, 2.0f).pixels == std::vector<std::uint16_t>{0, 32768, 65535, 0});
}

TEST_CASE("colourise and quantise refuse wrong ranges and maps", "[image]") {
    const image::image_f32 map{1, 1, 1, {0.0f}};
    CHECK_THAT(message_of<option_error>([&] { (void)image::colourise(map, 1.0f, 1.0f); }),
               mentions("colourise", "1.000000 to 1.000000", "low below high"));
    CHECK_THAT(message_of<option_error>([&] { (void)image::quantise(map, nan, 1.0f); }),
               mentions("quantise", "nan to 1.000000", "finite"));
    CHECK_THAT(message_of<shape_error>([] {
                   (void)image::colourise({1, 1, 3, {0, 0, 0}}, 0, 1);
               }),
               mentions("colourise", "1 channel", "1x1x3"));
}
}  // namespace
