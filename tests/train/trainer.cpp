// Training from files: equal bits on every run and after a resume, refused options, and messages.
#include <rd4ad/train/train_model.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <span>
#include <stop_token>
#include <string>
#include <tuple>
#include <vector>

#include <rd4ad/score/detector.hpp>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/stop_after.hpp>
#include <support/training_images.hpp>
#include <support/values.hpp>

using namespace rd4ad;

namespace {

using B = std::tuple_element_t<0, test::backends>;

model<B> new_model() { return make_model_without_teacher<B>("resnet18", {.seed = 5, .threads = 1}); }

/// Batches of four: seven images give two steps per epoch, the second with three images.
train_options small_training() {
    train_options options;
    options.epochs = 2, options.batch = 4, options.size = 32, options.learning_rate = 0.001, options.seed = 5;
    return options;
}

training_log run(const data::dataset& set, const train_options& options) {
    auto m = new_model();
    return train(m, set, options);
}

std::string message_for(model<B>& m, const data::dataset& set, const train_options& options) {
    return test::message_of([&] { static_cast<void>(train(m, set, options)); });
}

}  // namespace

TEST_CASE("the same seed gives the same checkpoint, also with a cache on disk, with saves and after a resume", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 7);
    auto options = small_training();
    options.checkpoint = folder / "whole.safetensors";
    std::vector<training_progress> seen;
    options.progress = [&](const training_progress& p) { seen.push_back(p); };
    const auto whole = run(set, options);
    const auto bytes = test::text_of_file(options.checkpoint);
    CHECK(whole.losses.size() == 2);
    CHECK(!whole.stopped);
    CHECK(whole.losses[1] < whole.losses[0]);
    REQUIRE(seen.size() == 5);  // one batch of features, then two epochs of two steps
    CHECK((seen[0].epoch == 0 && seen[0].step == 1 && seen[0].steps == 1));
    CHECK((seen[3].epoch == 2 && seen[3].epochs == 2 && seen[3].step == 1 && seen[3].steps == 2));
    CHECK(seen[4].seconds_left == 0);
    CHECK(training_of(options.checkpoint).at("losses").get<std::vector<double>>() == whole.losses);

    options.progress = {};
    options.checkpoint = folder / "again.safetensors";
    options.save_every = 1;
    options.cache_bytes = 0;
    CHECK(run(set, options).losses == whole.losses);
    CHECK((test::text_of_file(options.checkpoint) == bytes));  // Catch2 would print the whole files

    options.checkpoint = folder / "halves.safetensors";
    options.save_every = 10;
    test::stop_after(options, 3);  // within the second epoch
    const auto first = run(set, options);
    CHECK(first.stopped);
    CHECK(first.losses.size() == 1);
    test::stop_never(options);
    options.resume = true;

    auto other = options;
    other.batch = 5, other.seed = 6, other.learning_rate = 0.002;
    auto refused = new_model();
    CHECK_THAT(message_for(refused, set, other),
               test::mentions(folder / "halves.resume.safetensors", "batch was 4 and is now 5",
                              "learning_rate was 0.001 and is now 0.002", "seed was 5 and is now 6", "use the old settings"));

    CHECK(run(set, options).losses == whole.losses);
    CHECK((test::text_of_file(options.checkpoint) == bytes));  // Catch2 would print the whole files
}

