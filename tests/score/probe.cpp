// Probes a scorer that knows the photographs: its map is the difference from the photograph without a defect.
#include <rd4ad/score/probe.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <set>

#include <rd4ad/image/write.hpp>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/image_files.hpp>

using namespace rd4ad;

namespace {

/// Photographs of 128 x 96 pixels, of values 100 to 135.
struct probe_photographs {
    test::scratch_folder folder{};
    std::vector<image::image_u8> images{};
    std::vector<std::filesystem::path> files{};

    explicit probe_photographs(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            images.push_back(test::noise(128, 96, 3, i + 1));
            for (auto& value : images.back().pixels) value = static_cast<std::uint8_t>(100 + value / 32 * 5);
            files.push_back(folder / text(i, ".png"));
            image::write_png(files.back(), images.back());
        }
    }
};

/// The result of an ideal scorer: the map is the difference from `good`, in grey levels, at the size of the source or of the
/// input.
detection_result ideal_result(const image::image_u8& seen, const image::image_u8& good, const image::geometry& geometry,
                              map_size maps) {
    detection_result made{.map = image::make_image<float>(good.width, good.height, 1)};
    made.transform = image::make_fit_transform(geometry, good.width, good.height);
    for (std::size_t i = 0; i < made.map.pixels.size(); ++i)
        made.map.pixels[i] = static_cast<float>(std::abs(seen.pixels[3 * i] - good.pixels[3 * i]));
    if (maps == map_size::network) {  // the crop alone: the geometry of these tests does not resize
        made.map = image::crop(made.map, image::pixel_box{made.transform.crop_x, made.transform.crop_y, made.transform.width,
                                                          made.transform.height});
    }
    made.raw_score = *std::max_element(made.map.pixels.begin(), made.map.pixels.end());
    return made;
}

std::size_t total_tried(const probe_result& of) {
    std::size_t sum = 0;
    for (const auto& group : of.groups)
        for (const auto& cell : group.cells) sum += cell.tried;
    return sum;
}

}  // namespace

TEST_CASE("a probe finds what the scorer sees, where it is", "[score]") {
    const probe_photographs good{6};
    const image::geometry geometry{.size = 128, .height = 96};
    std::set<std::size_t> seen;
    std::size_t last = 0, all = 0;
    const auto score = [&](std::size_t photograph, std::span<const image::image_u8> images) {
        std::vector<detection_result> results;
        seen.insert(photograph);
        CHECK(images.size() <= 5);
        for (const auto& one : images) results.push_back(ideal_result(one, good.images[photograph], geometry, map_size::image));
        return results;
    };
    const probe_options options{.defects = {.kinds = {data::defect_kind::stain, data::defect_kind::dent},
                                            .sizes = {0.1, 0.2, 0.3},
                                            .contrasts = {10, 60}},
                                .batch = 5};
    const auto found = probe_images(good.files, score, 20, options, [&](std::size_t done, std::size_t of) {
        CHECK(done > last);
        last = done, all = of;
    });
    CHECK(seen.size() == 6);
    CHECK((last == all && all == 6 * 13));
    CHECK((found.photographs == 6 && found.false_alarms == 0));
    REQUIRE(found.groups.size() == 4);
    for (const auto& group : found.groups) {
        CAPTURE(to_string(group.kind), group.contrast);
        REQUIRE(group.cells.size() == 3);
        for (const auto& cell : group.cells) {
            CHECK(cell.tried == 6);
            CHECK(cell.found == (group.contrast > 20 ? 6u : 0u));
            CHECK(cell.localised == cell.found);
        }
        CHECK(group.outcomes.size() == 18);  // 6 of the 8 sizes of a cell
        CHECK(group.outcomes.front().size >= 0.1 / std::sqrt(2.0));
        CHECK(group.outcomes.back().size <= 0.3 * std::sqrt(2.0));
        REQUIRE(group.curve);
        CHECK(group.curve->a90.has_value() == (group.contrast > 20));
    }
    REQUIRE(found.examples.size() == 12);
    for (std::size_t i = 0; i < 12; ++i) {
        CHECK((found.examples[i].group == i / 3 && found.examples[i].cell == i % 3));
        CHECK_FALSE(found.examples[i].picture.image.empty());
        CHECK_FALSE(found.examples[i].picture.mask.empty());
    }
}

