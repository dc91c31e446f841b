// cli/train_flags.cpp: reads the flags of rd4ad train.
#include "train_flags.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "compute_flags.hpp"
#include "preprocessing_flags.hpp"
#include "roi_flags.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;

/// Folders for a model that --out can't take at the end of its training.
std::vector<fs::path> fallback_folders() {
    std::vector<fs::path> folders;
    std::error_code failed;
    if (const auto temporary = fs::temp_directory_path(failed); !failed) folders.push_back(temporary);
    if (const auto current = fs::current_path(failed); !failed) folders.push_back(current);
    if (const char* home = std::getenv("HOME"); home != nullptr) folders.emplace_back(home);
    return folders;
}

/// The value of `choices` whose text the flag names.
template <class Choice, std::size_t N>
Choice choice_of(const parsed_options& options, const char* name, const std::array<Choice, N>& choices) {
    std::vector<std::string> names;
    for (const auto one : choices) names.emplace_back(to_string(one));
    const auto found = std::find(names.begin(), names.end(), options.choice(name, names));
    return choices[static_cast<std::size_t>(found - names.begin())];
}

/// The recipe of --recipe, with the flags that change it.
rd4ad::train_options recipe_of(const parsed_options& options) {
    using rd4ad::calibration_images, rd4ad::map_choice;
    rd4ad::train_options training;
    if (options.choice("recipe", {"default", "paper"}) == "paper") rd4ad::use_paper_recipe(training);
    if (options.has("epochs") && options.has("steps")) throw usage_error{"--epochs and --steps: give one of them"};
    if (options.has("epochs")) training.epochs = options.whole("epochs", 1), training.steps = 0;
    if (options.has("steps")) training.steps = options.whole("steps", 1), training.epochs = 0;
    if (options.has("bs")) training.batch = options.whole("bs", 1);
    if (options.has("lr")) training.learning_rate = options.positive("lr");
    if (options.has("weight-decay")) training.weight_decay = options.real("weight-decay", 0);
    if (options.has("warm-up")) training.schedule.warm_up = options.real("warm-up", 0, 1);
    if (options.has("final-rate")) training.schedule.final_rate = options.real("final-rate", 0, 1);
    if (options.has("hard-mining")) training.hard_mining = options.choice("hard-mining", {"on", "off"}) == "on";
    if (options.has("ema")) training.ema = options.real("ema", 0, 0.999999);
    if (options.has("stop-flat")) training.stop_when_flat = options.real("stop-flat", 0, 0.999999);
    if (training.stop_when_flat > 0 && training.schedule.final_rate != 1)
        throw usage_error{rd4ad::text("--stop-flat ", options.text("stop-flat"),
                                      " needs --final-rate 1: the last steps of a falling rate count")};
    training.augment = naming_flags("--augment", [&] { return rd4ad::augmentation_from(options.text("augment")); });
    if (options.has("calibration"))
        training.calibrate_by = choice_of(options, "calibration",
                                          std::array{calibration_images::automatic, calibration_images::cross,
                                                     calibration_images::hold_out, calibration_images::none});
    if (options.has("map"))
        training.map = choice_of(options, "map",
                                 std::array{map_choice::automatic, map_choice::paper, map_choice::scales, map_choice::positions});
    return training;
}

}  // namespace

std::vector<flag> training_flags() {
    return {{"recipe", "NAME", "default", "default, or paper: 200 epochs at a constant rate, and the map as a plain sum"},
            {"steps", "N", "", "training steps; by default 320, from 80 images on 480"},
            {"epochs", "N", "", "passes over the images, in place of --steps"},
            {"bs", "N", "8", "batch size: images per step"},
            {"lr", "RATE", "0.005", "Adam's learning rate"},
            {"warm-up", "SHARE", "0.05", "share of the steps in which the learning rate rises"},
            {"final-rate", "SHARE", "0", "learning rate of the last step, as a share of --lr; between them a cosine"},
            {"weight-decay", "W", "0", "AdamW's weight decay"},
            {"hard-mining", "on|off", "on", "train on the positions that the student rebuilds worst"},
            {"ema", "DECAY", "0",
             "score by the average of the weights over the steps, with this decay; 0: by the last step's weights"},
            {"stop-flat", "SHARE", "0",
             "end when the loss of the last quarter of the epochs lies less than SHARE below that of the quarter before; needs "
             "--final-rate 1"},
            {"augment", "CHANGES", "none",
             "under which a good part stays good: some of flips,turns,brightness; the teacher's features take 3 to 24 times the "
             "time and memory"},
            {"seed", "N", "111", "random seed of the initial weights, the order, the folds and the validation split"},
            {"calibration", "WAY", "auto",
             "images that set the threshold: cross (all, each by a student that did not see it), hold-out (--validation, or "
             "val/good), "
             "none, or auto"},
            {"folds", "N", "4", "students of --calibration cross"},
            {"fold-steps", "SHARE", "0.5", "steps of each fold's student, as a share of the model's"},
            {"validation", "SHARE", "0.1", "share of the good images that --calibration hold-out keeps"},
            {"validation-data", "DIR", "",
             "good images that set the threshold; by default val/good of the data set, if there is one"},
            {"skip-bad", "", "", "name the images that can't be used, and train without them"},
            {"without-suspects", "", "", "train the model without the good images that may show a defect"},
            {"false-alarm-rate", "RATE", "",
             "expected share of good images above the threshold; by default 0.01, or more for few images"},
            {"map", "UNITS", "auto",
             "the map's units: paper (plain sum of the scales), scales (a factor per scale), positions (mean and spread per "
             "position), "
             "or auto"},
            roi_flag(),
            {"from", "FILE", "", "start from this checkpoint's weights, with its teacher"},
            {"save-every", "N", "10", "epochs between two saves; the last epoch is always saved"},
            {"variance-guard", "V", "0",
             "against loss spikes: ignores batch variances below both V and the running variance; try 0.0005"},
            {"reset-every", "STEPS", "0", "against loss spikes: resets Adam's moments every STEPS steps; try 500"},
            {"cache-gb", "GB", "4", "memory for the teacher's features; more features go to a file in TMPDIR"},
            {"resume", "", "", "continue from the checkpoint in --out, with its teacher"},
            {"out", "DIR", "", "folder for the checkpoint and the file that --resume needs"}};
}

rd4ad::train_options train_options_of(const parsed_options& options) {
    auto training = recipe_of(options);
    training.seed = options.seed();
    training.validation = options.real("validation", 0, 0.9);
    training.folds = options.whole("folds", 2);
    training.fold_steps = options.positive("fold-steps", 1);
    training.without_suspects = options.has("without-suspects");
    training.bad_images = options.has("skip-bad") ? rd4ad::on_failure::skip : rd4ad::on_failure::stop;
    if (options.has("false-alarm-rate")) training.false_alarm_rate = options.rate("false-alarm-rate");
    training.save_every = options.whole("save-every", 1);
    training.guards = {.variance_guard = options.real("variance-guard", 0), .reset_every = options.whole("reset-every", 0)};
    set_preprocessing(training, options);
    training.cache_bytes = static_cast<std::size_t>(options.real("cache-gb", 0, 1e6) * (1u << 30));
    training.verify = read_options_of(options).verify;
    training.overwrite = options.has("overwrite");
    training.fallback_folders = fallback_folders();
    return training;
}

}  // namespace cli
