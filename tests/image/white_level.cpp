#include <rd4ad/image/white_level.hpp>
//
#include <filesystem>
#include <vector>

#include <rd4ad/image/write.hpp>
#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;

TEST_CASE("16-bit files that end far below white are told", "[image]") {
    const test::scratch_folder folder;
    const auto write = [&](const char* name, std::uint16_t largest) {
        auto map = image::make_image<std::uint16_t>(9, 5, 1, 7);
        map.pixels[20] = largest;
        image::write_png(folder / name, map);
        return folder / name;
    };
    const auto twelve = write("twelve.png", 4095), full = write("full.png", 65000), black = write("black.png", 0);
    image::write_png(folder / "eight.png", test::noise(4, 4, 3));
    test::write_content(folder / "broken.png", "no image");
    CHECK(image::largest_16_bit_value(twelve) == 4095);
    CHECK(image::largest_16_bit_value(test::image_data("formats/rgba16.png")) > 60000);
    CHECK_FALSE(image::largest_16_bit_value(folder / "eight.png"));
    CHECK_FALSE(image::largest_16_bit_value(test::image_data("formats/twelve_bit.pgm")));  // states its white
    const auto warning_of = [](std::vector<std::filesystem::path> files, std::uint32_t white_level = 0) {
        return image::white_level_warning(files, white_level).value_or("none");
    };
    CHECK_THAT(warning_of({folder / "broken.png", twelve}), test::mentions("twelve.png", "4095 of 65535", "12 bits", "by 16"));
    CHECK_THAT(warning_of({folder / "eight.png", twelve, black}), test::mentions("4095"));
    CHECK(warning_of({twelve, full}) == "none");  // a dark image among others
    CHECK(warning_of({full}) == "none");
    CHECK(warning_of({folder / "eight.png"}) == "none");
    CHECK(warning_of({}) == "none");
    // with the level that the model was trained with
    CHECK(warning_of({twelve}, 4095) == "none");
    CHECK_THAT(warning_of({full}, 4095), test::mentions("full.png", "reach 65000", "white is 4095"));
    CHECK(warning_of({folder / "eight.png"}, 4095) == "none");
}

TEST_CASE("the level of white is that of the camera whose values the files have", "[image]") {
    const test::scratch_folder folder;
    const auto level_of = [&](std::uint16_t largest) {
        image::write_png(folder / "deep.png", image::make_image<std::uint16_t>(3, 3, 1, largest));
        return image::find_white_level(std::vector{folder / "deep.png"});
    };
    CHECK((level_of(200) == 255 && level_of(256) == 1023 && level_of(1023) == 1023 && level_of(4095) == 4095));
    CHECK((level_of(4096) == 16383 && level_of(16383) == 16383 && level_of(16384) == 0 && level_of(0) == 0));
    CHECK(image::find_white_level({}) == 0);
    CHECK((image::bits_of_white(255) == 8 && image::bits_of_white(4095) == 12 && image::bits_of_white(4096) == 13));
}
}  // namespace
