// Training from files: repeatable, resumable, stopped by what can't go on, and what each message says.
#include <rd4ad/train/trainer.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include <rd4ad/score/detector.hpp>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/gradient_check.hpp>
#include <support/photographs.hpp>

using namespace rd4ad;

namespace {

using B = std::tuple_element_t<0, test::backends>;

model<B> fresh_model() { return make_model_without_teacher<B>("resnet18", {.seed = 5, .threads = 1}); }

/// Seven images in batches of four: two steps an epoch, the second smaller.
train_options small_training() {
    train_options options;
    options.epochs = 2, options.batch = 4, options.size = 32, options.rate = 0.001, options.seed = 5;
    return options;
}

training_log run(const data::dataset& set, const train_options& options) {
    auto m = fresh_model();
    return train(m, set, options);
}

std::string message_for(model<B>& m, const data::dataset& set, const train_options& options) {
    return test::message_of([&] { static_cast<void>(train(m, set, options)); });
}

}  // namespace

TEST_CASE("the same seed gives the same checkpoint, whether saved, cached on disk or resumed on the way", "[train]") {
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
    REQUIRE(seen.size() == 5);  // the features in one pass, then two epochs of two steps
    CHECK((seen[0].epoch == 0 && seen[0].step == 1 && seen[0].steps == 1));
    CHECK((seen[3].epoch == 2 && seen[3].epochs == 2 && seen[3].step == 1 && seen[3].steps == 2));
    CHECK(seen[4].seconds_left == 0);
    CHECK(training_of(options.checkpoint).at("losses").get<std::vector<double>>() == whole.losses);

    options.progress = {};
    options.checkpoint = folder / "again.safetensors";
    options.save_every = 1;
    options.cache_bytes = 0;
    CHECK(run(set, options).losses == whole.losses);
    CHECK((test::text_of_file(options.checkpoint) == bytes));  // not shown: it is long

    options.checkpoint = folder / "halves.safetensors";
    options.save_every = 10;
    int steps = 0;
    options.should_stop = [&] { return ++steps == 3; };  // in the middle of the second epoch
    const auto first = run(set, options);
    CHECK(first.stopped);
    CHECK(first.losses.size() == 1);
    options.should_stop = {};
    options.resume = true;

    auto other = options;
    other.batch = 5, other.seed = 6, other.rate = 0.002;
    const std::string resume_file = (folder / "halves.resume.safetensors").string();
    auto refused = fresh_model();
    CHECK(message_for(refused, set, other) ==
          resume_file +
              ": the training can't be resumed with other settings (batch was 4 and is now 5, rate "
              "was 0.001 and is now 0.002, seed was 5 and is now 6): give the old ones, or train anew");

    CHECK(run(set, options).losses == whole.losses);
    CHECK((test::text_of_file(options.checkpoint) == bytes));  // not shown: it is long
}

TEST_CASE("held-out photographs set the threshold, and are not trained on", "[train]") {
    const test::scratch_folder folder;
    auto set = test::training_set(folder.path(), 7);
    auto options = small_training();
    options.epochs = 1;
    options.validation = 0.4;  // three of seven
    options.false_alarm_rate = 0.25;
    options.checkpoint = folder / "part.safetensors";
    auto m = fresh_model();
    const auto log = train(m, set, options);
    CHECK((log.trained == 4 && log.held_out == 3));
    const auto made = calibration_from(m.settings.calibration, "model");
    REQUIRE(made);
    CHECK(made->rule == threshold_rule::order_statistic);
    CHECK(made->asked_rate == 0.25);
    CHECK(training_of(options.checkpoint).at("held_out") == 3);
    CHECK(training_of(options.checkpoint).at("images") == 4);

    // The same scores by the checkpoint's detector, and training without the three gives the same weights.
    const detector<B> by{options.checkpoint, {}, {.threads = 1}};
    CHECK(by.scale() == made);
    const auto split = data::hold_out(7, 0.4, options.seed);
    std::vector<std::filesystem::path> held_out;
    for (const std::size_t i : split.held_out) held_out.push_back(set.train[i].image);
    auto scores = by.scores(held_out);
    std::sort(scores.begin(), scores.end());
    CHECK(test::apart(scores, made->good_scores) < 1e-5);
    data::dataset kept;
    for (const std::size_t i : split.kept) kept.train.push_back(set.train[i]);
    options.validation = 0;
    options.checkpoint.clear();
    auto other = fresh_model();
    CHECK(train(other, kept, options).losses == log.losses);
    CHECK(other.settings.calibration.is_null());
}

