// A training replaces no other model, and what it can't save is not lost.
#include <rd4ad/train/checkpoint_data.hpp>

#include <filesystem>
#include <string>
#include <tuple>

#include <sys/resource.h>

#include <csignal>

#include <rd4ad/train/train_model.hpp>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/training_images.hpp>

using namespace rd4ad;

namespace {

using saving_backend = std::tuple_element_t<0, test::backends>;

/// Trains for one epoch. Returns the message of an error.
std::string train_once(const data::dataset& set, train_options options) {
    options.epochs = 1, options.batch = 4, options.size = 32, options.calibrate_by = calibration_images::none;
    return test::message_of([&] {
        auto m = make_model_without_teacher<saving_backend>("resnet18", {.seed = 5, .threads = 1});
        static_cast<void>(train(m, set, options));
    });
}

/// A data set of four images in a new folder of this name.
data::dataset images_in(const test::scratch_folder& folder, const std::string& name, std::uint64_t seed) {
    std::filesystem::create_directories(folder / name);
    data::dataset set{.name = name};
    for (std::uint64_t i = 0; i < 4; ++i) {
        set.train.push_back({.image = folder / name / (std::to_string(i) + ".png")});
        image::write_png(set.train.back().image, test::image(40, 40, seed + i));
    }
    return set;
}

}  // namespace

TEST_CASE("a training replaces its own model, and no other one without overwrite", "[train]") {
    const test::scratch_folder folder;
    const auto set = images_in(folder, "part", 0), other = images_in(folder, "other", 100);
    train_options options{.checkpoint = folder / "part.safetensors"};
    const auto& file = options.checkpoint;
    CHECK(train_once(set, options) == "nothing thrown");
    REQUIRE(data_of(file));
    CHECK((data_of(file)->name == "part" && data_of(file)->images == 4));
    CHECK(train_once(set, options) == "nothing thrown");

    const auto bytes = test::text_of_file(file);
    CHECK_THAT(train_once(other, options),
               test::mentions(file, "another data set, 'part' with 4", "'other' with 4", "--overwrite"));
    options.resume = options.overwrite = true;
    CHECK_THAT(train_once(other, options), test::mentions(resume_path(file), "its images only", other.train.front().image));
    CHECK((test::text_of_file(file) == bytes));
    options.resume = false;
    CHECK(train_once(other, options) == "nothing thrown");
    CHECK(data_of(file)->name == "other");

    options.overwrite = false;
    test::write_text(file, "a photograph");
    CHECK_THAT(train_once(set, options), test::mentions(file, "rd4ad did not write it", "--overwrite"));
    CHECK(test::text_of_file(file) == "a photograph");
}

TEST_CASE("a model without a record of its data is replaced on request only", "[train]") {
    const test::scratch_folder folder;
    const auto set = images_in(folder, "part", 0);
    train_options options{.checkpoint = folder / "part.safetensors"};
    auto m = make_model_without_teacher<saving_backend>("resnet18", {.seed = 5, .threads = 1});
    save_checkpoint(options.checkpoint, m);
    CHECK_THAT(train_once(set, options), test::mentions(options.checkpoint, "data set is not recorded", "--overwrite"));
    options.resume = true;
    CHECK_NOTHROW(check_checkpoint_data(options, find_usable_images(set, options, 1).identity));
}

TEST_CASE("a training checks before its epochs that it can save", "[train]") {
    const test::scratch_folder folder;
    const auto set = images_in(folder, "part", 0);
    train_options options{.checkpoint = folder / "none/part.safetensors"};
    bool began = false;
    options.progress = [&](const training_progress&) { began = true; };
    CHECK_THAT(train_once(set, options), test::mentions("none", "can't be written", "No such file or directory"));
    CHECK_FALSE(began);
}

TEST_CASE("a model that its folder can't take goes to a fallback folder", "[train]") {
    const test::scratch_folder folder;
    const auto set = images_in(folder, "part", 0);
    std::filesystem::create_directories(folder / "out");
    std::filesystem::create_directories(folder / "fallback");
    test::write_text(folder / "fallback/part.safetensors", "another file");
    train_options options{.checkpoint = folder / "out/part.safetensors"};
    options.fallback_folders = {folder / "none", folder / "fallback"};
    options.progress = [&](const training_progress& p) {  // the folder vanishes while the training runs
        if (p.epoch == 1) std::filesystem::remove_all(folder / "out");
    };
    CHECK_THAT(train_once(set, options), test::mentions(options.checkpoint, "No such file or directory", "the model is saved as",
                                                        folder / "fallback/part-2.safetensors"));
    CHECK(data_of(folder / "fallback/part-2.safetensors")->name == "part");
    CHECK(test::text_of_file(folder / "fallback/part.safetensors") == "another file");
}

TEST_CASE("a failed save before the end is told, and the training goes on", "[train]") {
    const test::scratch_folder folder;
    const auto set = images_in(folder, "part", 0);
    std::filesystem::create_directories(folder / "out");
    train_options options{.checkpoint = folder / "out/part.safetensors"};
    options.save_every = 1;
    std::string told;
    options.save_failed = [&](const std::string& message) {
        told = message;
        std::filesystem::create_directories(folder / "out");
    };
    auto m = make_model_without_teacher<saving_backend>("resnet18", {.seed = 5, .threads = 1});
    options.epochs = 2, options.batch = 4, options.size = 32, options.calibrate_by = calibration_images::none;
    options.progress = [&](const training_progress& p) {
        if (p.epoch == 1) std::filesystem::remove_all(folder / "out");
    };
    CHECK_NOTHROW(train(m, set, options));
    CHECK_THAT(told, test::mentions(options.checkpoint, "No such file or directory"));
    CHECK(data_of(options.checkpoint)->name == "part");
    CHECK(std::filesystem::exists(resume_path(options.checkpoint)));
}

TEST_CASE("a resume file that can't be written leaves the model", "[train]") {
    const test::scratch_folder folder;
    const auto set = images_in(folder, "part", 0);
    train_options options{.checkpoint = folder / "part.safetensors"};
    REQUIRE(train_once(set, options) == "nothing thrown");
    const auto model_bytes = std::filesystem::file_size(options.checkpoint);
    const auto resume_bytes = std::filesystem::file_size(resume_path(options.checkpoint));
    REQUIRE(resume_bytes > model_bytes);
    std::filesystem::remove(options.checkpoint);
    std::filesystem::remove(resume_path(options.checkpoint));
    ::rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const ::rlimit small{(model_bytes + resume_bytes) / 2, before.rlim_max};
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    options.progress = [&](const training_progress&) { ::setrlimit(RLIMIT_FSIZE, &small); };  // after the probe
    const auto message = train_once(set, options);
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    CHECK_THAT(message,
               test::mentions(resume_path(options.checkpoint), "File too large", "the model is saved as", options.checkpoint));
    CHECK(data_of(options.checkpoint)->name == "part");
}
