// cli/train.cpp: rd4ad train.
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "backends.hpp"
#include "commands.hpp"
#include "compute_flags.hpp"
#include "console.hpp"
#include "dataset_flags.hpp"
#include "outputs.hpp"
#include "preprocessing_flags.hpp"
#include "roi_flags.hpp"
#include "train_flags.hpp"
#include "train_report.hpp"
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

/// The prefix of the teacher's names: "teacher." in a checkpoint of rd4ad, "" in a file of weights.
std::string teacher_prefix(const rd4ad::io::tensor_file& weights) {
    return weights.contains("teacher.conv1.weight") ? "teacher." : "";
}

/// The architecture of --arch, for a teacher without weights of its own.
std::string arch_of(const parsed_options& options) {
    const auto requested = options.text("arch");
    if (!requested.empty()) static_cast<void>(rd4ad::architecture_named(requested));
    const auto arch = requested.empty() ? std::string{"resnet18"} : requested;
    if (options.text("teacher") == "built-in" && arch != "resnet18")
        throw usage_error{rd4ad::text("--arch ", arch, ": the built-in teacher is a resnet18; run rd4ad fetch ", arch,
                                      " and give --teacher ", arch, "-imagenet, or give --teacher none")};
    return arch;
}

/// The weights of a --teacher that is a file or a name; nullopt for none and built-in. Throws format_error unless they are of
/// --arch.
std::optional<rd4ad::io::tensor_file> teacher_weights(const parsed_options& options) {
    const auto teacher = options.text("teacher"), requested = options.text("arch");
    if (teacher == "none" || teacher == "built-in") return std::nullopt;
    auto weights = naming_flags("--teacher", [&] { return rd4ad::load_weights(rd4ad::teacher_path(teacher)); });
    const auto& found = rd4ad::recognise(weights, teacher_prefix(weights));
    if (!requested.empty() && requested != found.name)
        throw rd4ad::format_error{rd4ad::text(teacher, ": holds a ", found.name, ", expected ", requested, " (--arch); give ",
                                              rd4ad::imagenet_file_of(requested).name, ", or leave --arch out")};
    return weights;
}

/// Finds the faults of --arch and --teacher before all images are read.
void check_teacher(const parsed_options& options) {
    static_cast<void>(arch_of(options));
    static_cast<void>(teacher_weights(options));
}

