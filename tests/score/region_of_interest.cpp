// A region of interest in scoring: the map is 0 outside, the raw score its maximum, regions lie inside, metrics count inside.
#include <rd4ad/score/evaluate.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/image/write.hpp>
#include <rd4ad/score/calibration_json.hpp>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/layouts.hpp>
#include <support/mentions.hpp>
#include <support/small_model.hpp>
#include <support/training_images.hpp>

using namespace rd4ad;

namespace {

using roi_backend = test::first_backend;

/// A mask whose left half is inside.
image::image_u8 left_half(std::size_t width, std::size_t height) {
    auto mask = image::make_image<std::uint8_t>(width, height, 1);
    for (std::size_t y = 0; y < height; ++y) std::fill_n(mask.row(y), width / 2, std::uint8_t{1});
    return mask;
}

model<roi_backend> limited_model(const data::region_of_interest& roi, double threshold = 1e-3) {
    auto m = test::small_model();
    m.settings.roi = roi;
    m.settings.calibration = to_json(calibration{.typical = 0, .threshold = threshold});
    return m;
}

/// Checks a map against the whole image's: 0 outside the mask, equal inside.
void check_limited(const image::image_f32& map, const image::image_f32& whole, const image::image_u8& mask) {
    REQUIRE((map.pixels.size() == whole.pixels.size() && mask.pixels.size() == map.pixels.size()));
    std::size_t outside = 0, differing = 0;
    for (std::size_t i = 0; i < map.pixels.size(); ++i) {
        outside += mask.pixels[i] == 0 && map.pixels[i] != 0;
        differing += mask.pixels[i] != 0 && map.pixels[i] != whole.pixels[i];
    }
    CHECK((outside == 0 && differing == 0));
}

}  // namespace

TEST_CASE("a map is 0 outside the region of interest, and the raw score is the maximum inside", "[score]") {
    const auto image = test::image(50, 40, 1);
    const auto mask = left_half(50, 40);
    const detector<roi_backend> whole{limited_model({}), {.size = map_size::network}},
        limited{limited_model(data::make_roi(mask)), {.size = map_size::network}};
    const auto expected = whole.score(image), found = limited.score(image), given = whole.score(image, mask);
    const auto fitted = data::fit_roi(found.transform, mask);
    check_limited(found.map, expected.map, fitted);
    CHECK(found.raw_score == *std::max_element(found.map.pixels.begin(), found.map.pixels.end()));
    CHECK(found.raw_score < expected.raw_score);
    CHECK((given.map == found.map && given.raw_score == found.raw_score));
    REQUIRE(!found.regions.empty());
    for (const auto& one : found.regions) CHECK(one.box.x + one.box.width <= 25 + 1e-9);
    CHECK(found.raw_score > 0);
    const std::vector images{image, image};
    check_limited(limited.score(images)[1].map, whole.score(images)[1].map, fitted);
}

TEST_CASE("a map of the image's size is 0 outside, and a threshold below 0 gives no region there", "[score]") {
    const auto image = test::image(50, 40, 1);
    const auto mask = left_half(50, 40);
    const detector<roi_backend> by{limited_model(data::make_roi(mask), 0.5), {.regions = {.threshold = 1e-6}}};
    REQUIRE(by.calibration()->raw_score(1e-6) < 0);
    const auto found = by.score(image);
    REQUIRE((found.map.width == 50 && found.map.height == 40));
    for (std::size_t y = 0; y < 40; ++y) CHECK(*std::max_element(found.map.at(25, y), found.map.at(25, y) + 25) == 0);
    CHECK(*found.map.at(24, 20) > 0);
    REQUIRE(!found.regions.empty());
    for (const auto& one : found.regions) CHECK(one.box.x + one.box.width <= 25 + 1e-9);
}

TEST_CASE("patches are limited once they are joined, and network inputs by a mask for whole images", "[score]") {
    auto m = limited_model(data::make_roi(left_half(80, 40)));
    m.settings.preprocessing.geometry = {.fit = image::fit::native, .size = 32};
    m.settings.preprocessing.patches.size = 32;
    m.settings.height = m.settings.width = 32;
    CHECK(network_roi(m.settings) == nullptr);
    auto same = test::small_model();
    same.settings = m.settings, same.settings.roi = {};
    const detector<roi_backend> limited{std::move(m)}, whole{std::move(same)};
    const auto image = test::image(80, 40, 3);
    check_limited(limited.score(image).map, whole.score(image).map, left_half(80, 40));

    const std::vector<float> inputs(2 * 64 * 32 * 3, 0.5f);
    const auto by_inputs = detector<roi_backend>{limited_model(data::make_roi(left_half(50, 40)))}.score_inputs(inputs);
    REQUIRE(by_inputs.size() == 2);
    CHECK((*by_inputs[1].map.at(31, 5) > 0 && *by_inputs[1].map.at(32, 5) == 0));
    CHECK(by_inputs[1].raw_score == *std::max_element(by_inputs[1].map.pixels.begin(), by_inputs[1].map.pixels.end()));
}

