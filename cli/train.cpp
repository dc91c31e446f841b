// cli/train.cpp: rd4ad train.
#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "backends.hpp"
#include "calibration_text.hpp"
#include "commands.hpp"
#include "compute_flags.hpp"
#include "console.hpp"
#include "dataset_flags.hpp"
#include "failures.hpp"
#include "outputs.hpp"
#include "preprocessing_flags.hpp"
#include "roi_flags.hpp"
#include "white_level.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;

/// Exit status of a training that a signal stopped: 128 + SIGINT.
constexpr int stopped_status = 130;

volatile std::sig_atomic_t stop_requested = 0;

/// Makes the first SIGINT, SIGTERM or SIGHUP stop the training after its step; the second one ends the process. A SIGHUP that is
/// ignored, as nohup does, stays ignored.
void stop_on_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) { stop_requested = 1; };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction before {};
        ::sigaction(signal, nullptr, &before);
        if (signal != SIGHUP || before.sa_handler != SIG_IGN) ::sigaction(signal, &action, nullptr);
    }
}

/// Folders for a model that --out can't take at the end of its training.
std::vector<fs::path> fallback_folders() {
    std::vector<fs::path> folders;
    std::error_code failed;
    if (const auto temporary = fs::temp_directory_path(failed); !failed) folders.push_back(temporary);
    if (const auto current = fs::current_path(failed); !failed) folders.push_back(current);
    if (const char* home = std::getenv("HOME"); home != nullptr) folders.emplace_back(home);
    return folders;
}

/// The prefix of the teacher's names: "teacher." in a checkpoint of rd4ad, "" in a file of weights.
std::string teacher_prefix(const rd4ad::io::tensor_file& weights) {
    return weights.contains("teacher.conv1.weight") ? "teacher." : "";
}

/// A new model by --arch and --teacher.
template <rd4ad::Backend B>
rd4ad::model<B> new_model(const parsed_options& options, const rd4ad::model_options& settings) {
    const auto teacher = options.text("teacher"), requested = options.text("arch");
    if (!requested.empty()) static_cast<void>(rd4ad::architecture_named(requested));
    const auto arch = requested.empty() ? std::string{"resnet18"} : requested;
    if (teacher == "none") return rd4ad::make_model_without_teacher<B>(arch, settings);
    if (teacher == "built-in") {
        if (arch != "resnet18")
            throw usage_error{rd4ad::text("--arch ", arch, ": the built-in teacher is a resnet18; run rd4ad fetch ", arch,
                                          " and give --teacher ", arch, "-imagenet, or give --teacher none")};
        auto made = rd4ad::make_model<B>(arch, rd4ad::built_in_teacher(), settings);
        made.settings.teacher = rd4ad::built_in_teacher_name;
        return made;
    }
    const auto weights = naming_flags("--teacher", [&] { return rd4ad::load_weights(rd4ad::teacher_path(teacher)); });
    const auto& found = rd4ad::recognise(weights, teacher_prefix(weights));
    if (!requested.empty() && requested != found.name)
        throw rd4ad::format_error{rd4ad::text(teacher, ": holds a ", found.name, ", expected ", requested, " (--arch); give ",
                                              rd4ad::imagenet_file_of(requested).name, ", or leave --arch out")};
    return rd4ad::make_model<B>(found, weights, settings);
}

/// The good images of a folder or of a data set.
std::vector<rd4ad::data::item> validation_items(const fs::path& folder, const parsed_options& options) {
    const auto set = open_dataset(folder, options);
    auto items = set.train;
    for (const auto& one : set.validation) items.push_back(one);
    for (const auto& one : set.test)
        if (!one.is_anomalous) items.push_back(one);
    return items;
}

/// Throws io_error if --resume finds no interrupted training.
void check_resume(const fs::path& checkpoint) {
    const auto resume = rd4ad::resume_path(checkpoint);
    for (const auto& file : {checkpoint, resume})
        if (!fs::exists(file))
            throw rd4ad::io_error{rd4ad::text("--resume: ", file,
                                              ": no such file, so there is no training to continue; give the --out of "
                                              "the interrupted training, or leave --resume out to train from the start",
                                              file == resume ? ", or give --from to start from the checkpoint's weights" : "")};
}

