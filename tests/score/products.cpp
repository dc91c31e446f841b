// Several products in one model: a calibration each, chosen by the image's product, and metrics for each product.
#include <rd4ad/score/evaluate.hpp>

#include <cstddef>
#include <string>
#include <utility>

#include <rd4ad/image/write.hpp>
#include <rd4ad/score/calibration_json.hpp>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/small_model.hpp>
#include <support/training_images.hpp>

using namespace rd4ad;

namespace {

using product_backend = test::first_backend;

/// Bolts are anomalous from a raw score of 0.001, nuts from 2.9.
product_calibrations bolts_and_nuts() {
    return {{"bolts", calibration{.typical = 0, .threshold = 1e-3}}, {"nuts", calibration{.typical = 0.1, .threshold = 2.9}}};
}

model<product_backend> product_model() {
    auto m = test::small_model();
    m.settings.calibration = to_json(bolts_and_nuts());
    return m;
}

data::dataset product_set(const test::scratch_folder& folder) {
    data::dataset set{.name = "parts"};
    for (std::size_t i = 0; i < 6; ++i) {
        const auto file = folder / (std::to_string(i) + ".png");
        image::write_png(file, test::image(50, 40, i));
        set.test.push_back({.image = file, .is_anomalous = i % 3 == 0, .product = i < 3 ? "nuts" : "bolts"});
    }
    return set;
}

}  // namespace

TEST_CASE("calibrations of several products are stored and read again", "[score]") {
    const auto of = bolts_and_nuts();
    CHECK(calibrations_from(io::parse_json(to_json(of).dump(), "text"), "part") == of);
    CHECK((per_product(of) && product_names(of) == "bolts, nuts"));
    const calibration one{.threshold = 0.7};
    const auto single = calibrations_from(to_json(one), "part");
    CHECK((!per_product(single) && single == product_calibrations{{"", one}} && to_json(single) == to_json(one)));
    CHECK((calibrations_from({}, "part").empty() && to_json(product_calibrations{}).is_null()));
    CHECK(*calibration_of(single, "anything", "part") == one);
    CHECK(calibration_of({}, "anything", "part") == nullptr);
    CHECK(calibration_of(of, "nuts", "part")->threshold == 2.9);
    CHECK_THAT(test::message_of([&] { static_cast<void>(calibration_of(of, "", "part")); }),
               test::mentions("part", "bolts, nuts", "no product", "--product"));
    CHECK_THAT(test::message_of([&] { static_cast<void>(calibration_of(of, "gear", "part")); }),
               test::mentions("bolts, nuts", "gear"));
    io::json broken = to_json(of);
    broken["products"]["nuts"].erase("threshold");
    CHECK_THAT(test::message_of([&] { static_cast<void>(calibrations_from(broken, "part")); }),
               test::mentions("part", "nuts", "threshold"));
}

TEST_CASE("a detector scores by the threshold of the product that it is given", "[score]") {
    const auto image = test::image(50, 40, 1);
    const detector<product_backend> bolts{product_model(), {.product = "bolts"}}, nuts{product_model(), {.product = "nuts"}},
        none{product_model()};
    CHECK((bolts.score(image).is_anomalous() == true && nuts.score(image).is_anomalous() == false));
    CHECK((bolts.calibration()->threshold == 1e-3 && !none.calibration() && none.calibrations() == bolts_and_nuts()));
    CHECK_THAT(test::message_of([&] { static_cast<void>(none.score(image)); }), test::mentions("bolts, nuts", "--product"));
    const test::scratch_folder folder;
    const std::vector<std::filesystem::path> files{product_set(folder).test.front().image};
    CHECK_THAT(test::message_of([&] { none.score_files(files, [](auto, auto, auto) { FAIL("scored"); }); }),
               test::mentions("bolts, nuts"));
    CHECK(none.raw_scores(files).size() == 1);
    CHECK_THAT(test::message_of([&] {
                   detector<product_backend>{product_model(), {.product = "gear"}};
               }),
               test::mentions("gear", "bolts, nuts"));
    CHECK_THAT(test::message_of([&] {
                   detector<product_backend>{test::small_model(), {.product = "gear"}};
               }),
               test::mentions("gear", "no threshold per product"));
}

TEST_CASE("a test of several products has metrics for each and for all", "[score]") {
    const test::scratch_folder folder;
    auto set = product_set(folder);
    const detector<product_backend> by{product_model(), {.size = map_size::network}};
    const auto found = evaluate(by, set);
    REQUIRE((found.products.size() == 2 && found.products[0].product == "bolts" && found.products[1].product == "nuts"));
    const auto &bolts = found.products[0].found, &nuts = found.products[1].found;
    CHECK((*bolts.false_alarm_rate == 1 && *bolts.detection_rate == 1 && *nuts.false_alarm_rate == 0));
    CHECK((*found.false_alarm_rate == 0.5 && *found.detection_rate == 0.5 && found.scores.size() == 6));
    CHECK((bolts.false_alarm_count->count == 2 && !found.false_alarm_count));
    CHECK(nuts.raw_scores == std::vector<float>(found.raw_scores.begin(), found.raw_scores.begin() + 3));
    CHECK((nuts.image_auroc && nuts.ms.size() == 3));

    for (auto& one : set.test) one.product = "";
    CHECK_THAT(test::message_of([&] { static_cast<void>(evaluate(by, set)); }), test::mentions("parts", "bolts, nuts"));
    set.name = "nuts";
    const auto of_nuts = evaluate(by, set);
    CHECK((of_nuts.products.empty() && *of_nuts.false_alarm_rate == 0 && of_nuts.false_alarm_count));
}