TEST_CASE("files have one mask for all or their own, and a wrong one is refused by name", "[score]") {
    const test::scratch_folder folder;
    const std::vector<std::filesystem::path> files{folder / "a.png", folder / "b.png"};
    for (std::size_t i = 0; i < 2; ++i) image::write_png(files[i], test::image(50, 40, i));
    auto white = left_half(50, 40);
    for (auto& value : white.pixels) value = value == 0 ? 0 : 255;
    std::filesystem::create_directory(folder / "masks");
    image::write_png(folder / "masks" / "a.png", white);
    image::write_png(folder / "masks" / "b.png", white);
    const detector<roi_backend> whole{limited_model({})}, limited{limited_model(data::make_roi(left_half(50, 40)))};
    const auto expected = limited.raw_scores(files);
    CHECK(expected != whole.raw_scores(files));
    const auto roi = data::open_roi(folder / "masks", files);
    CHECK(whole.raw_scores(files, roi) == expected);
    std::vector<outcome<float>> found;
    whole.score_files(
        files,
        [&](std::size_t, std::span<const outcome<detection_result>> results, double) {
            for (const auto& one : results) found.emplace_back(one->raw_score);
        },
        roi);
    CHECK(found == expected);

    const detector<roi_backend> per_image{limited_model({.kind = data::roi_kind::per_image, .name = "part.safetensors"})};
    CHECK(per_image.raw_scores(files, roi) == expected);
    CHECK_THAT(test::message_of([&] { static_cast<void>(per_image.raw_scores(files)); }),
               test::mentions(files[0], "per image", "--roi"));
    CHECK_THAT(test::message_of([&] { static_cast<void>(per_image.score(image::read(files[0]))); }),
               test::mentions("per image", "--roi"));
    image::write_png(files[1], test::image(40, 50, 1));
    CHECK_THAT(test::message_of([&] { static_cast<void>(limited.raw_scores(files)); }),
               test::mentions("50 x 40", files[1], "40 x 50"));
    CHECK_THAT(test::message_of([&] { static_cast<void>(whole.score(test::image(50, 40, 1), left_half(40, 50))); }),
               test::mentions("40 x 50", "50 x 40"));
    CHECK_THAT(test::message_of(
                   [&] { static_cast<void>(whole.score(test::image(50, 40, 1), image::make_image<std::uint8_t>(50, 40, 1))); }),
               test::mentions("empty", "50 x 40"));
}

TEST_CASE("pixel metrics count the region of interest alone", "[score]") {
    const test::scratch_folder folder;
    data::dataset set{.name = "bolts"};
    for (std::size_t i = 0; i < 4; ++i) {
        const auto file = folder / (std::to_string(i) + ".png");
        image::write_png(file, test::image(50, 40, i));
        set.test.push_back({.image = file, .is_anomalous = i > 1, .kind = i > 1 ? "cut" : "good"});
        if (i < 2) continue;
        set.test.back().mask = folder / (std::to_string(i) + "_mask.png");
        test::write_mask(*set.test.back().mask, 50, 40, 10, 20);
    }
    const detector<roi_backend> by{limited_model({}), {.size = map_size::network}};
    const auto roi = data::make_roi(left_half(50, 40));
    const auto whole = evaluate(by, set), inside = evaluate(by, set, 8, {}, roi);
    REQUIRE((whole.pixels && inside.pixels));
    CHECK(inside.pixels->auroc != whole.pixels->auroc);
    metrics::pixel_accumulator expected;
    for (const auto& item : set.test) {
        const auto found = by.score(image::read(item.image));
        const auto mask = image::fit_mask(found.transform, data::load_mask(item, 50, 40));
        const image::pixel_box half{0, 0, 32, 32};
        expected.add(image::crop(found.map, half).pixels, image::crop(mask, half).pixels, 32, 32);
    }
    CHECK(inside.pixels->auroc == expected.result().auroc);
    CHECK(inside.pixels->aupro == expected.result().aupro);
    auto right = left_half(50, 40);
    for (auto& value : right.pixels) value = value == 0 ? 1 : 0;
    const auto none = evaluate(by, set, 8, {}, data::make_roi(right));
    CHECK((none.image_auroc && !none.pixels));
}