TEST_CASE("validation images set the threshold, and the training leaves them out", "[train]") {
    const test::scratch_folder folder;
    auto set = test::training_set(folder.path(), 7);
    auto options = small_training();
    options.epochs = 1;
    options.calibrate_by = calibration_images::hold_out;
    options.validation = 0.4;  // three of seven
    options.false_alarm_rate = 0.25;
    options.checkpoint = folder / "part.safetensors";
    auto m = new_model();
    const auto log = train(m, set, options);
    CHECK((log.training_images == 4 && log.validation_images == 3));
    const auto made = calibration_from(m.settings.calibration, "model");
    REQUIRE(made);
    CHECK(made->rule == threshold_rule::order_statistic);
    CHECK(made->asked_rate == 0.25);
    CHECK(training_of(options.checkpoint).at("validation_images") == 3);
    CHECK(training_of(options.checkpoint).at("images") == 4);

    // The checkpoint's detector gives the calibration's scores, and a training on the four images gives the same losses.
    const detector<B> by{options.checkpoint, {}, {.threads = 1}};
    CHECK(by.calibration() == made);
    const auto split = data::make_validation_split(7, 0.4, options.seed);
    std::vector<std::filesystem::path> validation;
    for (const std::size_t i : split.validation) validation.push_back(set.train[i].image);
    std::vector<float> raw_scores;
    for (const auto& one : by.raw_scores(validation)) raw_scores.push_back(*one);
    std::sort(raw_scores.begin(), raw_scores.end());
    CHECK(test::relative_error(raw_scores, made->good_scores) < 1e-5);
    data::dataset training;
    for (const std::size_t i : split.training) training.train.push_back(set.train[i]);
    options.calibrate_by = calibration_images::none;
    options.checkpoint.clear();
    auto other = new_model();
    // To rounding: the teacher computes features in other batches.
    CHECK(test::relative_error(train(other, training, options).losses, log.losses) < 1e-6);
    CHECK(other.settings.calibration.is_null());
}

TEST_CASE("cross-fitting calibrates by all images, and resumes bit for bit in every fold", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 10);
    auto options = small_training();
    options.steps = 4, options.epochs = 0, options.folds = 3, options.save_every = 1;
    options.checkpoint = folder / "whole.safetensors";
    std::vector<training_progress> seen;
    options.progress = [&](const training_progress& p) { seen.push_back(p); };
    auto m = new_model();
    const auto whole = train(m, set, options);
    CHECK((whole.folds == 3 && whole.steps == 4 && whole.training_images == 10 && whole.validation_images == 0));
    const auto made = calibration_from(m.settings.calibration, "model");
    REQUIRE(made);
    CHECK((made->good_scores.size() + whole.suspects.size() == 10 && made->source == score_source::out_of_fold));
    CHECK(kind_of(m.settings.units) == "scales");
    // Two batches of features, two steps per fold, four of the shipped student.
    REQUIRE(seen.size() == 2 + 3 * 2 + 4);
    CHECK((seen[2].fold == 1 && seen[2].folds == 3 && seen[7].fold == 3 && seen[8].fold == 0));
    CHECK((seen[2].seconds_left > 0 && seen.back().seconds_left == 0));
    options.progress = {};

    // The shipped student is that of a training without cross-fitting; the folds' students are others.
    auto alone = options;
    alone.calibrate_by = calibration_images::none;
    alone.checkpoint.clear();
    CHECK(run(set, alone).losses == whole.losses);

    // Within and after a fold, in the last one, and in the shipped student. Stopping saves.
    const auto bytes = test::text_of_file(options.checkpoint);
    options.checkpoint = folder / "parts.safetensors";
    options.save_every = 10;
    for (const std::size_t last : {1u, 2u, 3u, 6u, 8u}) {
        INFO("stopped after step " << last);
        options.resume = false;
        test::stop_after(options, last);
        CHECK(run(set, options).stopped);
        options.resume = true;
        test::stop_never(options);
        CHECK(run(set, options).losses == whole.losses);
        CHECK((test::text_of_file(options.checkpoint) == bytes));  // Catch2 would print the whole files
    }
}

TEST_CASE("the model keeps the average of its weights over the steps", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 7);
    auto options = small_training();
    options.calibrate_by = calibration_images::none;
    options.ema = 0.6;  // the mean of two steps, then exponential
    auto m = new_model();
    std::vector<host_weights<B::value_type>> steps;
    options.progress = [&](const training_progress& at) {
        if (at.epoch > 0) steps.push_back(trainable_of(m));
    };
    static_cast<void>(train(m, set, options));
    REQUIRE(steps.size() == 4);
    const auto expected = [&](auto member) {
        auto mean = steps[0].*member;
        for (std::size_t step = 1; step < steps.size(); ++step)
            for (std::size_t i = 0; i < mean.size(); ++i) {
                const float kept = step == 1 ? 0.5f : 0.6f;
                mean[i] = kept * mean[i] + (1 - kept) * (steps[step].*member)[i];
            }
        return mean;
    };
    const auto kept = trainable_of(m);
    CHECK(test::relative_error(kept.values, expected(&host_weights<B::value_type>::values)) < 1e-6);
    CHECK(test::relative_error(kept.statistics, expected(&host_weights<B::value_type>::statistics)) < 1e-6);
    CHECK(test::relative_error(kept.values, steps.back().values) > 1e-4);

    // The training itself is the one without an average.
    options.ema = 0, options.progress = {};
    auto plain = new_model();
    static_cast<void>(train(plain, set, options));
    CHECK(trainable_of(plain).values == steps.back().values);
}

