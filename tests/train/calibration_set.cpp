// Good images' raw scores from stored distances: the detector's, whole or in patches, in the units that fit them.
#include <rd4ad/train/calibration_set.hpp>

#include <cstddef>
#include <numeric>
#include <tuple>
#include <vector>

#include <rd4ad/score/detector.hpp>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/training_images.hpp>
#include <support/values.hpp>

using namespace rd4ad;

namespace {

using calibrated_backend = std::tuple_element_t<0, test::backends>;

/// Distances of all inputs by the model itself.
scale_maps distances_of(model<calibrated_backend>& m, image_source& source) {
    using B = calibrated_backend;
    scale_maps distances{source.height(), source.width(), source.size()};
    m.settings.units = {};
    const scoring_network<B> network{m, 4};
    for_each_batch(source, 4, [&](std::size_t first, const std::vector<float>& inputs) {
        const auto images = upload_images<B>(m.queue, inputs, source.height(), source.width());
        std::vector<std::size_t> to(images.shape.n);
        std::iota(to.begin(), to.end(), first);
        const auto teacher = infer<B>(m.queue, m.teacher.layers, network.model->teacher.weights, images);
        put_scale_maps<B>(m.queue, network.model->trainable.layers, network.model->trainable.weights, teacher, to, distances);
    });
    return distances;
}

void compare_with_detector(const train_options& options, map_choice choice, std::size_t images) {
    using B = calibrated_backend;
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), images);
    std::vector<std::filesystem::path> files;
    for (const auto& one : set.train) files.push_back(one.image);
    auto m = make_model_without_teacher<B>("resnet18", {.seed = 5, .threads = 1});
    m.settings.preprocessing = preprocessing_of(options);
    image_source source{files, m.settings.preprocessing, m.settings.normalisation, 1};
    m.settings.height = source.height(), m.settings.width = source.width();
    const auto distances = distances_of(m, source);
    std::vector<std::size_t> all(files.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    const auto scored = score_calibration_images<B>(m.queue, source, all, distances, choice, m.settings.preprocessing);
    m.settings.units = scored.units;
    const detector<B> by{std::move(m)};
    std::vector<float> raw_scores;
    for (const auto& one : by.raw_scores(files)) raw_scores.push_back(*one);
    const double error = test::relative_error(raw_scores, scored.raw_scores);
    // By position a calibration image is scored in the units of the others, the detector's units are those of all.
    CHECK(error < (scored.units.by_position() ? 0.2 : 1e-5));
    CHECK((!scored.units.by_position() || error > 1e-5));
}

}  // namespace

TEST_CASE("calibration images get the detector's raw scores", "[train]") {
    train_options options{.size = 64};
    SECTION("paper's map") { compare_with_detector(options, map_choice::paper, 5); }
    SECTION("scales") { compare_with_detector(options, map_choice::scales, 5); }
    SECTION("positions") { compare_with_detector(options, map_choice::positions, 8); }
    SECTION("padded") {
        options.fit = image::fit::pad;
        compare_with_detector(options, map_choice::automatic, 5);
    }
    SECTION("patches") {
        options.patches = {.per_row = 2, .per_column = 2};
        compare_with_detector(options, map_choice::automatic, 3);
    }
}

TEST_CASE("positions need one input per image", "[train]") {
    train_options options{.size = 64};
    options.patches = {.per_row = 2, .per_column = 2};
    CHECK_THAT(test::message_of([&] { compare_with_detector(options, map_choice::positions, 3); }),
               test::mentions("several inputs", "the map scales"));
}
