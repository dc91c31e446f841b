// Variants of training inputs: their number, places and brightness, and their features in the cache.
#include <rd4ad/train/augmentation.hpp>
#include <rd4ad/train/input_variants.hpp>
#include <rd4ad/train/teacher_features.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <set>
#include <tuple>
#include <vector>

#include <rd4ad/image/write.hpp>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/training_images.hpp>
#include <support/values.hpp>

using namespace rd4ad;

TEST_CASE("changes of the training inputs have names", "[train]") {
    CHECK(to_string(augmentation{}) == "none");
    CHECK(augmentation_from("none") == augmentation{});
    CHECK(to_string(augmentation_from("brightness,flips")) == "flips,brightness");
    CHECK(augmentation_from("turns") == augmentation{.turns = true});
    for (const auto* wrong : {"", "flip", "flips,", "flips;turns", "none,flips"})
        CHECK_THAT(test::message_of([&] { static_cast<void>(augmentation_from(wrong)); }),
                   test::mentions("augmentation", "flips, turns, brightness"));
}

TEST_CASE("each variant of an input is another one, and the first is the input", "[train]") {
    const std::vector<float> grid{1, 2, 3, 4, 5, 6, 7, 8, 9};
    const auto placed = [&](const augmentation& by) {
        std::set<std::vector<float>> made;
        const auto variants = variants_of(by);
        for (const auto& one : variants) {
            std::vector<float> out(9);
            train_detail::place_variant(grid, 3, 3, 1, one, out);
            if (made.empty()) CHECK(out == grid);
            made.insert(out);
        }
        CHECK(made.size() * (by.brightness ? 3 : 1) == variants.size());
        return variants.size();
    };
    CHECK(placed({}) == 1);
    CHECK(placed({.flips = true}) == 4);
    CHECK(placed({.turns = true}) == 4);
    CHECK(placed({.flips = true, .turns = true, .brightness = true}) == 24);

    // Clockwise; and a grid that is not square, mirrored both ways.
    const std::vector<float> square{1, 2, 3, 4}, wide{1, 2, 3, 4, 5, 6};
    std::vector<float> out(4);
    train_detail::place_variant(square, 2, 2, 1, {.quarter_turns = 1}, out);
    CHECK(out == std::vector<float>{3, 1, 4, 2});
    train_detail::place_variant(square, 2, 2, 1, {.mirrored = true, .quarter_turns = 3}, out);
    CHECK(out == std::vector<float>{1, 3, 2, 4});
    out.resize(6);
    train_detail::place_variant(wide, 2, 3, 1, {.mirrored = true}, out);
    CHECK(out == std::vector<float>{3, 2, 1, 6, 5, 4});
    train_detail::place_variant(wide, 2, 3, 1, {.quarter_turns = 2}, out);
    CHECK(out == std::vector<float>{6, 5, 4, 3, 2, 1});
}

TEST_CASE("brightness multiplies pixels, not normalised values, and cuts them off at white", "[train]") {
    const image::normalisation by{.mean = {0.5f, 0.4f, 0.3f}, .deviation = {0.2f, 0.25f, 0.5f}};
    const auto normalised = [&](std::array<float, 3> pixel) {
        std::vector<float> made;
        for (std::size_t c = 0; c < 3; ++c) made.push_back((pixel[c] - by.mean[c]) / by.deviation[c]);
        return made;
    };
    const auto varied = vary_inputs(normalised({0.5f, 0.8f, 0.95f}), 1, 1, {.brightness = 1.1f}, by);
    CHECK(test::relative_error(varied, normalised({0.55f, 0.88f, 1.0f})) < 1e-5);
}

TEST_CASE("the cache has the features of each variant, and the cells of the region follow", "[train]") {
    using B = std::tuple_element_t<0, test::backends>;
    const test::scratch_folder folder;
    const auto seen = test::image(32, 32, 1);
    auto mirrored = seen;
    for (std::size_t y = 0; y < 32; ++y)
        for (std::size_t x = 0; x < 32; ++x) std::copy_n(seen.at(31 - x, y), 3, mirrored.at(x, y));
    image::write_png(folder / "seen.png", seen);
    image::write_png(folder / "mirrored.png", mirrored);
    auto m = make_model_without_teacher<B>("resnet18", {.seed = 5, .threads = 1});
    m.settings.preprocessing.geometry.size = 32;
    m.teacher_unmeasured = false;
    const auto features_of = [&](const char* file, const std::vector<input_variant>& variants) {
        image_source source{{folder / file}, m.settings.preprocessing, m.settings.normalisation, 1};
        feature_cache<B> cache{variants.size(), train_detail::feature_shapes(m, source), 1 << 20};
        train_detail::fill_cache(cache, m, source, variants, [](std::size_t) {});
        return to_host<B>(m.queue, cache.get(m.queue, std::vector{variants.size() - 1})[0]);
    };
    const auto expected = features_of("mirrored.png", variants_of({}));
    CHECK(features_of("seen.png", {{}, {.mirrored = true}}) == expected);
    CHECK(features_of("seen.png", {{}}) != expected);

    scale_maps cells{32, 32, 1};
    std::fill(cells.at(0, 0).begin(), cells.at(0, 0).begin() + 2, 1.0f);
    const auto all = vary_cells(cells, variants_of({.flips = true}));
    REQUIRE(all.inputs() == 4);
    const auto varied = all.at(1, 0);  // turned by 180 degrees
    CHECK((varied[62] == 1 && varied[63] == 1 && varied[0] == 0));
}