/// The model of a checkpoint; throws option_error if it is not of --arch.
template <rd4ad::Backend B>
rd4ad::model<B> stored_model(const fs::path& checkpoint, const parsed_options& options, const rd4ad::model_options& settings) {
    auto m = rd4ad::load_checkpoint<B>(checkpoint, settings);
    if (options.has("arch") && options.text("arch") != m.arch->name)
        throw rd4ad::option_error{rd4ad::text(checkpoint, ": is a ", m.arch->name, ", expected ", options.text("arch"),
                                              " (--arch): leave --arch out, or train a new model")};
    return m;
}

void print_teacher(const std::string& teacher, const std::string& arch) {
    const bool from_imagenet = teacher != rd4ad::built_in_teacher_name && teacher != "none";
    const auto hint =
        from_imagenet ? std::string{}
                      : rd4ad::text("; ImageNet weights detect more: rd4ad fetch ", arch, ", then --teacher ", arch, "-imagenet");
    std::printf("teacher: %s%s\n", teacher.c_str(), hint.c_str());
    flush_output();
}

/// The callback that shows a training's progress.
std::function<void(const rd4ad::training_progress&)> show_on(console& progress, const std::string& name) {
    return [&progress, name](const rd4ad::training_progress& p) {
        const auto speed = rd4ad::text(fixed(p.images_per_second, 1), " images/s");
        if (p.epoch == 0) {
            progress.bar(static_cast<double>(p.step) / static_cast<double>(p.steps),
                         rd4ad::text(name, ": teacher's features, ", speed));
            return;
        }
        const auto fold = p.fold == 0 ? std::string{} : rd4ad::text("fold ", p.fold, '/', p.folds, ", ");
        const auto line = rd4ad::text(name, ": ", fold, "epoch ", p.epoch, '/', p.epochs, ", loss ", fixed(p.loss, 4), ", ",
                                      speed, ", ", duration_text(p.seconds_left), " left");
        const auto done = static_cast<double>((p.epoch - 1) * p.steps + p.step);
        progress.bar(done / static_cast<double>(p.epochs * p.steps), line);
        if (p.step == p.steps) progress.log(line);
    };
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
    if (options.has("calibration"))
        training.calibrate_by = choice_of(options, "calibration",
                                          std::array{calibration_images::automatic, calibration_images::cross,
                                                     calibration_images::hold_out, calibration_images::none});
    if (options.has("map"))
        training.map = choice_of(options, "map",
                                 std::array{map_choice::automatic, map_choice::paper, map_choice::scales, map_choice::positions});
    return training;
}

