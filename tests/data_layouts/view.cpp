// Views: what photographs of any size become, and what no view can be.
#include <rd4ad/data/view.hpp>

#include <array>
#include <vector>

#include <rd4ad/core/random.hpp>

#include <support/catch.hpp>
#include <support/image_files.hpp>

using namespace rd4ad;
using image::fit;

TEST_CASE("a photograph is fitted, then cut into patches whose sizes the network takes", "[data]") {
    const auto whole = data::arrange({.geometry = {.size = 256}}, 1130, 460);
    CHECK((whole.grid.count() == 1 && whole.grid.patch_width == 256));
    data::view two{.geometry = {.size = 512}};
    two.patches.per_row = two.patches.per_column = 2;
    CHECK((!two.whole() && two.one_size()));
    CHECK(data::arrange(two, 1130, 460).grid.at(3) == data::box{256, 256, 256, 256});
    two.patches.per_row = 3;
    CHECK(data::arrange(two, 1130, 460).grid.patch_width == 192);
    data::view native{.geometry = {.fit = fit::native, .size = 64}};
    native.patches.size = 64;
    native.patches.overlap = 16;
    const auto own = data::arrange(native, 130, 50);
    CHECK((own.place.width == 130 && own.place.height == 64 && own.place.top == 7));
    CHECK(own.grid.lefts == std::vector<std::size_t>{0, 33, 66});
    CHECK(!native.one_size());
    CHECK(!data::view{.geometry = {.fit = fit::short_side}}.one_size());
    CHECK(data::view{.geometry = {.fit = fit::short_side, .crop = 64}}.one_size());
}

TEST_CASE("every grid's patches are multiples of 32", "[data]") {
    rd4ad::random source{3};
    for (int round = 0; round < 300; ++round) {
        data::view by{.geometry = {.size = 32 * (1 + source.below(6))}};
        by.geometry.fit = std::array{fit::squash, fit::pad, fit::short_side, fit::native}[source.below(4)];
        if (by.geometry.fit == fit::native || source.below(2) == 0) {
            by.patches.size = by.geometry.fit == fit::native ? by.geometry.size : 32 * (1 + source.below(6));
            by.patches.overlap = source.below(by.patches.size);
        } else {
            by.patches.per_row = 1 + source.below(4);
            by.patches.per_column = 1 + source.below(4);
        }
        const std::size_t width = 1 + source.below(300), height = 1 + source.below(300);
        const auto made = data::arrange(by, width, height);
        CAPTURE(data::to_json(by).dump(), width, height);
        CHECK((made.grid.patch_width % 32 == 0 && made.grid.patch_height % 32 == 0));
        CHECK((made.grid.width == made.place.width && made.grid.height == made.place.height));
        CHECK(data::view_from(data::to_json(by), "text") == by);
    }
}

TEST_CASE("views that can't be", "[data]") {
    const auto message = [](data::view by) { return test::message_of<option_error>([&] { data::check_view(by); }); };
    data::view by{.geometry = {.size = 64}};
    by.patches.size = 40;
    CHECK(message(by) == "the patch size is 40, it must be a multiple of 32");
    by.patches.size = 32;
    by.geometry.fit = fit::native;
    CHECK(message(by) == "fit native has an image size of 64 and patches of 32: they are the same; leave the image size out");
    by.patches.size = 0;
    CHECK(message(by) == "fit native has no patch size: photographs at their own size are cut into patches; give one, say 256");
    by.geometry.fit = fit::pad;
    by.patches.multiple = 1;
    CHECK(message(by) == "patch sizes are to be a multiple of 1, the network's are multiples of 32");
    CHECK(test::message_of<format_error>([] {
              (void)data::view_from({{"fit", "pad"}}, "part");
          }) == "part: its view can't be read: expected what rd4ad writes; write the checkpoint again");
    CHECK(test::message_of<option_error>([] {
              auto odd = data::to_json(data::view{});
              odd["size"] = 40;
              (void)data::view_from(odd, "part");
          }) == "image size 40 x 40: width and height must be multiples of 32, from 32 on");
}
