#include <rd4ad/score/compare.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/reference_text.hpp>

#include <cmath>
#include <string>
#include <vector>

using namespace rd4ad;

namespace {

std::vector<std::vector<metrics::box>> boxes_by_image(const std::vector<double>& rows, std::size_t images, bool scored) {
    std::vector<std::vector<metrics::box>> all(images);
    const std::size_t each = scored ? 6 : 5;
    for (std::size_t i = 0; i < rows.size(); i += each)
        all.at(static_cast<std::size_t>(rows[i]))
            .push_back({rows[i + 1], rows[i + 2], rows[i + 3], rows[i + 4], scored ? rows[i + 5] : 0.0});
    return all;
}

std::vector<compared_image> images_of(const test::reference_case& from) {
    const auto width = static_cast<std::size_t>(from.all("size")[0]), height = static_cast<std::size_t>(from.all("size")[1]);
    const auto anomalous = from.bytes("anomalous"), judged = from.bytes("judged");
    const auto truth = boxes_by_image(from.all("truth"), anomalous.size(), false),
               ours = boxes_by_image(from.all("ours"), anomalous.size(), true),
               theirs = boxes_by_image(from.all("theirs"), anomalous.size(), true);
    std::vector<compared_image> images;
    for (std::size_t i = 0; i < anomalous.size(); ++i) {
        const auto mask = mask_of_boxes(truth[i], width, height);
        const auto side = [&](const std::vector<metrics::box>& boxes) {
            return boxes_judged{boxes, metrics::count_masks(mask.pixels, mask_of_boxes(boxes, width, height).pixels)};
        };
        images.push_back({anomalous[i] != 0, truth[i], side(ours[i]), std::nullopt});
        if (judged[i] != 0) images.back().theirs = side(theirs[i]);
    }
    return images;
}

compared_image simple(bool anomalous, bool ours, bool theirs) {
    const std::vector<metrics::box> one{{2, 2, 4, 4, 0.5}}, none;
    const metrics::mask_counts hit{16, 16, 16}, missed{0, anomalous ? 16u : 0u, 0}, wrong{0, 0, 16};
    const auto side = [&](bool called) { return boxes_judged{called ? one : none, !called ? missed : anomalous ? hit : wrong}; };
    return {anomalous, anomalous ? one : none, side(ours), side(theirs)};
}

}  // namespace

TEST_CASE("both sides agree with pycocotools and scikit-learn", "[score]") {
    for (const auto& reference : test::reference_cases("metrics/comparison.txt")) {
        INFO(reference.name);
        const auto images = images_of(reference);
        const auto found = compare(images, {.resamples = 50});
        const auto check = [&](const comparison_values& values, const std::string& key) {
            for (std::size_t m = 0; m < values.size(); ++m) {
                INFO(key << ", " << comparison_metrics[m]);
                CHECK(values[m] == Approx(reference.all(key)[m]).margin(1e-6));
            }
        };
        check(found.ours_on_all, "ours_on_all");
        check(found.ours, "ours_shared");
        check(found.theirs, "theirs_shared");
        for (std::size_t m = 0; m < found.difference.size(); ++m) {
            REQUIRE(found.difference[m]);
            CHECK(found.difference[m]->value == Approx(found.ours[m] - found.theirs[m]).margin(1e-12));
            CHECK(found.difference[m]->low <= found.difference[m]->high);
        }
    }
}

TEST_CASE("images that one alone judges rightly are told, and equal detectors don't differ", "[score]") {
    std::vector<compared_image> images{simple(true, true, false), simple(false, true, false), simple(true, true, true),
                                       simple(false, false, true), simple(true, false, false)};
    auto found = compare(images, {.resamples = 200});
    CHECK(found.shared == 5);
    CHECK(found.only_ours_right == std::vector<std::size_t>{0, 3});
    CHECK(found.only_theirs_right == std::vector<std::size_t>{1});
    for (auto& one : images) one.theirs = one.ours;
    found = compare(images, {.resamples = 200});
    for (const auto& d : found.difference) {
        REQUIRE(d);
        CHECK((d->value == 0 && d->low == 0 && d->high == 0));
    }
    CHECK((found.only_ours_right.empty() && found.only_theirs_right.empty()));
}