TEST_CASE("an average of weights and variants of the inputs resume bit for bit", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 10);
    auto options = small_training();
    options.steps = 4, options.epochs = 0, options.folds = 2;
    options.ema = 0.9, options.augment = {.flips = true};
    options.checkpoint = folder / "whole.safetensors";
    auto m = new_model();
    const auto whole = train(m, set, options);
    const auto bytes = test::text_of_file(options.checkpoint);
    auto loaded = load_checkpoint<B>(options.checkpoint, {.threads = 1});
    CHECK(trainable_of(loaded).values == trainable_of(m).values);  // the checkpoint has the average

    // Stopped within the second fold.
    options.checkpoint = folder / "parts.safetensors";
    test::stop_after(options, 3);
    CHECK(run(set, options).stopped);
    options.resume = true;
    test::stop_never(options);
    auto other = options;
    other.ema = 0.5, other.augment = {};
    CHECK_THAT(message_for(m, set, other), test::mentions("ema was 0.9 and is now 0.5", "augment was \"flips\""));
    CHECK(run(set, options).losses == whole.losses);
    CHECK((test::text_of_file(options.checkpoint) == bytes));  // Catch2 would print the whole files
}

TEST_CASE("a training whose loss is flat ends early", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 4);
    auto options = small_training();
    options.calibrate_by = calibration_images::none;
    options.epochs = 20, options.schedule = {.warm_up = 0, .final_rate = 1}, options.hard_mining = false;
    options.stop_when_flat = 0.999;  // at the first epoch that can be judged
    const auto log = run(set, options);
    CHECK((log.losses.size() == 8 && log.steps == 8 && !log.stopped));
}

TEST_CASE("each fold's student is visited with the images that it did not see", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 10);
    auto options = small_training();
    options.steps = 4, options.epochs = 0, options.folds = 3;
    auto m = new_model();
    static_cast<void>(train(m, set, options));
    const auto weights = trainable_of(m).values;
    const auto calibration = calibration_from(m.settings.calibration, "model");
    REQUIRE(calibration);
    std::vector<std::filesystem::path> seen;
    std::vector<float> raw_scores;
    visit_fold_students<B>(m, set, options, [&](model<B>& student, std::span<const std::filesystem::path> images) {
        CHECK(trainable_of(student).values != weights);
        seen.insert(seen.end(), images.begin(), images.end());
        const scorer<B> by{student, 4, map_sigma};
        for (const auto& one : by.raw_scores(student.queue, images)) raw_scores.push_back(*one);
    });
    CHECK(trainable_of(m).values == weights);
    CHECK(seen.size() == 10);
    std::sort(seen.begin(), seen.end());
    CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
    // At the level of the model's own student, they are those that calibrated the model, but for what is allowed for the levels.
    std::sort(raw_scores.begin(), raw_scores.end());
    REQUIRE(calibration->good_scores.size() == raw_scores.size());
    const float allowed = calibration->good_scores[0] - raw_scores[0];
    CHECK(allowed > -1e-5f);
    for (float& one : raw_scores) one += allowed;
    CHECK(test::relative_error(raw_scores, calibration->good_scores) < 1e-5);
    CHECK(kind_of(m.settings.units) != "positions");  // the units of the visits are not the model's
}