rd4ad::train_options train_options_of(const parsed_options& options) {
    auto training = recipe_of(options);
    training.seed = options.whole("seed", 0);
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

void print_result(const std::string& name, const std::string& arch, const rd4ad::train_options& training,
                  const rd4ad::training_log& log) {
    std::printf("%s: %s, %zu images, %zu steps, loss %s, %s: %s\n", name.c_str(), arch.c_str(), log.training_images, log.steps,
                log.losses.empty() ? "none" : fixed(log.losses.back(), 5).c_str(), duration_text(log.seconds).c_str(),
                training.checkpoint.c_str());
}

/// Names the images that --skip-bad left out.
void print_skipped(const std::string& name, const rd4ad::training_log& log) {
    if (log.skipped.empty()) return;
    std::printf("%s: left out %zu images that can't be used:\n", name.c_str(), log.skipped.size());
    for (const auto& one : log.skipped) std::printf("%s\n", failure_list::row(one.image, one.reason).c_str());
}

/// Names the good images of one product that look unlike the others, and shows them in a page beside the checkpoint.
void report_suspects(const rd4ad::suspects_report& found, const fs::path& page) {
    if (!found.suspects.empty()) {
        std::printf("%s: %s\n", found.title.c_str(), rd4ad::headline_of(found).c_str());
        for (const auto& one : found.suspects) std::printf("  %s\n", rd4ad::suspect_line(one).c_str());
        for (const auto& sentence : rd4ad::advice_of(found)) std::printf("  %s\n", sentence.c_str());
        std::fflush(stdout);
    }
    if (rd4ad::update_suspects_report(page, found)) std::printf("  their pictures: %s\n", page.c_str());
}

/// Reports the suspects of each product.
void report_suspects(const std::string& name, const rd4ad::io::json& calibration, const rd4ad::train_options& training,
                     const rd4ad::training_log& log) {
    auto calibrations = rd4ad::calibrations_from(calibration, name);
    const bool several = rd4ad::per_product(calibrations);
    if (several || calibrations.empty()) report_suspects({}, rd4ad::suspects_path(training.checkpoint));  // an earlier page
    for (auto& [product, by] : calibrations) {
        rd4ad::suspects_report found{.title = several ? rd4ad::text(name, ", ", product) : name,
                                     .by = std::move(by),
                                     .left_out = training.without_suspects};
        for (const auto& one : log.suspects)
            if (!several || one.product == product) found.suspects.push_back(one);
        report_suspects(found, rd4ad::suspects_path(training.checkpoint, product));
    }
}

void print_calibration(const std::string& name, const rd4ad::io::json& calibration, const rd4ad::training_log& log) {
    const auto found = rd4ad::calibrations_from(calibration, name);
    for (const auto& [product, by] : found)
        std::printf("%s: %s\n", product.empty() ? name.c_str() : rd4ad::text(name, ", ", product).c_str(), describe(by).c_str());
    if (found.empty()) {
        std::printf(
            "%s: no threshold: %zu validation images and %zu training images, expected at least 2 of the first or %zu of "
            "the second; set it with rd4ad calibrate\n",
            name.c_str(), log.validation_images, log.training_images, rd4ad::least_cross_fitted);
    }
    std::fflush(stdout);
}

/// Refuses the images of several classes that can't be used, all in one message, before the first class trains.
void check_images(const std::vector<rd4ad::data::dataset>& sets, const rd4ad::train_options& training, std::size_t threads) {
    std::string problems;
    for (const auto& set : sets) {
        const auto checked =
            rd4ad::attempt(rd4ad::on_failure::skip, set.name, [&] { return rd4ad::find_usable_images(set, training, threads); });
        if (!checked) problems += rd4ad::text(problems.empty() ? "" : "; ", checked.error().message);
    }
    if (!problems.empty()) throw rd4ad::data_error{problems};
}

/// Trains on one data set. Returns false if a signal stopped it.
template <rd4ad::Backend B>
bool train_dataset(rd4ad::model<B> m, const rd4ad::data::dataset& set, rd4ad::train_options training) {
    console progress;
    if (const auto warning = duplicates_warning(set); !warning.empty()) progress.line(warning);
    warn_of_white_level(set);
    std::stop_source stop;  // a signal handler may not request a stop itself
    training.stop = stop.get_token();
    training.progress = [show = show_on(progress, set.name), &stop](const rd4ad::training_progress& at) {
        show(at);
        if (stop_requested != 0) stop.request_stop();
    };
    training.save_failed = [&progress](const std::string& problem) {
        progress.line(rd4ad::text("warning: ", problem, "; the training goes on, and its end saves again"));
    };
    const auto log = rd4ad::train(m, set, training);
    progress.clear();
    if (log.stopped) {
        report_suspects(set.name, m.settings.calibration, training, log);
        progress.line(rd4ad::text("stopped, saved ", training.checkpoint, "; run the same command with --resume to continue"));
        return false;
    }
    print_result(set.name, std::string{m.arch->name}, training, log);
    if (const auto roi = describe(m.settings.roi); !roi.empty())
        std::printf("%s: region of interest: %s\n", set.name.c_str(), roi.c_str());
    print_skipped(set.name, log);
    report_suspects(set.name, m.settings.calibration, training, log);
    print_calibration(set.name, m.settings.calibration, log);
    return true;
}

/// The region of interest of --roi, else the one that the model started from was trained with.
rd4ad::data::region_of_interest training_roi(const parsed_options& options, const rd4ad::data::dataset& set,
                                             const rd4ad::data::region_of_interest& former) {
    if (!options.has("roi")) return former;
    auto files = image_files_of(set.train);
    for (const auto& one : set.validation) files.push_back(one.image);
    return roi_of(options, files);
}

/// Whether --resume continues this checkpoint. With several data sets, those without a checkpoint start.
bool resumes(const parsed_options& options, const std::vector<rd4ad::data::dataset>& sets, const fs::path& checkpoint) {
    return options.has("resume") && (sets.size() == 1 || fs::exists(checkpoint));
}

template <rd4ad::Backend B>
int train_all(const parsed_options& options) {
    const fs::path out = options.required("out");
    auto settings = compute_options(options);
    auto training = train_options_of(options);
    settings.seed = training.seed;
    auto sets = open_datasets(options);
    if (options.has("validation-data")) {
        if (sets.size() != 1) throw usage_error{"--validation-data: expected one data set, or --multimodal"};
        sets.front().validation = validation_items(options.required("validation-data"), options);
    }
    if (options.has("resume") && options.has("from"))
        throw usage_error{"--resume excludes --from: continue the training in --out, or start from another checkpoint's weights"};
    if (sets.size() > 1) check_images(sets, training, settings.threads);
    auto inputs = inputs_of(options, sets);
    const rd4ad::io::output_folder folder{out, inputs, {.writer = "train", .overwrite = training.overwrite}};
    for (const auto& set : sets) {
        training.checkpoint = checkpoint_in(out, set);
        training.resume = resumes(options, sets, training.checkpoint);
        if (training.resume) check_resume(training.checkpoint);
        inputs.check_file(training.checkpoint);
        rd4ad::check_checkpoint_data(training, rd4ad::data::identity_of(set));
    }
    stop_on_signals();
    for (const auto& set : sets) {
        training.checkpoint = checkpoint_in(out, set);
        training.resume = resumes(options, sets, training.checkpoint);
        auto m = training.resume       ? stored_model<B>(training.checkpoint, options, settings)
                 : options.has("from") ? stored_model<B>(options.required("from"), options, settings)
                                       : new_model<B>(options, settings);
        training.roi = training_roi(options, set, m.settings.roi);
        if (&set == &sets.front()) print_teacher(m.settings.teacher, std::string{m.arch->name});
        try {
            if (!train_dataset(std::move(m), set, training)) return stopped_status;
        } catch (const rd4ad::stopped_error& stop) {  // before the first step
            std::fprintf(stderr, "%s: %s\n", set.name.c_str(), stop.what());
            return stopped_status;
        }
    }
    return 0;
}

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

}  // namespace