TEST_CASE("a probe is limited to max_runs, balanced, and determined by its seed", "[score]") {
    const probe_photographs good{9};
    const auto score = [&](std::span<const image::image_u8> images) {
        std::vector<detection_result> results(images.size());
        for (std::size_t i = 0; i < images.size(); ++i) {
            results[i] = ideal_result(images[i], images[i], {.size = 128, .height = 96}, map_size::image);
            results[i].raw_score =
                static_cast<float>(std::accumulate(images[i].pixels.begin(), images[i].pixels.end(), 0UL) % 97);
        }
        return results;
    };
    const auto few = probe_images(good.files, score, 40, {.max_runs = 100});
    CHECK(total_tried(few) == 99);
    CHECK(few.photographs == 9);
    CHECK(few.false_alarms > 0);
    for (const auto& group : few.groups)
        for (const auto& cell : group.cells) CHECK((cell.tried == 1 || cell.tried == 2));
    CHECK(to_json(few) == to_json(probe_images(good.files, score, 40, {.max_runs = 100, .batch = 3, .threads = 2})));
    CHECK(to_json(few) != to_json(probe_images(good.files, score, 40, {.max_runs = 100, .seed = 2})));
    const auto fewest = probe_images(good.files, score, 40, {.max_runs = 4});
    CHECK((fewest.photographs == 4 && total_tried(fewest) == 4));
    CHECK(total_tried(probe_images(good.files, score, 40, {.defects_per_photograph = 3})) == 27);
    const auto exact = probe_images(good.files, score, 40, {.defects = {.sizes = {0.3}}, .size_spread = 1});
    for (const auto& group : exact.groups) {
        REQUIRE(group.outcomes.size() == 1);
        CHECK(group.outcomes[0].size == 0.3);
        CHECK_FALSE(group.curve);
    }
}

TEST_CASE("defects lie where the network sees them, and inside the region", "[score]") {
    const probe_photographs good{4};
    const image::geometry cropped{.size = 128, .crop = 64, .height = 96};
    const auto score = [&](std::size_t photograph, std::span<const image::image_u8> images) {
        std::vector<detection_result> results;
        for (const auto& one : images) {
            const auto whole = ideal_result(one, good.images[photograph], {.size = 128, .height = 96}, map_size::image);
            results.push_back(ideal_result(one, good.images[photograph], cropped, map_size::network));
            CHECK(whole.raw_score == results.back().raw_score);  // the crop hides nothing
            for (std::size_t y = 0; y < 96; ++y)
                for (std::size_t x = 0; x < 60; ++x)
                    if (*whole.map.at(x, y) > 0) FAIL("a defect outside the region, at " << x << ", " << y);
        }
        return results;
    };
    const auto right_half = [](std::size_t, const image::image_u8& photograph) {
        auto region = image::make_image<std::uint8_t>(photograph.width, photograph.height, 1);
        for (std::size_t y = 0; y < region.height; ++y) std::fill_n(region.at(60, y), region.width - 60, std::uint8_t{1});
        return region;
    };
    const auto found = probe_images(good.files, score, 20,
                                    {.defects = {.kinds = {data::defect_kind::stain}, .sizes = {0.1}, .contrasts = {60}},
                                     .maps = map_size::network,
                                     .tolerance = 1,
                                     .region = right_half});
    CHECK((found.groups[0].cells[0].found == 4 && found.groups[0].cells[0].localised == 4));
}

TEST_CASE("a peak lies on a defect up to the tolerance", "[score]") {
    detection_result result{.map = image::make_image<float>(60, 50, 1)};
    result.transform = image::make_fit_transform({.size = 256}, 120, 100);
    *result.map.at(30, 20) = 1;
    auto mask = image::make_image<std::uint8_t>(120, 100, 1);
    CHECK_THAT(test::message_of<shape_error>([&] { (void)peak_lies_on(result, mask, map_size::network, 8); }),
               test::mentions("60 x 50", "256 x 256"));
    result.map = image::make_image<float>(256, 256, 1);
    *result.map.at(128, 128) = 1;                                      // the image's pixel (60, 50)
    CHECK_FALSE(peak_lies_on(result, mask, map_size::network, 1000));  // no defect
    *mask.at(70, 50) = 1;
    CHECK(peak_lies_on(result, mask, map_size::network, 22));
    CHECK_FALSE(peak_lies_on(result, mask, map_size::network, 19));
    result.map = image::make_image<float>(120, 100, 1);
    *result.map.at(70, 50) = 1;
    CHECK(peak_lies_on(result, mask, map_size::image, 0));
    CHECK_THAT(test::message_of<shape_error>([&] { (void)peak_lies_on(result, mask, map_size::network, 8); }),
               test::mentions("120 x 100", "256 x 256"));
}

TEST_CASE("a probe refuses impossible options and scorers", "[score]") {
    const probe_photographs good{1};
    const auto none = [](std::span<const image::image_u8>) { return std::vector<detection_result>{}; };
    const auto message = [&](const probe_options& options, double threshold = 1) {
        return test::message_of<option_error>([&] { (void)probe_images(good.files, none, threshold, options); });
    };
    CHECK_THAT(message({.max_runs = 0}), test::mentions("max_runs is 0"));
    CHECK_THAT(message({.size_spread = 5}), test::mentions("size_spread is 5"));
    CHECK_THAT(message({.tolerance = -1}), test::mentions("tolerance"));
    CHECK_THAT(message({}, std::nan("")), test::mentions("threshold"));
    CHECK_THAT(test::message_of<data_error>([&] { (void)probe_images({}, none, 1); }), test::mentions("no photographs"));
    CHECK_THAT(test::message_of<shape_error>([&] { (void)probe_images(good.files, none, 1); }),
               test::mentions("0 results for 1 images"));
}