TEST_CASE("what the images don't allow is not a number, and has no difference", "[score]") {
    const std::vector<compared_image> good{simple(false, false, false), simple(false, false, false)};
    const auto found = compare(good, {.resamples = 20});
    CHECK((std::isnan(found.ours[0]) && std::isnan(found.ours[7]) && !found.difference[0] && !found.difference[7]));
    CHECK((found.ours[6] == 1 && found.ours[8] == 1));
}

TEST_CASE("detectors without a common image can't be compared", "[score]") {
    std::vector<compared_image> images{simple(true, true, true)};
    images[0].theirs.reset();
    CHECK(test::message_of([&] { static_cast<void>(compare(images)); }) ==
          "compare: the other detector has judged none of the 1 test images; check that its names are those of the files");
}

TEST_CASE("several classes' means, their interval that of independent draws", "[score]") {
    const std::vector<compared_image> good{simple(false, false, false), simple(false, false, true)};
    const std::vector<compared_image> mixed{simple(true, true, false), simple(false, false, false), simple(true, true, true)};
    const std::vector<comparison> classes{compare(good, {.resamples = 400}), compare(mixed, {.resamples = 400, .seed = 112})};
    const auto mean = mean_comparison(classes);
    CHECK(mean.shared == 5);
    CHECK(mean.ours[6] == 1);
    CHECK(mean.theirs[6] == Approx((0.5 + 2.0 / 3) / 2));
    REQUIRE(mean.difference[6]);
    CHECK(mean.difference[6]->value == Approx((0.5 + 1.0 / 3) / 2));
    CHECK((mean.difference[6]->low == 0 && mean.difference[6]->high == Approx(5.0 / 6)));  // 1 in less than 1 of 100 draws
    REQUIRE(mean.difference[0]);  // boxes: the good class has none, and no part in it
    CHECK(mean.ours[0] == classes[1].ours[0]);
    CHECK(
        (mean.difference[0]->low == classes[1].difference[0]->low && mean.difference[0]->high == classes[1].difference[0]->high));
    const auto alone = mean_comparison(std::span{classes}.first(1));
    CHECK((std::isnan(alone.ours[0]) && !alone.difference[0]));
    CHECK(alone.difference[6]->high == classes[0].difference[6]->high);
    const std::vector<comparison> uneven{classes[0], compare(mixed, {.resamples = 10})};
    CHECK(test::message_of([&] { static_cast<void>(mean_comparison(uneven)); }) ==
          "mean_comparison: classes of 400 and of 10 draws; expected as many");
    CHECK(test::message_of([&] { static_cast<void>(mean_comparison({})); }) ==
          "mean_comparison: there is no class, expected at least one");
}

TEST_CASE("a map's boxes lie in the photograph, with the largest value within", "[score]") {
    auto map = image::make_image<float>(64, 32, 1);
    for (std::size_t x = 8; x < 12; ++x) *map.at(x, 4) = 0.5f;
    *map.at(12, 5) = 0.75f;   // touches the row at a corner
    *map.at(40, 20) = 0.25f;  // below the threshold
    *map.at(60, 30) = 1;
    const auto place = image::place({.size = 64, .height = 32}, 128, 128);
    const auto boxes = boxes_of_map(map, place, 0.5);
    REQUIRE(boxes.size() == 2);
    CHECK((boxes[0].x == 16 && boxes[0].y == 16 && boxes[0].width == 10 && boxes[0].height == 8 && boxes[0].score == 0.75));
    CHECK((boxes[1].x == 120 && boxes[1].y == 120 && boxes[1].width == 2 && boxes[1].height == 4 && boxes[1].score == 1));
}

TEST_CASE("a mask's boxes and back, cut off at the edges", "[score]") {
    const std::vector<metrics::box> boxes{{1, 2, 3, 2}, {8, 0, 4, 20}};
    const auto mask = mask_of_boxes(boxes, 10, 6);
    const auto found = boxes_of_mask(mask);
    REQUIRE(found.size() == 2);
    CHECK((found[0].x == 8 && found[0].y == 0 && found[0].width == 2 && found[0].height == 6));
    CHECK((found[1].x == 1 && found[1].y == 2 && found[1].width == 3 && found[1].height == 2));
    const std::vector<metrics::box> outside{{-5, -5, 3, 3}, {0.4, 0.4, 0.2, 0.2}};
    CHECK(boxes_of_mask(mask_of_boxes(outside, 10, 6)).size() == 1);  // the second holds a pixel's centre
}
