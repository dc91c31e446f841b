// An evaluation has every metric that its images and masks allow, and no other.
#include <rd4ad/score/evaluate.hpp>

#include <string>
#include <vector>

#include <rd4ad/data/mvtec.hpp>
#include <rd4ad/image/write.hpp>
#include <rd4ad/score/calibration_json.hpp>

#include <support/catch.hpp>
#include <support/layouts.hpp>
#include <support/mentions.hpp>
#include <support/small_model.hpp>
#include <support/training_images.hpp>

using namespace rd4ad;

namespace {

using B = test::first_backend;

const detector<B>& plain_detector() {
    static const detector<B> made{test::small_model(), {.size = map_size::network}};
    return made;
}

void write_image(const std::filesystem::path& path, std::uint64_t seed) {
    std::filesystem::create_directories(path.parent_path());
    image::write_png(path, test::image(40 + seed, 48, seed));
}

/// Two good images, three broken ones, and masks for the broken ones.
data::dataset small_set(const std::filesystem::path& root, bool masks = true) {
    write_image(root / "train" / "good" / "0.png", 1);
    for (std::uint64_t i = 0; i < 2; ++i) write_image(root / "test" / "good" / (std::to_string(i) + ".png"), 10 + i);
    for (std::uint64_t i = 0; i < 3; ++i) {
        const std::string name = std::to_string(i);
        write_image(root / "test" / "broken" / (name + ".png"), 20 + i);
        if (masks) test::write_mask(root / "ground_truth" / "broken" / (name + "_mask.png"), 60 + i, 48, 10, 10 + i);
    }
    return data::open_mvtec(root);
}

}  // namespace

TEST_CASE("a test set with masks gives every metric", "[score]") {
    const test::scratch_folder folder;
    const auto set = small_set(folder / "bolts");
    std::vector<std::size_t> order;
    std::vector<float> raw_scores;
    const auto result = evaluate(plain_detector(), set, 2,
                                 [&](std::size_t index, const image::image_u8& image, const detection_result& found,
                                     const std::optional<image::image_u8>& mask) {
                                     order.push_back(index);
                                     raw_scores.push_back(found.raw_score);
                                     CHECK(image == image::read(set.test[index].image));
                                     CHECK((found.map.width == 64 && found.map.height == 32));
                                     REQUIRE(mask);
                                     CHECK((mask->width == 64 && mask->height == 32));
                                 });
    CHECK(order == std::vector<std::size_t>{0, 1, 2, 3, 4});
    CHECK(result.raw_scores == raw_scores);
    CHECK(result.scores.empty());
    for (std::size_t i = 0; i < 5; ++i)
        CHECK(static_cast<double>(plain_detector().score(image::read(set.test[i].image)).raw_score) ==
              Approx(static_cast<double>(raw_scores[i])).margin(1e-5));
    REQUIRE((result.image_auroc && result.image_ap && result.best_f1 && result.best_f1_raw_threshold && result.pixels));
    const std::vector<std::uint8_t> labels{0, 0, 1, 1, 1};
    CHECK(*result.image_auroc == metrics::auroc(raw_scores, labels));
    CHECK(*result.image_ap == metrics::average_precision(raw_scores, labels));
    CHECK(*result.best_f1 == metrics::best_f1(raw_scores, labels).f1);
    CHECK(result.seconds > 0);
    REQUIRE(result.ms.size() == 5);
    CHECK((result.ms[0] > 0 && result.ms[0] == result.ms[1] && result.ms[4] > 0));
    REQUIRE(result.curves);
    CHECK((result.curves->roc.size() >= 2 && !result.curves->precision_recall.empty() && result.curves->pro.size() >= 2));
}

TEST_CASE("a calibrated detector's false alarms are counted, and pixels of borders are not", "[score]") {
    const test::scratch_folder folder;
    const auto set = small_set(folder / "bolts");
    const auto uncalibrated = evaluate(plain_detector(), set);
    CHECK((uncalibrated.scores.empty() && !uncalibrated.false_alarm_rate && !uncalibrated.false_alarm_count &&
           !uncalibrated.detection_rate));
    auto m = test::small_model();
    m.settings.height = m.settings.width = 64;
    m.settings.preprocessing.geometry = {.fit = image::fit::pad, .size = 64};
    m.settings.calibration = to_json(calibration{.typical = 0, .threshold = 1e-3});
    const detector<B> by{std::move(m), {.size = map_size::network}};
    std::size_t seen = 0;
    const auto found = evaluate(
        by, set, 3,
        [&](std::size_t index, const image::image_u8&, const detection_result& one, const std::optional<image::image_u8>& mask) {
            CHECK((one.map.width == 64 && mask->width == 64 && mask->height == 64));
            const auto inside = image::pixels_inside(one.transform);
            CHECK((inside.width * inside.height < 64 * 64));
            seen += index;
        });
    CHECK(seen == 10);
    CHECK(found.scores.size() == 5);
    CHECK((*found.false_alarm_rate == 1 && *found.detection_rate == 1));
    REQUIRE(found.false_alarm_count);
    CHECK(found.false_alarm_count->count == found.false_alarm_count->good);
    CHECK(found.pixels);
}

TEST_CASE("without masks the image metrics remain", "[score]") {
    const test::scratch_folder folder;
    const auto result = evaluate(plain_detector(), small_set(folder / "bolts", false));
    CHECK(result.raw_scores.size() == 5);
    CHECK((result.image_auroc && result.image_ap && result.best_f1));
    CHECK((!result.pixels && !result.curves));
}

