// A training refuses images that it can't use, all in one message, or goes on as if they had never been there.
#include <rd4ad/train/usable_images.hpp>

#include <filesystem>
#include <string>
#include <tuple>
#include <vector>

#include <rd4ad/train/train_model.hpp>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/training_images.hpp>

using namespace rd4ad;

namespace {

using B = std::tuple_element_t<0, test::backends>;

/// Seven good images, and the three bad ones that are put between them: a damaged, a cut and a missing file.
struct spoilt_set {
    explicit spoilt_set(const test::scratch_folder& folder) : clean{test::training_set(folder.path(), 7)}, spoilt{clean} {
        for (const char* name : {"damaged.png", "cut.png", "gone.png"}) bad.push_back(folder / name);
        test::write_text(bad[0], "no image");
        test::write_text(bad[1], test::text_of_file(clean.train[0].image).substr(0, 300));
        spoilt.train.insert(spoilt.train.begin(), {.image = bad[0]});
        spoilt.train.insert(spoilt.train.begin() + 4, {.image = bad[1]});
        spoilt.train.push_back({.image = bad[2]});
    }
    data::dataset clean, spoilt;
    std::vector<std::filesystem::path> bad{};
};

}  // namespace

TEST_CASE("all images that can't be used are named in one message", "[train]") {
    const test::scratch_folder folder;
    const spoilt_set sets{folder};
    const train_options options{.size = 32};
    const auto message = test::message_of([&] { static_cast<void>(find_usable_images(sets.spoilt, options, 2)); });
    CHECK_THAT(message, test::mentions("3 of 10 images", "--skip-bad", sets.bad[0], "not an image", sets.bad[1], sets.bad[2],
                                       "no such file"));
    CHECK(find_usable_images(sets.clean, options, 2).set.train.size() == 7);
    // Validation images count if they calibrate the model.
    auto validated = sets.clean;
    validated.validation.push_back({.image = sets.bad[0]});
    CHECK_THAT(test::message_of([&] { static_cast<void>(find_usable_images(validated, options, 2)); }),
               test::mentions("1 of 8 images", sets.bad[0]));
    CHECK(find_usable_images(validated, {.size = 32, .calibrate_by = calibration_images::none}, 2).set.validation.size() == 1);
    // An image that is too small for the preprocessing can't be used either; settings that no image can have are an error at
    // once.
    CHECK_THAT(test::message_of([&] { static_cast<void>(find_usable_images(sets.clean, {.size = 40}, 2)); }),
               test::mentions("multiples of 32"));
}

TEST_CASE("skipped images are listed, and the others stay in order", "[train]") {
    const test::scratch_folder folder;
    const spoilt_set sets{folder};
    const auto usable = find_usable_images(sets.spoilt, {.size = 32, .bad_images = on_failure::skip}, 2);
    REQUIRE((usable.set.train.size() == 7 && usable.skipped.size() == 3));
    for (std::size_t i = 0; i < 7; ++i) CHECK(usable.set.train[i].image == sets.clean.train[i].image);
    for (std::size_t i = 0; i < 3; ++i) CHECK(usable.skipped[i].image == sets.bad[i]);
    CHECK_THAT(usable.skipped[1].reason.message, test::mentions(sets.bad[1]));
    data::dataset nothing;
    for (const auto& one : sets.bad) nothing.train.push_back({.image = one});
    CHECK_THAT(test::message_of([&] { static_cast<void>(find_usable_images(nothing, {.bad_images = on_failure::skip}, 2)); }),
               test::mentions("none of its 3 images", sets.bad[0], sets.bad[2]));
}

TEST_CASE("a training without its bad images gives the bits of a training that never had them", "[train]") {
    const test::scratch_folder folder;
    const spoilt_set sets{folder};
    const auto run = [&](const data::dataset& set, const std::string& name, on_failure reaction) {
        train_options options{.epochs = 1, .batch = 4, .size = 32, .learning_rate = 0.001, .seed = 5};
        options.bad_images = reaction;
        options.checkpoint = folder / name;
        auto m = make_model_without_teacher<B>("resnet18", {.seed = 5, .threads = 1});
        return train(m, set, options);
    };
    CHECK_THAT(test::message_of([&] { static_cast<void>(run(sets.spoilt, "refused.safetensors", on_failure::stop)); }),
               test::mentions("3 of 10 images", sets.bad[0], sets.bad[1], sets.bad[2]));
    CHECK(!std::filesystem::exists(folder / "refused.safetensors"));
    CHECK(run(sets.clean, "clean.safetensors", on_failure::stop).skipped.empty());
    const auto log = run(sets.spoilt, "spoilt.safetensors", on_failure::skip);
    CHECK((log.training_images == 7 && log.skipped.size() == 3));
    CHECK((test::text_of_file(folder / "spoilt.safetensors") == test::text_of_file(folder / "clean.safetensors")));
}
