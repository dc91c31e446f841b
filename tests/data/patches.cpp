#include <rd4ad/data/patches.hpp>
//
#include <algorithm>
#include <cmath>
#include <utility>

#include <rd4ad/image/crop.hpp>
#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using test::mentions;
using test::message_of;

image::image_f32 random_map(std::size_t width, std::size_t height, rd4ad::random& source) {
    auto made = image::make_image<float>(width, height, 1);
    for (auto& value : made.pixels) value = static_cast<float>(source.uniform() * 3);
    return made;
}

/// Cuts a map into patches, joins them again and checks that the result equals the map.
void check_identity(const image::image_f32& whole, const data::patch_options& options) {
    const auto grid = data::make_patch_grid(whole.width, whole.height, options);
    CAPTURE(whole.width, whole.height, options.per_row, options.per_column, options.size, options.overlap, options.multiple);
    std::vector<int> covered(whole.pixels.size(), 0);
    data::patch_joiner joiner{grid};
    for (std::size_t p = grid.count(); p-- > 0;) {
        const auto box = grid.at(p);
        for (std::size_t y = 0; y < box.height; ++y)
            for (std::size_t x = 0; x < box.width; ++x) ++covered[(box.y + y) * whole.width + box.x + x];
        joiner.add(p, image::crop(whole, box));
    }
    REQUIRE(*std::min_element(covered.begin(), covered.end()) >= 1);
    const auto joined = std::move(joiner).map();
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < covered.size(); ++i) {
        const float difference = std::abs(joined.pixels[i] - whole.pixels[i]);
        wrong += covered[i] == 1 ? difference != 0 : difference > 1e-5f;  // the sum of up to 484 weighted values
    }
    CHECK(wrong == 0);
    for (const auto* begins : {&grid.lefts, &grid.tops})
        for (std::size_t i = 1; i < begins->size(); ++i)
            CHECK((*begins)[i] + options.overlap <=
                  (*begins)[i - 1] + (begins == &grid.lefts ? grid.patch_width : grid.patch_height));
}

TEST_CASE("the joined patches of a map equal the map", "[data]") {
    rd4ad::random source{7};
    for (int round = 0; round < 300; ++round) {
        const std::size_t width = 1 + source.below(90), height = 1 + source.below(70);
        data::patch_options options;
        if (round % 2 == 0) {
            options.size = 1 + source.below(64);
            options.overlap = source.below(options.size);
        } else {
            options.per_row = 1 + source.below(std::min<std::size_t>(width, 5));
            options.per_column = 1 + source.below(std::min<std::size_t>(height, 5));
            options.overlap = source.below(1 + std::min(width / options.per_row, height / options.per_column) / 2);
            options.multiple = 1 + source.below(2) * 31;
        }
        check_identity(random_map(width, height, source), options);
    }
}

TEST_CASE("a grid is made by number or by size of the patches", "[data]") {
    const auto two = data::make_patch_grid(512, 256, {.per_row = 2, .per_column = 1});
    CHECK(two.count() == 2);
    CHECK(two.at(0) == image::pixel_box{0, 0, 256, 256});
    CHECK(two.at(1) == image::pixel_box{256, 0, 256, 256});
    const auto uneven = data::make_patch_grid(1130, 460, {.per_row = 3, .per_column = 2, .overlap = 16, .multiple = 32});
    CHECK(uneven.patch_width == 416);
    CHECK(uneven.patch_height == 256);
    CHECK(uneven.lefts == std::vector<std::size_t>{0, 357, 714});
    CHECK(uneven.tops == std::vector<std::size_t>{0, 204});
    CHECK(uneven.at(5) == image::pixel_box{714, 204, 416, 256});
    const auto sized = data::make_patch_grid(600, 200, {.size = 256, .overlap = 32});
    CHECK(sized.lefts == std::vector<std::size_t>{0, 172, 344});
    CHECK(sized.patch_height == 200);
    CHECK(sized.tops == std::vector<std::size_t>{0});
    CHECK(data::make_patch_grid(32, 32, {.per_row = 2, .per_column = 2, .multiple = 32}).count() == 1);
}

TEST_CASE("overlapping patches fade into each other", "[data]") {
    const auto grid = data::make_patch_grid(12, 1, {.size = 8, .overlap = 4});
    REQUIRE(grid.lefts == std::vector<std::size_t>{0, 4});
    data::patch_joiner joiner{grid};
    joiner.add(0, image::make_image<float>(8, 1, 1, 0.0f));
    joiner.add(1, image::make_image<float>(8, 1, 1, 1.0f));
    const float expected[] = {0, 0, 0, 0, 0.2f, 0.4f, 0.6f, 0.8f, 1, 1, 1, 1};
    for (std::size_t x = 0; x < 12; ++x) CHECK(*joiner.map().at(x, 0) == Approx(expected[x]).margin(1e-7));
}

TEST_CASE("a grid or a map that doesn't fit is refused", "[data]") {
    const auto grid_error = [](std::size_t width, std::size_t height, data::patch_options options) {
        return message_of<option_error>([&] { (void)data::make_patch_grid(width, height, options); });
    };
    CHECK_THAT(grid_error(64, 64, {.per_row = 0}), mentions("0 per row", "1 per column", "at least 1"));
    CHECK_THAT(grid_error(64, 64, {.size = 16, .overlap = 16}), mentions("overlap of 16", "below the patch size of 16"));
    CHECK_THAT(grid_error(64, 64, {.multiple = 0}), mentions("multiple of 0", "at least 1"));
    CHECK_THAT(grid_error(64, 8, {.per_column = 9}),
               mentions("9 patches", "overlap of 0", "8 pixels of height", "fewer patches"));
    CHECK_THAT(grid_error(64, 64, {.per_row = 2, .overlap = 64}), mentions("2 patches", "overlap of 64", "64 pixels of width"));
    CHECK_THAT(message_of<shape_error>([] { (void)data::make_patch_grid(0, 4, {}); }),
               mentions("make_patch_grid: ", "0 x 4", "at least 1"));
    data::patch_joiner joiner{data::make_patch_grid(16, 16, {.per_row = 2, .per_column = 2})};
    CHECK_THAT(message_of<shape_error>([&] { joiner.add(4, image::make_image<float>(8, 8, 1)); }),
               mentions("patch_joiner: ", "patch 4", "grid of 4"));
    CHECK_THAT(message_of<shape_error>([&] { joiner.add(0, image::make_image<float>(8, 7, 1)); }),
               mentions("patch_joiner: ", "8x7x1", "8x8x1"));
}
}  // namespace