TEST_CASE("patches are trained on as images are, resumed bit for bit", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 3);
    auto options = small_training();
    options.fit = image::fit::native;
    options.patches.size = 32;
    options.patches.overlap = 8;  // 2 x 2 patches each
    options.checkpoint = folder / "whole.safetensors";
    std::size_t steps = 0;
    options.progress = [&](const training_progress& p) { steps = p.steps; };
    const auto whole = run(set, options);
    CHECK((steps == 3 && whole.trained == 3));
    const auto back = load_checkpoint<B>(options.checkpoint, {.threads = 1});
    CHECK(back.settings.view == view_of(options));
    CHECK((back.settings.width == 32 && back.settings.view.geometry.size == 32));
    const auto bytes = test::text_of_file(options.checkpoint);
    options.progress = {};
    options.checkpoint = folder / "halves.safetensors";
    int done = 0;
    options.should_stop = [&] { return ++done == 4; };
    CHECK(run(set, options).stopped);
    options.should_stop = {};
    options.resume = true;
    auto other = options;
    other.patches.overlap = 4;
    auto refused = fresh_model();
    CHECK(message_for(refused, set, other).find("(patch_overlap was 8 and is now 4)") != std::string::npos);
    CHECK(run(set, options).losses == whole.losses);
    CHECK((test::text_of_file(options.checkpoint) == bytes));  // not shown: it is long
}

TEST_CASE("networks' images need not be square", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 4);
    auto options = small_training();
    options.epochs = 1, options.size = 64, options.height = 32;
    auto m = fresh_model();
    CHECK(train(m, set, options).losses.size() == 1);
    CHECK((m.settings.width == 64 && m.settings.height == 32));
}

TEST_CASE("a loss that is no number ends the training and leaves the checkpoint", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 7);
    auto options = small_training();
    options.rate = 1e30;
    auto m = fresh_model();
    options.checkpoint = folder / "part.safetensors";
    test::write_text(options.checkpoint, "the old one");
    CHECK(message_for(m, set, options) ==
          "training: the loss is not a number in epoch 1, step 2 of 2: use a smaller learning rate than 1e+30; the last "
          "checkpoint is kept");
    CHECK(test::text_of_file(options.checkpoint) == "the old one");
}

TEST_CASE("settings that no training can have are refused before it begins", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 7);
    model<B> m{architecture_named("resnet18"), {.threads = 1}};
    const auto with = [&](const auto& change) {
        auto options = small_training();
        change(options);
        return message_for(m, set, options);
    };
    CHECK(message_for(m, {}, small_training()) ==
          "the data set has no training images: give a folder with train/good, or a folder of images");
    CHECK(with([](auto& o) { o.batch = 0; }) == "batch 0: at least one image a step is needed");
    CHECK(with([](auto& o) { o.save_every = 0; }) == "save_every 0: expected 1 or more epochs");
    CHECK(with([](auto& o) { o.rate = -0.5; }) == "learning rate -0.5: expected a number above 0");
    CHECK(with([](auto& o) { o.size = 40; }) == "image size 40 x 40: width and height must be multiples of 32, from 32 on");
    CHECK(with([](auto& o) { o.false_alarm_rate = 1; }) == "false-alarm rate 1.0: expected a number above 0 and below 1");
    CHECK(with([](auto& o) { o.validation = 1; }) == "the share held out of training is 1.000000, it must be 0 to 0.9");
    CHECK(with([](auto& o) { o.fit = image::fit::native; }) ==
          "fit native has no patch size: photographs at their own size are cut into patches; give one, say 256");
    CHECK(with([](auto& o) { o.batch = 3; }) ==
          "a batch of one image of 32 x 32 leaves batch norm one value a channel, which has no variance (7 images in batches of "
          "3): use a larger image size, or a batch that divides the images otherwise");
    CHECK(with([](auto& o) { o.batch = 1; }).starts_with("a batch of one image of 32 x 32 "));
}

TEST_CASE("a training is resumed from its own file only", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 4);
    auto options = small_training();
    options.checkpoint = folder / "part.safetensors";
    options.resume = true;
    const auto path = folder / "part.resume.safetensors";
    auto m = fresh_model();
    CHECK(resume_path(options.checkpoint) == path);
    CHECK(message_for(m, set, options).starts_with(path.string() + ": "));
    io::tensor_file file;
    io::write_safetensors(path, file);
    CHECK(message_for(m, set, options) ==
          path.string() + ": metadata 'format' is missing: expected a resume file written by rd4ad");
    file.metadata = {{"format", "rd4ad resume 1"}, {"arch", "resnet50"}};
    io::write_safetensors(path, file);
    CHECK(message_for(m, set, options) == path.string() +
                                              ": is 'rd4ad resume 1' of resnet50, expected 'rd4ad resume 1' of resnet18: train "
                                              "anew, or give the checkpoint this file lies beside");
    file.metadata["arch"] = "resnet18";
    file.metadata["settings"] = detail::resume_settings(options, 4).dump();
    io::write_safetensors(path, file);
    CHECK(message_for(m, set, options) ==
          path.string() + ": 'values' is missing or has another size: the file is not of this network");
}