TEST_CASE("an image that does not belong is a suspect, and can be left out", "[train]") {
    const test::scratch_folder folder;
    auto set = test::training_set(folder.path(), 16);
    const auto odd = folder / "odd.png";
    image::write_png(odd, test::noise(48, 48, 3, 99));
    set.train.push_back({.image = odd});
    auto options = small_training();
    options.steps = 16, options.epochs = 0, options.folds = 3, options.size = 64;
    const auto log = run(set, options);
    REQUIRE(log.suspects.size() == 1);
    CHECK(log.suspects[0].image == odd);
    CHECK((log.suspects[0].raw_score > 0 && log.suspects[0].p_value < 0.01));
    CHECK(log.suspects[0].name == "odd.png");
    CHECK_FALSE(log.suspects[0].regions.empty());
    CHECK_FALSE(log.suspects[0].thumbnail.map.empty());

    // A run that is stopped while it trains the shipped student, and resumed, has the same suspect and picture.
    auto parts = options;
    parts.checkpoint = folder / "part.safetensors";
    test::stop_after(parts, 3 * 8 + 5);
    const auto stopped = run(set, parts);
    CHECK(stopped.stopped);
    test::stop_never(parts);
    parts.resume = true;
    const auto resumed = run(set, parts);
    REQUIRE(stopped.suspects.size() == 1);
    CHECK((stopped.suspects[0].image == odd && stopped.suspects[0].p_value == log.suspects[0].p_value));
    REQUIRE(resumed.suspects.size() == 1);
    CHECK(to_json(resumed.suspects[0]) == to_json(log.suspects[0]));
    CHECK(resumed.suspects[0].thumbnail.map == log.suspects[0].thumbnail.map);
    const auto stored = suspects_in(training_of(parts.checkpoint));
    REQUIRE(stored.size() == 1);
    CHECK(to_json(stored[0]) == to_json(log.suspects[0]));
    parts.without_suspects = true;
    auto refused = new_model();
    CHECK_THAT(message_for(refused, set, parts), test::mentions("without_suspects was false and is now true"));

    options.without_suspects = true;
    const auto without = run(set, options);
    CHECK(without.suspects.size() == 1);
    CHECK(without.losses != log.losses);
}

TEST_CASE("validation images of the data set set the threshold", "[train]") {
    const test::scratch_folder folder;
    auto set = test::training_set(folder.path(), 9);
    for (int i = 0; i < 3; ++i) {
        set.validation.push_back(set.train.back());
        set.train.pop_back();
    }
    auto m = new_model();
    const auto log = train(m, set, small_training());
    CHECK((log.folds == 0 && log.training_images == 6 && log.validation_images == 3));
    const auto made = calibration_from(m.settings.calibration, "model");
    REQUIRE(made);
    CHECK((made->good_scores.size() == 3 && made->source == score_source::hold_out));
}

TEST_CASE("a trained model is trained further", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 10);
    auto options = small_training();
    options.steps = 6, options.epochs = 0, options.folds = 2, options.size = 64;
    auto m = new_model();
    const auto first = train(m, set, options), second = train(m, set, options);
    CHECK(second.losses.front() < first.losses.front());
    CHECK(m.batches == 12);
}

TEST_CASE("a training on patches resumes bit for bit", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 3);
    auto options = small_training();
    options.fit = image::fit::native;
    options.patches.size = 32;
    options.patches.overlap = 8;  // 2 x 2 patches per image
    options.checkpoint = folder / "whole.safetensors";
    std::size_t steps = 0;
    options.progress = [&](const training_progress& p) { steps = p.steps; };
    const auto whole = run(set, options);
    CHECK((steps == 3 && whole.training_images == 3));
    const auto back = load_checkpoint<B>(options.checkpoint, {.threads = 1});
    CHECK(back.settings.preprocessing == preprocessing_of(options));
    CHECK((back.settings.width == 32 && back.settings.preprocessing.geometry.size == 32));
    const auto bytes = test::text_of_file(options.checkpoint);
    options.progress = {};
    options.checkpoint = folder / "halves.safetensors";
    test::stop_after(options, 4);
    CHECK(run(set, options).stopped);
    test::stop_never(options);
    options.resume = true;
    auto other = options;
    other.patches.overlap = 4;
    auto refused = new_model();
    CHECK_THAT(message_for(refused, set, other), test::mentions("patch_overlap was 8 and is now 4"));
    CHECK(run(set, options).losses == whole.losses);
    CHECK((test::text_of_file(options.checkpoint) == bytes));  // Catch2 would print the whole files
}

TEST_CASE("the network's input need not be square", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 4);
    auto options = small_training();
    options.epochs = 1, options.size = 64, options.height = 32;
    auto m = new_model();
    CHECK(train(m, set, options).losses.size() == 1);
    CHECK((m.settings.width == 64 && m.settings.height == 32));
}

