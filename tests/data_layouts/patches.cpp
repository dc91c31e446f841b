#include <rd4ad/data/patches.hpp>
//
#include <cmath>

#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using test::message_of;

image::plane random_plane(std::size_t width, std::size_t height, rd4ad::random& source) {
    auto made = image::make_image<float>(width, height, 1);
    for (auto& value : made.pixels) value = static_cast<float>(source.uniform() * 3);
    return made;
}

void check_identity(const image::plane& whole, const data::patch_options& options) {
    const auto grid = data::make_patch_grid(whole.width, whole.height, options);
    CAPTURE(whole.width, whole.height, options.per_row, options.per_column, options.size, options.overlap, options.multiple);
    std::vector<int> covered(whole.pixels.size(), 0);
    data::patch_joiner joiner{grid};
    for (std::size_t p = grid.count(); p-- > 0;) {
        const auto part = grid.at(p);
        for (std::size_t y = 0; y < part.height; ++y)
            for (std::size_t x = 0; x < part.width; ++x) ++covered[(part.y + y) * whole.width + part.x + x];
        joiner.add(p, data::extract(whole, part));
    }
    REQUIRE(*std::min_element(covered.begin(), covered.end()) >= 1);
    const auto joined = std::move(joiner).map();
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < covered.size(); ++i) {
        const float difference = std::abs(joined.pixels[i] - whole.pixels[i]);
        wrong += covered[i] == 1 ? difference != 0 : difference > 1e-5f;  // up to 484 shares add up
    }
    CHECK(wrong == 0);
    for (const auto* begins : {&grid.lefts, &grid.tops})
        for (std::size_t i = 1; i < begins->size(); ++i)
            CHECK((*begins)[i] + options.overlap <=
                  (*begins)[i - 1] + (begins == &grid.lefts ? grid.patch_width : grid.patch_height));
}

TEST_CASE("joining the patches of a map gives the map", "[data]") {
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
        check_identity(random_plane(width, height, source), options);
    }
}

TEST_CASE("grids by number and by size", "[data]") {
    const auto two = data::make_patch_grid(512, 256, {.per_row = 2, .per_column = 1});
    CHECK(two.count() == 2);
    CHECK(two.at(0) == data::box{0, 0, 256, 256});
    CHECK(two.at(1) == data::box{256, 0, 256, 256});
    const auto uneven = data::make_patch_grid(1130, 460, {.per_row = 3, .per_column = 2, .overlap = 16, .multiple = 32});
    CHECK(uneven.patch_width == 416);
    CHECK(uneven.patch_height == 256);
    CHECK(uneven.lefts == std::vector<std::size_t>{0, 357, 714});
    CHECK(uneven.tops == std::vector<std::size_t>{0, 204});
    CHECK(uneven.at(5) == data::box{714, 204, 416, 256});
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
    const float wanted[] = {0, 0, 0, 0, 0.2f, 0.4f, 0.6f, 0.8f, 1, 1, 1, 1};
    for (std::size_t x = 0; x < 12; ++x) CHECK(*joiner.map().at(x, 0) == Approx(wanted[x]).margin(1e-7));
}

TEST_CASE("patches that can't be cut or joined", "[data]") {
    const auto grid_error = [](std::size_t width, std::size_t height, data::patch_options options) {
        return message_of<option_error>([&] { (void)data::make_patch_grid(width, height, options); });
    };
    CHECK(grid_error(64, 64, {.per_row = 0}) == "patches are 0 a row and 1 a column; both must be at least 1");
    CHECK(grid_error(64, 64, {.size = 16, .overlap = 16}) == "the overlap of 16 pixels isn't below the patch size of 16");
    CHECK(grid_error(64, 64, {.multiple = 0}) == "patch sizes are to be a multiple of 0; it must be at least 1");
    CHECK(grid_error(64, 8, {.per_column = 9}) ==
          "9 patches with an overlap of 0 pixels don't fit into 8 pixels of height; take fewer patches or less overlap");
    CHECK(grid_error(64, 64, {.per_row = 2, .overlap = 64}) ==
          "2 patches with an overlap of 64 pixels don't fit into 64 pixels of width; take fewer patches or less overlap");
    CHECK(message_of<shape_error>([] { (void)data::make_patch_grid(0, 4, {}); }) ==
          "make_patch_grid: the image is 0 x 4 pixels; both must be at least 1");
    CHECK(message_of<shape_error>([] {
              (void)data::extract(test::noise(8, 8, 3), {4, 0, 5, 8});
          }) == "extract: the part of 5 x 8 pixels at 4, 0 isn't inside the image 8x8x3");
    data::patch_joiner joiner{data::make_patch_grid(16, 16, {.per_row = 2, .per_column = 2})};
    CHECK(message_of<shape_error>([&] { joiner.add(4, image::make_image<float>(8, 8, 1)); }) ==
          "patch_joiner: patch 4 of a grid of 4");
    CHECK(message_of<shape_error>([&] { joiner.add(0, image::make_image<float>(8, 7, 1)); }) ==
          "patch_joiner: the map is 8x7x1, the patches are 8x8x1 (width x height x channels)");
}
}  // namespace
