// Two programs compared: metrics as pycocotools and scikit-learn compute them, correct verdicts, means over classes.
#include <rd4ad/score/compare.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <rd4ad/score/boxes.hpp>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/reference_text.hpp>

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
    const auto labels = from.bytes("anomalous"), judged = from.bytes("judged");
    const auto truth = boxes_by_image(from.all("truth"), labels.size(), false),
               rd4ad = boxes_by_image(from.all("rd4ad"), labels.size(), true),
               external = boxes_by_image(from.all("external"), labels.size(), true);
    std::vector<compared_image> images;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        const auto mask = mask_of_boxes(truth[i], width, height);
        const auto detections = [&](const std::vector<metrics::box>& boxes) {
            return image_detections{boxes, metrics::count_masks(mask.pixels, mask_of_boxes(boxes, width, height).pixels)};
        };
        images.push_back({labels[i] != 0, truth[i], detections(rd4ad[i]), std::nullopt});
        if (judged[i] != 0) images.back().external = detections(external[i]);
    }
    return images;
}

/// An image and the verdicts of both programs; a box of an anomalous image is the true box.
compared_image simple(bool is_anomalous, bool rd4ad_verdict, bool external_verdict) {
    const std::vector<metrics::box> one{{2, 2, 4, 4, 0.5}}, none;
    const metrics::mask_counts hit{16, 16, 16}, missed{0, is_anomalous ? 16u : 0u, 0}, wrong{0, 0, 16};
    const auto detections = [&](bool verdict) {
        return image_detections{verdict ? one : none, !verdict ? missed : is_anomalous ? hit : wrong};
    };
    return {is_anomalous, is_anomalous ? one : none, detections(rd4ad_verdict), detections(external_verdict)};
}

}  // namespace

TEST_CASE("the metrics of both programs agree with pycocotools and scikit-learn", "[score]") {
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
        check(found.rd4ad_on_all, "rd4ad_on_all");
        check(found.rd4ad, "rd4ad_shared");
        check(found.external, "external_shared");
        for (std::size_t m = 0; m < found.difference.size(); ++m) {
            REQUIRE(found.difference[m]);
            CHECK(found.difference[m]->value == Approx(found.rd4ad[m] - found.external[m]).margin(1e-12));
            CHECK(found.difference[m]->low <= found.difference[m]->high);
        }
    }
}

TEST_CASE("images with one correct verdict are listed, and equal detections have no difference", "[score]") {
    std::vector<compared_image> images{simple(true, true, false), simple(false, true, false), simple(true, true, true),
                                       simple(false, false, true), simple(true, false, false)};
    auto found = compare(images, {.resamples = 200});
    CHECK(found.shared == 5);
    CHECK(found.only_rd4ad_correct == std::vector<std::size_t>{0, 3});
    CHECK(found.only_external_correct == std::vector<std::size_t>{1});
    for (auto& one : images) one.external = one.rd4ad;
    found = compare(images, {.resamples = 200});
    for (const auto& d : found.difference) {
        REQUIRE(d);
        CHECK((d->value == 0 && d->low == 0 && d->high == 0));
    }
    CHECK((found.only_rd4ad_correct.empty() && found.only_external_correct.empty()));
}

TEST_CASE("a metric that the images don't allow is NaN and has no difference", "[score]") {
    const std::vector<compared_image> good{simple(false, false, false), simple(false, false, false)};
    const auto found = compare(good, {.resamples = 20});
    CHECK((std::isnan(found.rd4ad[0]) && std::isnan(found.rd4ad[7]) && !found.difference[0] && !found.difference[7]));
    CHECK((found.rd4ad[6] == 1 && found.rd4ad[8] == 1));
}

TEST_CASE("programs without a shared image can't be compared", "[score]") {
    std::vector<compared_image> images{simple(true, true, true)};
    images[0].external.reset();
    CHECK_THAT(test::message_of([&] { static_cast<void>(compare(images)); }),
               test::mentions("compare", "none of the 1 test images", "names"));
}

TEST_CASE("the mean over classes has the interval of independent draws", "[score]") {
    const std::vector<compared_image> good{simple(false, false, false), simple(false, false, true)};
    const std::vector<compared_image> mixed{simple(true, true, false), simple(false, false, false), simple(true, true, true)};
    const std::vector<comparison> classes{compare(good, {.resamples = 400}), compare(mixed, {.resamples = 400, .seed = 112})};
    const auto mean = mean_comparison(classes);
    CHECK(mean.shared == 5);
    CHECK(mean.rd4ad[6] == 1);
    CHECK(mean.external[6] == Approx((0.5 + 2.0 / 3) / 2));
    REQUIRE(mean.difference[6]);
    CHECK(mean.difference[6]->value == Approx((0.5 + 1.0 / 3) / 2));
    CHECK((mean.difference[6]->low == 0 &&
           mean.difference[6]->high == Approx(5.0 / 6)));  // the value 1 is in fewer than 1 of 100 draws
    REQUIRE(mean.difference[0]);                           // only the mixed class has true boxes
    CHECK(mean.rd4ad[0] == classes[1].rd4ad[0]);
    CHECK(
        (mean.difference[0]->low == classes[1].difference[0]->low && mean.difference[0]->high == classes[1].difference[0]->high));
    const auto alone = mean_comparison(std::span{classes}.first(1));
    CHECK((std::isnan(alone.rd4ad[0]) && !alone.difference[0]));
    CHECK(alone.difference[6]->high == classes[0].difference[6]->high);
    const std::vector<comparison> uneven{classes[0], compare(mixed, {.resamples = 10})};
    CHECK_THAT(test::message_of([&] { static_cast<void>(mean_comparison(uneven)); }),
               test::mentions("mean_comparison", "400", "10 draws", "equal"));
    CHECK_THAT(test::message_of([&] { static_cast<void>(mean_comparison({})); }),
               test::mentions("mean_comparison", "no class", "at least one"));
}
