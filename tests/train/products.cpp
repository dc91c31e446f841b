// Several products in one training: folds, thresholds and suspects of each, and refusals that name the product.
#include <rd4ad/train/train_model.hpp>

#include <cstddef>
#include <filesystem>
#include <set>
#include <string>
#include <tuple>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/training_images.hpp>

using namespace rd4ad;

namespace {

using joined_backend = std::tuple_element_t<0, test::backends>;

/// `bolts` bolts and `nuts` nuts in turn; nuts are brighter.
data::dataset bolts_with_nuts(const std::filesystem::path& folder, std::size_t bolts, std::size_t nuts) {
    data::dataset set{.name = "parts"};
    for (std::size_t i = 0; i < std::max(bolts, nuts); ++i)
        for (const bool nut : {false, true}) {
            if (i >= (nut ? nuts : bolts)) continue;
            const auto path = folder / (std::to_string(i) + (nut ? "_nut.png" : "_bolt.png"));
            auto image = test::image(40, 40, 2 * i + (nut ? 1 : 0));
            for (auto& value : image.pixels) value = static_cast<std::uint8_t>(nut ? 255 - value : value);
            image::write_png(path, image);
            set.train.push_back({.image = path, .product = nut ? "nut" : "bolt"});
        }
    return set;
}

train_options joined_training() {
    train_options options;
    options.epochs = 1, options.batch = 4, options.size = 32, options.learning_rate = 0.001;
    return options;
}

model<joined_backend> model_of_parts() {
    return make_model_without_teacher<joined_backend>("resnet18", {.seed = 5, .threads = 1});
}

}  // namespace

TEST_CASE("each product of a training gets its threshold from its own images", "[train]") {
    const test::scratch_folder folder;
    const auto set = bolts_with_nuts(folder.path(), 8, 6);
    for (const auto by : {calibration_images::cross, calibration_images::hold_out}) {
        auto options = joined_training();
        options.calibrate_by = by, options.validation = 0.5;
        auto m = model_of_parts();
        static_cast<void>(train(m, set, options));
        const auto made = calibrations_from(m.settings.calibration, "model");
        REQUIRE(product_names(made) == "bolt, nut");
        const bool crossed = by == calibration_images::cross;
        CHECK(made.at("bolt").good_scores.size() == (crossed ? 8 : 4));
        CHECK(made.at("nut").good_scores.size() == (crossed ? 6 : 3));
        CHECK(made.at("bolt").threshold != made.at("nut").threshold);
        CHECK(made.at("nut").source == (crossed ? score_source::out_of_fold : score_source::hold_out));
    }
    auto one = set;
    for (auto& item : one.train) item.product = "part";
    auto m = model_of_parts();
    static_cast<void>(train(m, one, joined_training()));
    CHECK(!per_product(calibrations_from(m.settings.calibration, "model")));
}

TEST_CASE("every fold's student sees every product", "[train]") {
    const test::scratch_folder folder;
    const auto set = bolts_with_nuts(folder.path(), 12, 4);
    auto m = model_of_parts();
    std::set<std::string> nuts;
    std::size_t folds = 0;
    visit_fold_students<joined_backend>(m, set, joined_training(),
                                        [&](model<joined_backend>&, std::span<const std::filesystem::path> images) {
                                            ++folds;
                                            for (const auto& one : images)
                                                if (one.string().find("_nut") != std::string::npos)
                                                    nuts.insert(rd4ad::text(folds, one.filename()));
                                            CHECK(images.size() == 4);
                                        });
    CHECK((folds == 4 && nuts.size() == 4));
    for (std::size_t fold = 1; fold <= 4; ++fold)
        CHECK(nuts.lower_bound(std::to_string(fold))->front() == '0' + static_cast<char>(fold));
}

TEST_CASE("a product with too few images is refused by name", "[train]") {
    const test::scratch_folder folder;
    const auto set = bolts_with_nuts(folder.path(), 8, 3);
    auto m = model_of_parts();
    CHECK_THAT(test::message_of([&] { static_cast<void>(train(m, set, joined_training())); }),
               test::mentions("product nut", "at least 4", "found 3", "--calibration none"));
    auto options = joined_training();
    options.calibrate_by = calibration_images::none;
    static_cast<void>(train(m, set, options));
    CHECK(m.settings.calibration.is_null());
    train_options automatic;
    automatic.validation = 0.1;
    data::dataset large;
    for (std::size_t i = 0; i < 700; ++i)
        large.train.push_back({.image = std::to_string(i), .product = i < 650 ? "bolt" : "nut"});
    CHECK(calibration_for(automatic, large) == calibration_images::cross);
}