TEST_CASE("a loss that is not finite ends the training and keeps the checkpoint", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 7);
    auto options = small_training();
    options.learning_rate = 1e30;
    auto m = new_model();
    options.checkpoint = folder / "part.safetensors";
    options.overwrite = true;
    test::write_text(options.checkpoint, "the old one");
    CHECK_THAT(message_for(m, set, options), test::mentions("the loss is not a number", "epoch 1, step 2 of 2",
                                                            "smaller learning rate than 1e+30", "the last checkpoint is kept"));
    CHECK(test::text_of_file(options.checkpoint) == "the old one");
}

TEST_CASE("a weight that is not finite ends the training, and no file holds it", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 7);
    auto options = small_training();
    options.checkpoint = folder / "part.safetensors";
    options.epochs = 0, options.steps = 1, options.learning_rate = 1e300;  // the step's loss is finite, its weights aren't
    options.schedule = {.warm_up = 0, .final_rate = 1};
    options.calibrate_by = calibration_images::none;
    auto m = new_model();
    CHECK_THAT(message_for(m, set, options), test::mentions("training: the model's tensor ", " at value ", "epoch",
                                                            "smaller learning rate than 1e+300", "the last checkpoint is kept"));
    CHECK(!std::filesystem::exists(options.checkpoint));
    CHECK(!std::filesystem::exists(resume_path(options.checkpoint)));
}

TEST_CASE("a resume file that was damaged is refused by name", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 4);
    auto options = small_training();
    options.checkpoint = folder / "part.safetensors";
    options.calibrate_by = calibration_images::none;
    options.epochs = 1;
    static_cast<void>(run(set, options));
    const auto path = resume_path(options.checkpoint);
    options.resume = true, options.epochs = 2;
    const auto whole = test::text_of_file(path);
    const auto with = [&](const std::string& content, bool verify) {
        test::write_text(path, content);
        auto m = new_model();
        options.verify = verify;
        test::stop_after(options, 1);
        return message_for(m, set, options);
    };
    auto flipped = whole;
    flipped[flipped.size() - 5] ^= 2;
    CHECK_THAT(with(flipped, true), test::mentions(path, "tensor 'values' is damaged", "--no-verify"));
    options.epochs = 1;
    auto file = io::read_safetensors(path, {.verify = false});
    io::tensor_file changed;
    changed.metadata = file.metadata;
    for (const auto& [name, tensor] : file.tensors()) {
        auto bytes = std::vector<std::byte>(tensor.bytes.begin(), tensor.bytes.end());
        if (name == "second") std::fill(bytes.begin(), bytes.begin() + 16, std::byte{0xFF});
        changed.insert_bytes(name, tensor.type, tensor.shape, std::move(bytes));
    }
    io::write_safetensors(path, changed);
    CHECK_THAT(with(test::text_of_file(path), true), test::mentions(path, "value 0 of 'second' is NaN", "train from the start"));
    changed.metadata["position"] = R"({"fold": 0})";
    io::write_safetensors(path, changed);
    CHECK_THAT(with(test::text_of_file(path), true), test::mentions(path, "no 'epoch'", "train from the start"));
}

TEST_CASE("a resumed training needs possible levels of the folds' students, or none as of an earlier version", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 8);
    auto options = small_training();
    options.steps = 4, options.epochs = 0, options.folds = 2, options.checkpoint = folder / "part.safetensors";
    test::stop_after(options, 3);  // within the second fold
    CHECK(run(set, options).stopped);
    test::stop_never(options);
    options.resume = true;
    const auto path = resume_path(options.checkpoint);
    auto file = io::read_safetensors(path);
    auto position = io::json::parse(file.metadata.at("position"));
    REQUIRE(position.at("levels").size() == 1);
    position["levels"][0][2][1] = 7;
    file.metadata["position"] = position.dump();
    io::write_safetensors(path, file);
    auto m = new_model();
    CHECK_THAT(message_for(m, set, options), test::mentions(path, "level of 7", "train from the start"));
    position.erase("levels");
    file.metadata["position"] = position.dump();
    io::write_safetensors(path, file);
    const auto log = train(m, set, options);
    CHECK(calibration_from(m.settings.calibration, "model")->good_scores.size() + log.suspects.size() == 8);
}

