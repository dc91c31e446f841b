// A region of interest in training: the cells of a mask, the loss inside, the model's mask, calibration, resume and patches.
#include <rd4ad/train/roi_cells.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <tuple>
#include <vector>

#include <rd4ad/image/write.hpp>
#include <rd4ad/score/detector.hpp>
#include <rd4ad/train/train_model.hpp>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/seeded_features.hpp>
#include <support/stop_after.hpp>
#include <support/stored_gradients.hpp>
#include <support/training_images.hpp>
#include <support/values.hpp>

using namespace rd4ad;

namespace {

using cell_backend = std::tuple_element_t<0, test::backends>;

/// Inside in the columns first .. last - 1.
image::image_u8 columns_mask(std::size_t width, std::size_t height, std::size_t first, std::size_t last) {
    auto mask = image::make_image<std::uint8_t>(width, height, 1);
    for (std::size_t y = 0; y < height; ++y) std::fill(mask.at(first, y), mask.at(first, y) + (last - first), std::uint8_t{1});
    return mask;
}

/// Images of 48 x 40 pixels.
data::dataset equal_images(const std::filesystem::path& folder, std::size_t count) {
    data::dataset set;
    for (std::size_t i = 0; i < count; ++i) {
        set.train.push_back({.image = folder / (std::to_string(i) + ".png")});
        image::write_png(set.train.back().image, test::image(48, 40, i));
    }
    return set;
}

train_options limited_training() {
    train_options options;
    options.epochs = 1, options.batch = 4, options.size = 32, options.learning_rate = 0.001;
    options.roi = data::make_roi(columns_mask(48, 40, 0, 24), "mask.png");
    return options;
}

model<cell_backend> untrained_model() { return make_model_without_teacher<cell_backend>("resnet18", {.seed = 5, .threads = 1}); }

}  // namespace

TEST_CASE("a position counts where a pixel of its cell is inside", "[train]") {
    scale_maps cells{32, 64, 2};
    auto mask = image::make_image<std::uint8_t>(64, 32, 1);
    *mask.at(17, 9) = 1;
    put_cells(mask, 1, cells);
    CHECK((!sees_region(cells, 0) && sees_region(cells, 1)));
    for (std::size_t k = 0; k < 3; ++k) {
        const auto found = cells.at(1, k);
        const std::size_t cell = std::size_t{4} << k, at = 9 / cell * (64 / cell) + 17 / cell;
        CHECK((found[at] == 1 && std::count(found.begin(), found.end(), 1.0f) == 1));
    }
    put_cells(image::make_image<std::uint8_t>(64, 32, 1), 1, cells);
    CHECK(!sees_region(cells, 1));
}

TEST_CASE("the loss counts positions inside alone, with and without hard mining", "[train]") {
    using B = cell_backend;
    auto m = untrained_model();
    auto& q = m.queue;
    const auto teacher = test::seeded_features<B>(q, 3);
    const auto run = [&](const position_masks<B>& inside, std::optional<double> hard) {
        test::stored_gradients<B> gradients{nn::make_flat<B>(q, m.trainable.layers.table.value_count)};
        const double loss = value_of<B>(q, loss_and_gradient<B>(m, teacher, gradients, {.hard_from = hard}, inside));
        return std::pair{loss, to_host<B>(q, gradients.values)};
    };
    position_masks<B> all, limit;
    for (std::size_t k = 0; k < 3; ++k) {
        const std::size_t side = 8u >> k;
        std::vector<typename B::value_type> ones(3 * side * side, 1), left = ones;
        for (std::size_t i = 0; i < left.size(); ++i) left[i] = i % side < side / 2 ? 1 : 0;
        all[k] = to_device<B>(q, {3, 1, side, side}, ones), limit[k] = to_device<B>(q, {3, 1, side, side}, left);
    }
    for (const auto hard : {std::optional<double>{}, std::optional{0.5}}) {
        const auto plain = run({}, hard);
        CHECK(run(all, hard) == plain);
        const auto limited = run(limit, hard);
        CHECK((limited.first > 0 && limited.first != plain.first && limited.second != plain.second));
    }
}

