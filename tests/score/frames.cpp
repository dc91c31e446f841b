// A frame scores where it lies as its pixels do in a file, bit for bit, and without a copy.
#include <support/replace_new.hpp>
//
#include <rd4ad/score/detector.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/image/write.hpp>

#include <support/allocations.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/png_files.hpp>
#include <support/small_model.hpp>
#include <support/training_images.hpp>

namespace {

using namespace rd4ad;
using frame_backend = test::first_backend;
using image::pixel_format;

detector<frame_backend> frame_detector(image::geometry geometry = {.size = 64, .height = 32}) {
    auto m = test::small_model();
    m.settings.preprocessing.geometry = geometry;
    if (geometry.height == 0) m.settings.height = m.settings.width = geometry.crop ? geometry.crop : geometry.size;
    return detector<frame_backend>{std::move(m), {.size = map_size::network}};
}

/// The detector of the default geometry.
const detector<frame_backend>& shared_detector() {
    static const auto made = frame_detector();
    return made;
}

/// The result of a file by score_files.
detection_result result_of_file(const detector<frame_backend>& by, const std::filesystem::path& file) {
    detection_result found;
    by.score_files(std::vector{file},
                   [&](std::size_t, std::span<const outcome<detection_result>> results, double) { found = *results[0]; });
    return found;
}

void check_equal(const detection_result& found, const detection_result& expected) {
    CHECK(found.raw_score == expected.raw_score);
    CHECK(found.map == expected.map);
    CHECK(found.transform == expected.transform);
}

TEST_CASE("a frame scores as the file of its pixels, bit for bit", "[score]") {
    const test::scratch_folder folder;
    const auto rgb = test::image(90, 70, 3);
    const auto grey = test::noise(90, 70, 1), alpha = test::noise(90, 70, 4);
    std::vector<unsigned> rgba(alpha.pixels.begin(), alpha.pixels.end());
    image::write_png(folder / "rgb.png", rgb);
    image::write_png(folder / "grey.png", grey);
    test::write_raw_png(folder / "rgba.png", 90, 70, test::png_colour::rgba, rgba);

    constexpr std::size_t stride = 90 * 3 + 25;
    std::vector<std::uint8_t> bgr(70 * stride, 99), bgra(alpha.pixels);
    for (std::size_t y = 0; y < 70; ++y)
        for (std::size_t i = 0; i < 90 * 3; ++i) bgr[y * stride + i] = rgb.row(y)[i / 3 * 3 + 2 - i % 3];
    for (std::size_t i = 0; i < bgra.size(); i += 4) std::swap(bgra[i], bgra[i + 2]);
    const image::image_view bgr_view{
        .data = bgr.data(), .width = 90, .height = 70, .stride = stride, .format = pixel_format::bgr8};
    const image::image_view bgra_view{.data = bgra.data(), .width = 90, .height = 70, .format = pixel_format::bgra8};
    const auto padded_detector = frame_detector({.fit = image::fit::pad, .size = 64, .crop = 32});
    for (const auto* detector : {&shared_detector(), &padded_detector}) {
        const auto& by = *detector;
        const auto from_rgb = result_of_file(by, folder / "rgb.png");
        check_equal(by.score(rgb), from_rgb);
        check_equal(by.score(image::view_of(rgb)), from_rgb);
        check_equal(by.score(bgr_view), from_rgb);
        check_equal(by.score(image::view_of(grey)), result_of_file(by, folder / "grey.png"));
        check_equal(by.score(bgra_view), result_of_file(by, folder / "rgba.png"));
        const std::vector<image::image_view> both{bgr_view, bgra_view};
        const auto together = by.score(both);
        const auto expected = by.score(std::vector{rgb, image::to_rgb(bgra_view)});
        REQUIRE(together.size() == 2);
        for (std::size_t i = 0; i < 2; ++i) check_equal(together[i], expected[i]);
    }
}

TEST_CASE("a frame is scored in a region of interest as an image is", "[score]") {
    const auto& by = shared_detector();
    const auto rgb = test::image(90, 70, 3);
    auto roi = image::make_image<std::uint8_t>(90, 70, 1);
    for (std::size_t y = 20; y < 50; ++y)
        for (std::size_t x = 10; x < 60; ++x) *roi.at(x, y) = 1;
    check_equal(by.score(image::view_of(rgb), roi), by.score(rgb, roi));
    CHECK(by.score(rgb, roi).map != by.score(rgb).map);
}

TEST_CASE("scoring a frame allocates nothing of the frame's size", "[score]") {
    const auto& by = shared_detector();
    const std::vector<std::uint8_t> bytes(3 * 2000 * 1500, 100);
    for (const auto format : {pixel_format::bgr8, pixel_format::grey16, pixel_format::rggb8}) {
        const image::image_view frame{.data = bytes.data(), .width = 2000, .height = 1500, .format = format};
        CAPTURE(image::to_string(format));
        CHECK(test::largest_allocation([&] { (void)by.score(frame); }) < bytes.size() / 4);
    }
}

TEST_CASE("after a warm-up the first frame allocates no more than the second, and the results are the same", "[score]") {
    const auto by = frame_detector({.fit = image::fit::short_side, .size = 32});
    const auto small = test::image(150, 70, 3), wide = test::image(230, 70, 3);  // inputs of 64 and 96 pixels
    const auto first_and_second = [&](const image::image_u8& of) {
        const auto score = [&] { (void)by.score(image::view_of(of)); };
        return std::pair{test::largest_allocation(score), test::largest_allocation(score)};
    };
    const auto cold = first_and_second(small);
    CHECK(cold.first > cold.second);
    const auto before = by.score(image::view_of(small));
    by.warm_up(std::vector<image::size>{{230, 70}});
    const auto warm = first_and_second(wide);
    CHECK(warm.first == warm.second);
    by.warm_up(std::vector<image::size>{{150, 70}, {40, 30}}, {.frames = 3, .callers = 2});
    check_equal(by.score(image::view_of(small)), before);

    const auto warming = [&](std::vector<image::size> sizes, warm_up_options options = {}) {
        return test::message_of([&] { by.warm_up(sizes, options); });
    };
    CHECK(warming({}) == "nothing thrown");
    CHECK_THAT(warming({{0, 70}}), test::mentions("0 x 70"));
    CHECK_THAT(warming({{90, 70}}, {.frames = 0}), test::mentions("warm_up: found 0 frames"));
    CHECK_THAT(warming({{32, 32}, {64, 32}, {96, 32}, {128, 32}, {160, 32}}), test::mentions("5 sizes", "5 input sizes", "of 4"));
}

TEST_CASE("a frame that can't be read is refused, and the detector goes on", "[score]") {
    const auto& by = shared_detector();
    const auto rgb = test::image(90, 70, 3);
    auto bad = image::view_of(rgb);
    bad.stride = 100;
    const std::vector<image::image_view> frames{image::view_of(rgb), bad};
    CHECK_THAT(test::message_of([&] { (void)by.score(frames); }), test::mentions("stride is 100 bytes", "take 270"));
    CHECK(by.score(image::view_of(rgb)).raw_score > 0);
}

}  // namespace