TEST_CASE("invalid options are refused before the training starts", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 7);
    model<B> m{architecture_named("resnet18"), {.threads = 1}};
    const auto with = [&](const auto& change) {
        auto options = small_training();
        change(options);
        return message_for(m, set, options);
    };
    CHECK_THAT(message_for(m, {}, small_training()), test::mentions("no training images", "train/good"));
    CHECK_THAT(with([](auto& o) { o.batch = 0; }), test::mentions("batch 0", "at least one"));
    CHECK_THAT(with([](auto& o) { o.batch = std::numeric_limits<std::size_t>::max(); }), test::mentions("at most 1000000000"));
    CHECK_THAT(with([](auto& o) { o.save_every = 0; }), test::mentions("save_every 0", "1 or more"));
    CHECK_THAT(with([](auto& o) { o.learning_rate = -0.5; }), test::mentions("learning rate -0.5", "above 0"));
    CHECK_THAT(with([](auto& o) { o.learning_rate = std::numeric_limits<double>::infinity(); }), test::mentions("learning rate"));
    CHECK_THAT(with([](auto& o) { o.beta2 = 1; }), test::mentions("beta2 1.0", "below 1"));
    CHECK_THAT(with([](auto& o) { o.size = 40; }), test::mentions("40 x 40", "multiples of 32"));
    CHECK_THAT(with([](auto& o) { o.false_alarm_rate = 1; }), test::mentions("false-alarm rate 1.0", "below 1"));
    CHECK_THAT(with([](auto& o) { o.validation = 1; }), test::mentions("validation share 1.0", "0 to 0.9"));
    CHECK_THAT(with([](auto& o) { o.folds = 1; }), test::mentions("folds 1", "2 or more"));
    CHECK_THAT(with([](auto& o) { o.fold_steps = 0; }), test::mentions("fold steps 0.0", "above 0 and up to 1"));
    CHECK_THAT(with([](auto& o) { o.schedule.warm_up = 2; }), test::mentions("warm-up 2.0", "0 to 1"));
    CHECK_THAT(with([](auto& o) { o.map = map_choice::scales; }),
               test::mentions("map scales", "at least 2 images", "found 0 by calibration none of 7", "--calibration cross"));
    const auto held_out = [&](map_choice map, double share) {
        return with(
            [&](auto& o) { o.map = map, o.calibrate_by = calibration_images::hold_out, o.validation = share, o.batch = 5; });
    };
    CHECK_THAT(held_out(map_choice::scales, 0.1), test::mentions("map scales", "found 0 by calibration hold-out of 7"));
    CHECK_THAT(held_out(map_choice::positions, 0.3), test::mentions("map positions", "at least 3 images", "found 2"));
    CHECK_THAT(with([](auto& o) { o.without_suspects = true; }),
               test::mentions("without suspects", "found calibration none", "--calibration cross"));
    CHECK_THAT(with([](auto& o) { o.ema = 1; }), test::mentions("ema 1.0", "below 1"));
    CHECK_THAT(with([](auto& o) { o.stop_when_flat = 0.01; }),
               test::mentions("stop when flat 0.01", "falls to 0.0", "final rate 1"));
    CHECK_THAT(with([](auto& o) { o.augment.turns = true, o.height = 64; }), test::mentions("augmentation turns", "32 x 64"));
    CHECK_THAT(with([](auto& o) { o.weight_decay = -1; }), test::mentions("weight decay -1.0", "0 (off)"));
    CHECK_THAT(with([](auto& o) { o.fit = image::fit::native; }), test::mentions("fit native", "patch size"));
    CHECK_THAT(with([](auto& o) { o.batch = 3; }),
               test::mentions("32 x 32", "one value per channel", "7 images in batches of 3", "larger image size"));
    CHECK_THAT(with([](auto& o) { o.batch = 1; }), test::mentions("32 x 32", "one value per channel"));
}