TEST_CASE("a model keeps its one mask, and its calibration is that of raw scores inside", "[train]") {
    const test::scratch_folder folder;
    const auto set = equal_images(folder.path(), 8);
    auto options = limited_training();
    options.calibrate_by = calibration_images::hold_out, options.validation = 0.5;
    for (const auto map : {map_choice::paper, map_choice::scales}) {
        options.map = map;
        options.checkpoint = folder / "part.safetensors";
        auto m = untrained_model();
        static_cast<void>(train(m, set, options));
        const auto made = calibration_from(m.settings.calibration, "model");
        REQUIRE(made);
        const auto roles = roles_of(options, set);
        std::vector<std::filesystem::path> validation;
        for (const std::size_t file : roles.validation) validation.push_back(roles.files[file]);
        const detector<cell_backend> by{load_checkpoint<cell_backend>(options.checkpoint, {.threads = 1})};
        CHECK((by.settings().roi.kind == data::roi_kind::one_for_all && *by.settings().roi.mask == *options.roi.mask));
        const auto scored = by.raw_scores(validation);
        const auto whole = by.raw_scores(validation, data::make_roi(image::make_image<std::uint8_t>(48, 40, 1, 1)));
        CHECK(whole != scored);
        std::vector<float> raw_scores;
        for (const auto& one : scored) raw_scores.push_back(*one);
        std::sort(raw_scores.begin(), raw_scores.end());
        CHECK(test::relative_error(raw_scores, made->good_scores) < 1e-5);
    }
}

TEST_CASE("a training resumes with its region of interest alone, to the same bits", "[train]") {
    const test::scratch_folder folder;
    const auto set = equal_images(folder.path(), 8);
    auto options = limited_training();
    options.epochs = 2, options.folds = 2, options.calibrate_by = calibration_images::cross;
    options.checkpoint = folder / "whole.safetensors";
    auto whole = untrained_model();
    static_cast<void>(train(whole, set, options));
    const auto bytes = test::text_of_file(options.checkpoint);
    options.checkpoint = folder / "resumed.safetensors";
    test::stop_after(options, 3);
    auto stopped = untrained_model();
    CHECK(train(stopped, set, options).stopped);
    test::stop_never(options);
    options.resume = true;
    auto other = options;
    other.roi = data::make_roi(columns_mask(48, 40, 0, 20));
    auto m = load_checkpoint<cell_backend>(options.checkpoint, {.threads = 1});
    CHECK_THAT(test::message_of([&] { static_cast<void>(train(m, set, other)); }), test::mentions("roi was", "one for all"));
    static_cast<void>(train(m, set, options));
    CHECK((test::text_of_file(options.checkpoint) == bytes));
}

TEST_CASE("patches that do not see the region are not trained on, and masks are refused by name", "[train]") {
    const test::scratch_folder folder;
    const auto set = equal_images(folder.path(), 4);
    auto options = limited_training();
    options.calibrate_by = calibration_images::none;
    options.size = 64, options.patches = {.per_row = 2, .per_column = 1};
    options.roi = data::make_roi(columns_mask(48, 40, 0, 10));
    auto m = untrained_model();
    CHECK(train(m, set, options).steps == 1);  // one of two patches of each of 4 images
    options.roi = {};
    CHECK(train(m, set, options).steps == 2);
    options.roi = data::make_roi(columns_mask(40, 48, 0, 10), "mask.png");
    CHECK_THAT(test::message_of([&] { static_cast<void>(train(m, set, options)); }),
               test::mentions("mask.png", "40 x 48", set.train[0].image.parent_path(), "48 x 40"));
    options.roi = {.kind = data::roi_kind::per_image};
    CHECK_THAT(test::message_of([&] { static_cast<void>(train(m, set, options)); }), test::mentions("no mask", "--roi"));
}

TEST_CASE("map units by position come from the cells inside", "[train]") {
    scale_maps distances{32, 32, 4}, inside{32, 32, 4};
    const auto values = test::normal_values<float>(3, distances.values.size());
    for (std::size_t i = 0; i < values.size(); ++i) distances.values[i] = 0.3f + 0.05f * values[i];
    for (std::size_t i = 0; i < 4; ++i) put_cells(columns_mask(32, 32, 0, 16), i, inside);
    auto distracted = distances;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (inside.values[i] == 0) distracted.values[i] *= 7;
    const std::vector<std::size_t> all{0, 1, 2, 3};
    CHECK(fit_scale_units(distances, all, &inside) == fit_scale_units(distracted, all, &inside));
    CHECK_FALSE(fit_scale_units(distances, all) == fit_scale_units(distracted, all));
    const auto units = position_statistics{distances, all, &inside}.units();
    CHECK(position_statistics{distracted, all, &inside}.units() == units);
    CHECK((units.positions[0].gain[7] == 1 && units.positions[0].offset[7] == 0 && units.positions[0].gain[0] != 1));
    scale_maps everywhere{32, 32, 4};
    std::fill(everywhere.values.begin(), everywhere.values.end(), 1.0f);
    CHECK(position_statistics{distances, all, &everywhere}.units() == position_statistics{distances, all}.units());
    CHECK(position_statistics{distances, all, &everywhere}.explained_share() ==
          position_statistics{distances, all}.explained_share());
}