usage train_usage() {
    return {.synopsis = "--data DIR --out DIR [FLAGS...]",
            .flags =
                join_flags({dataset_flags(),
                            {{"arch", "NAME", "",
                              "resnet18, resnet34, resnet50 or wide_resnet50_2; by default that of --teacher, else resnet18"},
                             {"teacher", "FILE", "built-in",
                              "weights (.pth or .safetensors), built-in, none (untrained), or a name that rd4ad teachers lists"}},
                            preprocessing_flags(),
                            training_flags(),
                            {no_verify_flag()},
                            overwrite_flags(),
                            compute_flags()}),
            .notes =
                R"(Writes DIR/<name>.safetensors, which holds everything that the other commands need. Ctrl-C finishes
the step, saves and exits with status 130, as SIGTERM and SIGHUP do; --resume continues with the
result of an uninterrupted training. Good images that look unlike the others are named, and
DIR/<name>.suspects.html shows each with its heat map; --without-suspects leaves them out of the
training. The model of another data set is never replaced without --overwrite. If DIR can't take the
model at the end, it goes to TMPDIR, the current folder or HOME, and the message says where.

The default teacher is the built-in resnet18, trained on Tiny ImageNet. ImageNet weights detect
more: run rd4ad fetch resnet18, then give --teacher resnet18-imagenet. The other architectures have
no built-in teacher.

Example: bottles and pills of MVTec AD with ImageNet's wide_resnet50_2, one checkpoint per class.
  rd4ad train --data mvtec --class-names bottle,pill --teacher wide_resnet50_2-imagenet --out models
)"};
}

int train(const parsed_options& options) {
    return with_training_backend(options, [&]<class B>() { return train_all<B>(options); });
}

}  // namespace cli
