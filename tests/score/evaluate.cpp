// A test set scored: every metric that its images and masks allow, and no other.
#include <rd4ad/score/evaluate.hpp>

#include <string>
#include <vector>

#include <rd4ad/data/mvtec.hpp>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/layouts.hpp>
#include <support/photographs.hpp>

using namespace rd4ad;

namespace {

using B = std::tuple_element_t<0, test::backends>;

const detector<B>& small_detector() {
    static const detector<B> made = [] {
        auto m = make_model_without_teacher<B>("resnet18", {.threads = 1});
        m.settings.height = 32, m.settings.width = 64;
        m.settings.view.geometry = {.size = 64, .height = 32};
        return detector<B>{std::move(m), {.size = map_size::network}};
    }();
    return made;
}

void write_photograph(const std::filesystem::path& path, std::uint64_t seed) {
    std::filesystem::create_directories(path.parent_path());
    image::write_png(path, test::photograph(40 + seed, 48, seed));
}

/// Two good photographs, three broken ones, and masks for the latter.
data::dataset small_set(const std::filesystem::path& root, bool masks = true) {
    write_photograph(root / "train" / "good" / "0.png", 1);
    for (std::uint64_t i = 0; i < 2; ++i) write_photograph(root / "test" / "good" / (std::to_string(i) + ".png"), 10 + i);
    for (std::uint64_t i = 0; i < 3; ++i) {
        const std::string name = std::to_string(i);
        write_photograph(root / "test" / "broken" / (name + ".png"), 20 + i);
        if (masks) test::write_mask(root / "ground_truth" / "broken" / (name + "_mask.png"), 60 + i, 48, 10, 10 + i);
    }
    return data::open_mvtec(root);
}

}  // namespace

TEST_CASE("a test set with masks gives every metric", "[score]") {
    const test::scratch_folder folder;
    const auto set = small_set(folder / "bolts");
    std::vector<std::size_t> order;
    std::vector<float> scores;
    const auto result = evaluate(small_detector(), set, 2,
                                 [&](std::size_t index, const image::picture& photograph, const finding& found,
                                     const std::optional<image::picture>& mask) {
                                     order.push_back(index);
                                     scores.push_back(found.score);
                                     CHECK(photograph == image::read(set.test[index].image));
                                     CHECK((found.map.width == 64 && found.map.height == 32));
                                     REQUIRE(mask);
                                     CHECK((mask->width == 64 && mask->height == 32));
                                 });
    CHECK(order == std::vector<std::size_t>{0, 1, 2, 3, 4});
    CHECK(result.scores == scores);
    for (std::size_t i = 0; i < 5; ++i)
        CHECK(static_cast<double>(small_detector().score(image::read(set.test[i].image)).score) ==
              Approx(static_cast<double>(scores[i])).margin(1e-5));
    REQUIRE((result.image_auroc && result.image_ap && result.best_f1 && result.best_f1_threshold && result.pixels));
    const std::vector<std::uint8_t> labels{0, 0, 1, 1, 1};
    CHECK(*result.image_auroc == metrics::auroc(scores, labels));
    CHECK(*result.image_ap == metrics::average_precision(scores, labels));
    CHECK(*result.best_f1 == metrics::best_f1(scores, labels).f1);
    CHECK(result.seconds > 0);
    REQUIRE(result.ms.size() == 5);
    CHECK((result.ms[0] > 0 && result.ms[0] == result.ms[1] && result.ms[4] > 0));
    REQUIRE(result.curves);
    CHECK((result.curves->roc.size() >= 2 && !result.curves->precision_recall.empty() && result.curves->pro.size() >= 2));
}

TEST_CASE("a calibrated detector's alarms are counted, and borders are not judged", "[score]") {
    const test::scratch_folder folder;
    const auto set = small_set(folder / "bolts");
    const auto raw = evaluate(small_detector(), set);
    CHECK((raw.calibrated.empty() && !raw.false_alarms && !raw.alarms && !raw.detected));
    auto m = make_model_without_teacher<B>("resnet18", {.threads = 1});
    m.settings.height = m.settings.width = 64;
    m.settings.view.geometry = {.fit = image::fit::pad, .size = 64};
    m.settings.calibration = to_json(calibration{.typical = 0, .threshold = 1e-3});
    const detector<B> by{std::move(m), {.size = map_size::network}};
    std::size_t seen = 0;
    const auto found = evaluate(
        by, set, 3, [&](std::size_t index, const image::picture&, const finding& one, const std::optional<image::picture>& mask) {
            CHECK((one.map.width == 64 && mask->width == 64 && mask->height == 64));
            const auto part = image::pixels_inside(one.place);
            CHECK((part.width * part.height < 64 * 64));
            seen += index;
        });
    CHECK(seen == 10);
    CHECK(found.calibrated.size() == 5);
    CHECK((*found.false_alarms == 1 && *found.detected == 1));
    REQUIRE(found.alarms);
    CHECK(found.alarms->count == found.alarms->good);
    CHECK(found.pixels);
}

TEST_CASE("without masks the images are still judged", "[score]") {
    const test::scratch_folder folder;
    const auto result = evaluate(small_detector(), small_set(folder / "bolts", false));
    CHECK(result.scores.size() == 5);
    CHECK((result.image_auroc && result.image_ap && result.best_f1));
    CHECK((!result.pixels && !result.curves));
}

TEST_CASE("with good images only there is nothing to measure but the scores", "[score]") {
    const test::scratch_folder folder;
    auto set = small_set(folder / "bolts");
    set.test.resize(2);
    const auto result = evaluate(small_detector(), set);
    CHECK(result.scores.size() == 2);
    CHECK((!result.image_auroc && !result.image_ap && !result.best_f1 && !result.best_f1_threshold && !result.pixels));
}

TEST_CASE("with broken images only the pixels are still judged", "[score]") {
    const test::scratch_folder folder;
    auto set = small_set(folder / "bolts");
    set.test.erase(set.test.begin(), set.test.begin() + 2);
    const auto result = evaluate(small_detector(), set);
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
        return test::message_of([&] { static_cast<void>(evaluate(small_detector(), data::open_mvtec(root), 2)); });
    };
    CHECK(message() == (root / "test" / "broken" / "1.png").string() + ": its mask is missing; expected " +
                           (masks / "1_mask.png").string() + " or " + (masks / "1.png").string() +
                           "; add it, or take the defect's image out of the test set");
    test::write_mask(masks / "1_mask.png", 48, 61, 1, 1);
    CHECK(message() == (masks / "1_mask.png").string() + ": the mask is 48 x 61 pixels, its image " +
                           (root / "test" / "broken" / "1.png").string() +
                           " is 61 x 48; they must be equal, draw the mask at the image's size");
}

TEST_CASE("a set without test images, and batches without images, are refused", "[score]") {
    data::dataset set;
    set.name = "bolts";
    CHECK(test::message_of([&] { static_cast<void>(evaluate(small_detector(), set)); }) ==
          "data set 'bolts' has no test images: expected test/good and test/<defect>");
    set.test.push_back({.image = "0.png"});
    CHECK(test::message_of([&] { static_cast<void>(evaluate(small_detector(), set, 0)); }) ==
          "evaluate: batch 0, expected at least 1");
}