TEST_CASE("a training resumes from its own file only", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 4);
    auto options = small_training();
    options.checkpoint = folder / "part.safetensors";
    options.resume = true;
    const auto path = folder / "part.resume.safetensors";
    auto m = new_model();
    CHECK(resume_path(options.checkpoint) == path);
    CHECK_THAT(message_for(m, set, options), test::mentions(path));
    io::tensor_file file;
    io::write_safetensors(path, file);
    CHECK_THAT(message_for(m, set, options), test::mentions(path, "resume file", "'format'"));
    file.metadata = {{"format", "rd4ad resume 1"}, {"arch", "resnet50"}};
    io::write_safetensors(path, file);
    CHECK_THAT(message_for(m, set, options),
               test::mentions(path, "'rd4ad resume 1' of resnet18 expected", "found 'rd4ad resume 1' of resnet50",
                              "train from the start, or give the checkpoint"));
    file.metadata["arch"] = "resnet18";
    file.metadata["settings"] = train_detail::resume_settings(options, 4).dump();
    io::write_safetensors(path, file);
    CHECK_THAT(message_for(m, set, options), test::mentions(path, "'values'", "found none"));
}

TEST_CASE("a training resumes with its images only, and names the first that differs before it computes anything", "[train]") {
    const test::scratch_folder folder;
    auto set = test::training_set(folder.path(), 6);
    auto options = small_training();
    options.checkpoint = folder / "part.safetensors";
    auto m = new_model();
    (void)train(m, set, options);
    options.resume = true;
    bool computed = false;
    options.progress = [&](const training_progress&) { computed = true; };
    const auto path = folder / "part.resume.safetensors";
    const auto old = test::text_of_file(folder / "3.png");
    image::write_png(folder / "3.png", test::image(43, 42, 77));
    CHECK_THAT(message_for(m, set, options),
               test::mentions(path, "with its images only", folder / "3.png", "train from the start"));
    test::write_text(folder / "3.png", old);
    std::filesystem::rename(folder / "4.png", folder / "7.png");
    set.train[4].image = folder / "7.png";
    CHECK_THAT(message_for(m, set, options), test::mentions(path, "image 5 was 4.png", folder / "7.png"));
    CHECK_FALSE(computed);
    std::filesystem::rename(folder / "7.png", folder / "4.png");
    set.train[4].image = folder / "4.png";
    CHECK(message_for(m, set, options) == "nothing thrown");
}

TEST_CASE("a resume file of an earlier version has its learning rate under rate", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 4);
    auto options = small_training();
    options.checkpoint = folder / "part.safetensors";
    options.resume = true;
    auto settings = train_detail::resume_settings(options, 4);
    settings["rate"] = settings.at("learning_rate");
    for (const char* key : {"learning_rate", "variance_guard", "reset_every"}) settings.erase(key);
    io::tensor_file file;
    file.metadata = {{"format", "rd4ad resume 1"}, {"arch", "resnet18"}, {"settings", settings.dump()}};
    io::write_safetensors(folder / "part.resume.safetensors", file);
    auto m = new_model();
    CHECK_THAT(message_for(m, set, options), test::mentions("'values'"));  // the settings agree; the tensors are missing
    options.learning_rate = 0.002;
    CHECK_THAT(message_for(m, set, options), test::mentions("learning_rate was 0.001 and is now 0.002"));
}

TEST_CASE("a stop before the first step throws and changes no file, and events tell the course of a training", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 7);
    auto options = small_training();
    options.checkpoint = folder / "part.safetensors";
    std::stop_source source;
    options.stop = source.get_token();
    options.progress = [&](const training_progress& at) {
        CHECK(at.epoch == 0);
        source.request_stop();  // while the features are computed
    };
    auto m = new_model();
    CHECK_THAT(message_for(m, set, options), test::mentions("train: stopped by the caller before the first step"));
    options.progress = {};
    CHECK_THAT(message_for(m, set, options), test::mentions("stopped by the caller while it read 7 images"));
    CHECK_FALSE(std::filesystem::exists(options.checkpoint));
    CHECK_FALSE(std::filesystem::exists(resume_path(options.checkpoint)));

    test::stop_never(options);
    std::vector<std::string> events;
    set_log([&](const log_event& event) { events.emplace_back(event.text); });
    (void)train(m, set, options);
    set_log({});
    const auto has = [&](const char* text) { return std::count(events.begin(), events.end(), text); };
    CHECK(has("a training starts") == 1);
    CHECK(has("the teacher's features are computed") == 1);
    CHECK(has("a checkpoint is saved") >= 1);
    CHECK(events.back() == "the training ends");
}
