#include <rd4ad/data/preprocessing.hpp>
//
#include <array>
#include <vector>

#include <rd4ad/core/random.hpp>

#include <support/catch.hpp>
#include <support/image_files.hpp>

using namespace rd4ad;
using image::fit;
using test::mentions;

TEST_CASE("an image is fitted, then cut into patches whose sizes the network takes", "[data]") {
    const auto whole = data::plan({.geometry = {.size = 256}}, 1130, 460);
    CHECK((whole.grid.count() == 1 && whole.grid.patch_width == 256));
    data::preprocessing two{.geometry = {.size = 512}};
    two.patches.per_row = two.patches.per_column = 2;
    CHECK((!two.whole() && two.one_size()));
    CHECK(data::plan(two, 1130, 460).grid.at(3) == image::pixel_box{256, 256, 256, 256});
    two.patches.per_row = 3;
    CHECK(data::plan(two, 1130, 460).grid.patch_width == 192);
    data::preprocessing native{.geometry = {.fit = fit::native, .size = 64}};
    native.patches.size = 64;
    native.patches.overlap = 16;
    const auto at_own_size = data::plan(native, 130, 50);
    CHECK((at_own_size.transform.width == 130 && at_own_size.transform.height == 64 && at_own_size.transform.top == 7));
    CHECK(at_own_size.grid.lefts == std::vector<std::size_t>{0, 33, 66});
    CHECK(!native.one_size());
    CHECK(!data::preprocessing{.geometry = {.fit = fit::short_side}}.one_size());
    CHECK(data::preprocessing{.geometry = {.fit = fit::short_side, .crop = 64}}.one_size());
}

TEST_CASE("patch sizes are multiples of 32 for any settings and source size", "[data]") {
    rd4ad::random source{3};
    for (int round = 0; round < 300; ++round) {
        data::preprocessing settings{.geometry = {.size = 32 * (1 + source.below(6))}};
        settings.geometry.fit = std::array{fit::squash, fit::pad, fit::short_side, fit::native}[source.below(4)];
        if (settings.geometry.fit == fit::native || source.below(2) == 0) {
            settings.patches.size = settings.geometry.fit == fit::native ? settings.geometry.size : 32 * (1 + source.below(6));
            settings.patches.overlap = source.below(settings.patches.size);
        } else {
            settings.patches.per_row = 1 + source.below(4);
            settings.patches.per_column = 1 + source.below(4);
        }
        const std::size_t width = 1 + source.below(300), height = 1 + source.below(300);
        const auto made = data::plan(settings, width, height);
        CAPTURE(data::to_json(settings).dump(), width, height);
        CHECK((made.grid.patch_width % 32 == 0 && made.grid.patch_height % 32 == 0));
        CHECK((made.grid.width == made.transform.width && made.grid.height == made.transform.height));
        CHECK(data::preprocessing_from(data::to_json(settings), "text") == settings);
    }
}

TEST_CASE("the level of white is stored where it is not that of 16 bits", "[data]") {
    CHECK_FALSE(data::to_json(data::preprocessing{}).contains("white_level"));
    const data::preprocessing twelve{.white_level = 4095};
    CHECK(data::preprocessing_from(data::to_json(twelve), "text") == twelve);
    for (const io::json& level : {io::json(-1), io::json("4095"), io::json(4095.5)}) {
        auto stated = data::to_json(data::preprocessing{});
        stated["white_level"] = level;
        CHECK_THAT(test::message_of<format_error>([&] { static_cast<void>(data::preprocessing_from(stated, "a.safetensors")); }),
                   mentions("a.safetensors", "preprocessing can't be read"));
    }
    for (const io::json& level : {io::json(65536u), io::json(4294967296u + 4095u)}) {
        auto stated = data::to_json(data::preprocessing{});
        stated["white_level"] = level;
        CHECK_THAT(test::message_of<format_error>([&] { static_cast<void>(data::preprocessing_from(stated, "a.safetensors")); }),
                   mentions("a.safetensors: ", "the white level is 65536", "1 to 65535"));
    }
    auto stated = data::to_json(data::preprocessing{});
    stated["fit"] = "squa3h";
    CHECK_THAT(test::message_of<format_error>([&] { static_cast<void>(data::preprocessing_from(stated, "a.safetensors")); }),
               mentions("a.safetensors: ", "squa3h", "squash, pad", "write the checkpoint again"));
}

TEST_CASE("settings that contradict each other are refused", "[data]") {
    const auto message = [](const data::preprocessing& settings) {
        return test::message_of<option_error>([&] { data::check_preprocessing(settings); });
    };
    data::preprocessing settings{.geometry = {.size = 64}};
    settings.patches.size = 40;
    CHECK_THAT(message(settings), mentions("patch size is 40", "multiple of 32"));
    settings.patches.size = 32;
    settings.geometry.fit = fit::native;
    CHECK_THAT(message(settings), mentions("fit native", "image size of 64", "patches of 32", "leave the image size out"));
    settings.patches.size = 0;
    CHECK_THAT(message(settings), mentions("fit native has no patch size", "give one"));
    settings.geometry.fit = fit::pad;
    settings.patches.multiple = 1;
    CHECK_THAT(message(settings), mentions("multiples of 1", "multiples of 32"));
    CHECK_THAT(test::message_of<format_error>([] {
                   (void)data::preprocessing_from({{"fit", "pad"}}, "part");
               }),
               mentions("part: ", "preprocessing", "write the checkpoint again"));
    CHECK_THAT(test::message_of<format_error>([] {
                   auto odd = data::to_json(data::preprocessing{});
                   odd["size"] = 40;
                   (void)data::preprocessing_from(odd, "part");
               }),
               mentions("40 x 40", "multiples of 32"));
    for (const double size : {-64.0, 64.5, 1e300})
        CHECK_THAT(test::message_of<format_error>([&] {
                       auto odd = data::to_json(data::preprocessing{});
                       odd["size"] = size;
                       (void)data::preprocessing_from(odd, "part");
                   }),
                   mentions("part: ", "preprocessing"));
}