/// A new model by --arch and --teacher.
template <rd4ad::Backend B>
rd4ad::model<B> new_model(const parsed_options& options, const rd4ad::model_options& settings) {
    const auto arch = arch_of(options);
    if (options.text("teacher") == "none") return rd4ad::make_model_without_teacher<B>(arch, settings);
    if (const auto weights = teacher_weights(options))
        return rd4ad::make_model<B>(rd4ad::recognise(*weights, teacher_prefix(*weights)), *weights, settings);
    auto made = rd4ad::make_model<B>(arch, rd4ad::built_in_teacher(), settings);
    made.settings.teacher = rd4ad::built_in_teacher_name;
    return made;
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

/// The model of a checkpoint; throws option_error if it is not of --arch.
template <rd4ad::Backend B>
rd4ad::model<B> stored_model(const fs::path& checkpoint, const parsed_options& options, const rd4ad::model_options& settings) {
    auto m = rd4ad::load_checkpoint<B>(checkpoint, settings);
    if (options.has("arch") && options.text("arch") != m.arch->name)
        throw rd4ad::option_error{rd4ad::text(checkpoint, ": is a ", m.arch->name, ", expected ", options.text("arch"),
                                              " (--arch): leave --arch out, or train a new model")};
    return m;
}

/// The usable images of each class. Throws data_error with those of all classes that can't be used, before the first class
/// trains.
std::vector<rd4ad::usable_images> usable_images_of(std::vector<rd4ad::data::dataset> sets, const rd4ad::train_options& training,
                                                   std::size_t threads) {
    std::vector<rd4ad::usable_images> usable;
    std::string problems;
    for (auto& set : sets) {
        const auto name = set.name;
        auto found = rd4ad::attempt(rd4ad::on_failure::skip, name,
                                    [&] { return rd4ad::find_usable_images(std::move(set), training, threads); });
        if (found)
            usable.push_back(*std::move(found));
        else
            problems += rd4ad::text(problems.empty() ? "" : "; ", found.error().message);
    }
    if (!problems.empty()) throw rd4ad::data_error{problems};
    return usable;
}

/// Trains on one data set. Returns false if a signal stopped it. pages: keeps a failure to write a page, as the model is saved.
template <rd4ad::Backend B>
bool train_dataset(rd4ad::model<B> m, const rd4ad::usable_images& images, rd4ad::train_options training,
                   deferred_failure& pages) {
    const auto& set = images.set;
    console progress;
    if (const auto warning = duplicates_warning(set); !warning.empty()) progress.line(warning);
    std::stop_source stop;  // a signal handler may not request a stop itself
    training.stop = stop.get_token();
    training.progress = [show = show_on(progress, set.name), &stop](const rd4ad::training_progress& at) {
        show(at);
        if (stop_requested != 0) stop.request_stop();
    };
    training.save_failed = [&progress](const std::string& problem) {
        progress.line(rd4ad::text("warning: ", problem, "; the training goes on, and its end saves again"));
    };
    const auto log = rd4ad::train(m, images, training);
    progress.clear();
    const auto report = [&] { report_suspects(set.name, m.settings.calibration, training, log); };
    if (log.stopped) {
        pages.attempt(report);
        progress.line(rd4ad::text("stopped, saved ", training.checkpoint, "; run the same command with --resume to continue"));
        return false;
    }
    print_result(set.name, m.arch->name, training, log);
    if (const auto roi = describe(m.settings.roi); !roi.empty()) print_line(rd4ad::text(set.name, ": region of interest: ", roi));
    print_skipped(set.name, log);
    pages.attempt(report);
    print_calibration(set.name, m.settings.calibration, log);
    return true;
}

/// The region of interest of --roi, else the one that the model started from was trained with.
rd4ad::data::region_of_interest training_roi(const parsed_options& options, const rd4ad::data::dataset& set,
                                             const rd4ad::data::region_of_interest& former) {
    if (!options.has("roi")) return former;
    auto files = rd4ad::data::files_of(set.train);
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
    if (options.has("from") && options.has("teacher"))
        throw usage_error{"--from excludes --teacher: the training keeps the checkpoint's teacher"};
    auto inputs = inputs_of(options, sets);
    const rd4ad::io::output_folder folder{out, inputs, {.writer = "train", .overwrite = training.overwrite}};
    for (const auto& set : sets) {
        training.checkpoint = checkpoint_in(out, set);
        training.resume = resumes(options, sets, training.checkpoint);
        if (training.resume) rd4ad::check_resume_files(training.checkpoint);
        for (const auto& file : {training.checkpoint, rd4ad::resume_path(training.checkpoint)}) inputs.check_file(file);
        check_suspects_pages(set, training, inputs);
    }
    if (!options.has("from") && !options.has("resume")) check_teacher(options);
    const auto usable = usable_images_of(sets, training, settings.threads);
    for (const auto& images : usable) {
        training.checkpoint = checkpoint_in(out, images.set);
        training.resume = resumes(options, sets, training.checkpoint);
        rd4ad::check_checkpoint_data(training, images.identity);
    }
    print_augmentation(training.augment);
    stop_on_signals();
    deferred_failure pages;
    bool stopped = false;
    for (std::size_t i = 0; i < usable.size() && !stopped; ++i) {
        training.checkpoint = checkpoint_in(out, usable[i].set);
        training.resume = resumes(options, sets, training.checkpoint);
        auto m = training.resume       ? stored_model<B>(training.checkpoint, options, settings)
                 : options.has("from") ? stored_model<B>(options.required("from"), options, settings)
                                       : new_model<B>(options, settings);
        training.roi = training_roi(options, usable[i].set, m.settings.roi);
        set_white_level(training, options, usable[i].set);
        if (i == 0) print_teacher(m.settings.teacher, m.arch->name);
        try {
            stopped = !train_dataset(std::move(m), usable[i], training, pages);
        } catch (const rd4ad::stopped_error& stop) {  // before the first step
            std::fprintf(stderr, "%s: %s\n", usable[i].set.name.c_str(), stop.what());
            stopped = true;
        }
    }
    pages.rethrow();
    return stopped ? stopped_status : 0;
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