TEST_CASE("with good images only there are raw scores and no metrics", "[score]") {
    const test::scratch_folder folder;
    auto set = small_set(folder / "bolts");
    set.test.resize(2);
    const auto result = evaluate(plain_detector(), set);
    CHECK(result.raw_scores.size() == 2);
    CHECK((!result.image_auroc && !result.image_ap && !result.best_f1 && !result.best_f1_raw_threshold && !result.pixels));
}

TEST_CASE("with broken images only the pixel metrics remain", "[score]") {
    const test::scratch_folder folder;
    auto set = small_set(folder / "bolts");
    set.test.erase(set.test.begin(), set.test.begin() + 2);
    const auto result = evaluate(plain_detector(), set);
    CHECK((!result.image_auroc && !result.image_ap && !result.best_f1));
    CHECK(result.pixels);
}

TEST_CASE("a mask that is missing or of another size ends the evaluation with its name", "[score]") {
    const test::scratch_folder folder;
    const auto root = folder / "bolts";
    const auto masks = root / "ground_truth" / "broken";
    static_cast<void>(small_set(root));
    std::filesystem::remove(masks / "1_mask.png");
    const auto message = [&] {
        return test::message_of([&] { static_cast<void>(evaluate(plain_detector(), data::open_mvtec(root), 2)); });
    };
    CHECK_THAT(message(), test::mentions(root / "test" / "broken" / "1.png", "mask", masks / "1_mask.png", masks / "1.png"));
    test::write_mask(masks / "1_mask.png", 48, 61, 1, 1);
    CHECK_THAT(message(), test::mentions(masks / "1_mask.png", "48 x 61", root / "test" / "broken" / "1.png", "61 x 48"));
}

TEST_CASE("images that can't be evaluated are listed, and everything else is as without them", "[score]") {
    const test::scratch_folder folder;
    const auto root = folder / "bolts";
    auto set = small_set(root);
    const auto without = evaluate(plain_detector(), set, 2);
    const auto damaged = root / "test" / "good" / "damaged.png", unmasked = root / "test" / "broken" / "unmasked.png",
               misfit = root / "test" / "broken" / "misfit.png", bad_mask = root / "test" / "broken" / "bad_mask.png";
    test::write_text(damaged, "no image");
    for (const auto& path : {unmasked, misfit, bad_mask}) write_image(path, 30);
    const auto masks = root / "ground_truth" / "broken";
    test::write_mask(masks / "misfit_mask.png", 7, 8, 1, 1);
    test::write_text(masks / "bad_mask_mask.png", "no image");
    const auto& good = set.test;
    const std::vector<data::item> items{
        {.image = damaged},
        good[0],
        good[1],
        {.image = unmasked, .is_anomalous = true, .kind = "broken"},
        good[2],
        {.image = misfit, .is_anomalous = true, .kind = "broken", .mask = masks / "misfit_mask.png"},
        {.image = bad_mask, .is_anomalous = true, .kind = "broken", .mask = masks / "bad_mask_mask.png"},
        good[3],
        good[4]};
    data::dataset all = set;
    all.test = items;
    std::vector<std::size_t> seen;
    const auto found = evaluate(
        plain_detector(), all, 2,
        [&](std::size_t index, const image::image_u8& image, const detection_result&,
            const std::optional<image::image_u8>& mask) {
            seen.push_back(index);
            CHECK(image == image::read(all.test[index].image));
            CHECK(mask);
        },
        {}, on_failure::skip);
    CHECK(seen == std::vector<std::size_t>{1, 2, 4, 7, 8});
    CHECK(found.raw_scores == without.raw_scores);
    CHECK((found.ms.size() == 5 && found.image_auroc == without.image_auroc && found.best_f1 == without.best_f1));
    REQUIRE((found.pixels && without.pixels));
    CHECK((found.pixels->auroc == without.pixels->auroc && found.pixels->aupro == without.pixels->aupro));
    REQUIRE(found.failures.size() == 4);
    const std::vector<std::size_t> indices{0, 3, 5, 6};
    for (std::size_t i = 0; i < 4; ++i) CHECK(found.failures[i].index == indices[i]);
    CHECK_THAT(found.failures[0].reason.message, test::mentions(damaged, "not an image"));
    CHECK_THAT(found.failures[1].reason.message, test::mentions(unmasked, "mask is missing"));
    CHECK_THAT(found.failures[2].reason.message, test::mentions(misfit, "7 x 8"));
    CHECK_THAT(found.failures[3].reason.message, test::mentions(masks / "bad_mask_mask.png", "not an image"));
    const auto used = evaluated_set(all, found);
    REQUIRE(used.test.size() == 5);
    for (std::size_t i = 0; i < 5; ++i) CHECK(used.test[i].image == good[i].image);
    CHECK_THAT(test::message_of([&] { static_cast<void>(evaluate(plain_detector(), all, 2)); }), test::mentions(damaged));
    // A set of which nothing can be read has failures and no metric.
    all.test.resize(1);
    const auto none = evaluate(plain_detector(), all, 2, {}, {}, on_failure::skip);
    CHECK((none.failures.size() == 1 && none.raw_scores.empty() && !none.image_auroc && !none.pixels && !none.false_alarm_rate));
}

TEST_CASE("a set without test images, and batches without images, are refused", "[score]") {
    data::dataset set;
    set.name = "bolts";
    CHECK_THAT(test::message_of([&] { static_cast<void>(evaluate(plain_detector(), set)); }),
               test::mentions("'bolts'", "no test images", "test/good"));
    set.test.push_back({.image = "0.png"});
    CHECK_THAT(test::message_of([&] { static_cast<void>(evaluate(plain_detector(), set, 0)); }),
               test::mentions("evaluate", "batch of 0", "at least 1"));
}
