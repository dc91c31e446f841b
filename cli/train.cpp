// cli/train.cpp: rd4ad train.
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <numeric>
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
#include "ranks.hpp"
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

/// The usable images of some classes, by their indices. Throws data_error with those of all classes and ranks that can't be used,
/// before the first class trains.
std::vector<rd4ad::usable_images> usable_images_of(const std::vector<rd4ad::data::dataset>& sets,
                                                   const std::vector<std::size_t>& chosen, const rd4ad::train_options& training,
                                                   std::size_t threads) {
    std::vector<rd4ad::usable_images> usable;
    std::string problems;
    const auto add = [&](const std::string& problem) {
        if (!problem.empty()) problems += rd4ad::text(problems.empty() ? "" : "; ", problem);
    };
    for (const std::size_t index : chosen) {
        auto found = rd4ad::attempt(rd4ad::on_failure::skip, sets[index].name,
                                    [&] { return rd4ad::find_usable_images(sets[index], training, threads); });
        if (found)
            usable.push_back(*std::move(found));
        else
            add(found.error().message);
    }
    if (sets.size() > 1 && ranks() != nullptr)
        for (const auto& of_rank : ranks()->gather_all(std::exchange(problems, {}))) add(of_rank);
    if (!problems.empty()) throw rd4ad::data_error{problems};
    return usable;
}

/// The classes that this process trains, in order: all of them; of several classes on ranks its share, the longest first.
std::vector<std::size_t> own_classes(const std::vector<rd4ad::data::dataset>& sets, const rd4ad::train_options& training) {
    if (sets.size() > 1 && ranks() != nullptr) {
        std::vector<double> images;
        for (const auto& set : sets)
            images.push_back(
                static_cast<double>(rd4ad::steps_of(training, set.train.size()) * training.batch + set.train.size()));
        return rd4ad::deal_longest_first(images, ranks()->size())[ranks()->rank()];
    }
    std::vector<std::size_t> all(sets.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return all;
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
    if (training.ranks != nullptr && !writes_outputs()) return !log.stopped;
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

/// The data sets of a command, and where their checkpoints go.
struct training_request {
    std::vector<rd4ad::data::dataset> sets{};
    fs::path out{};
    rd4ad::train_options training{};
    rd4ad::model_options settings{};

    /// The options of one class.
    [[nodiscard]] rd4ad::train_options options_for(const parsed_options& options, const rd4ad::data::dataset& set) const {
        auto own = training;
        own.checkpoint = checkpoint_in(out, set);
        own.resume = resumes(options, sets, own.checkpoint);
        if (sets.size() == 1) own.ranks = ranks();  // several classes: each rank trains its own ones alone
        return own;
    }
};

training_request training_request_of(const parsed_options& options) {
    training_request made{
        .out = options.required("out"), .training = train_options_of(options), .settings = compute_options(options)};
    made.settings.seed = made.training.seed;
    made.sets = open_datasets(options);  // after the flags, whose faults are told first
    if (options.has("validation-data")) {
        if (made.sets.size() != 1) throw usage_error{"--validation-data: expected one data set, or --multimodal"};
        made.sets.front().validation = validation_items(options.required("validation-data"), options);
    }
    if (options.has("resume") && options.has("from"))
        throw usage_error{"--resume excludes --from: continue the training in --out, or start from another checkpoint's weights"};
    if (options.has("from") && options.has("teacher"))
        throw usage_error{"--from excludes --teacher: the training keeps the checkpoint's teacher"};
    return made;
}

/// Trains one class; before the first one, names the teacher. Returns false if a signal stopped it.
template <rd4ad::Backend B>
bool train_class(const parsed_options& options, const training_request& request, const rd4ad::usable_images& images,
                 bool is_first, deferred_failure& pages) {
    auto training = request.options_for(options, images.set);
    auto m = training.resume       ? stored_model<B>(training.checkpoint, options, request.settings)
             : options.has("from") ? stored_model<B>(options.required("from"), options, request.settings)
                                   : new_model<B>(options, request.settings);
    training.roi = training_roi(options, images.set, m.settings.roi);
    set_white_level(training, options, images.set);
    if (is_first && writes_outputs()) print_teacher(m.settings.teacher, m.arch->name);
    try {
        return train_dataset(std::move(m), images, training, pages);
    } catch (const rd4ad::stopped_error& stop) {  // before the first step
        std::fprintf(stderr, "%s: %s\n", images.set.name.c_str(), stop.what());
        return false;
    }
}

/// The failures of the classes of all ranks, as one text. Every rank of a command of several classes calls it.
std::string failures_of_ranks(const std::string& own) {
    if (ranks() == nullptr) return own;
    std::string all;
    for (const auto& of_rank : ranks()->gather_all(own))
        if (!of_rank.empty()) all += rd4ad::text(all.empty() ? "" : "; ", of_rank);
    return all;
}

/// Trains the classes one after another. A class that fails is named, and the others are trained. Returns the exit status. Throws
/// data_error with the reasons of all ranks.
template <rd4ad::Backend B>
int train_classes(const parsed_options& options, const training_request& request,
                  const std::vector<rd4ad::usable_images>& usable) {
    std::string failures;
    bool stopped = false;
    deferred_failure pages;
    if (ranks() != nullptr) let_ranks_print();
    for (std::size_t i = 0; i < usable.size() && !stopped; ++i) try {
            stopped = !train_class<B>(options, request, usable[i], i == 0, pages);
        } catch (const rd4ad::error& problem) {
            const auto line = rd4ad::text(usable[i].set.name, ": ", problem.what());
            console{}.line(rd4ad::text("failed: ", line, i + 1 < usable.size() ? "; the other classes go on" : ""));
            failures += rd4ad::text(failures.empty() ? "" : "; ", line);
        }
    const auto all = failures_of_ranks(failures);
    if (ranks() != nullptr) stopped = ranks()->any(stopped);
    if (!all.empty() && !writes_outputs()) return 1;
    if (!all.empty()) throw rd4ad::data_error{rd4ad::text("some of ", request.sets.size(), " classes failed: ", all)};
    pages.rethrow();
    if (ranks() != nullptr && writes_outputs() && !stopped)
        print_line(rd4ad::text(request.sets.size(), " classes trained on ", ranks()->size(), " ranks: ", request.out));
    return stopped ? stopped_status : 0;
}

template <rd4ad::Backend B>
int train_all(const parsed_options& options) {
    const auto request = training_request_of(options);
    auto inputs = inputs_of(options, request.sets);
    std::optional<rd4ad::io::output_folder> folder;
    if (writes_outputs())
        folder.emplace(request.out, inputs,
                       rd4ad::io::output_options{.writer = "train", .overwrite = request.training.overwrite});
    for (const auto& set : request.sets) {
        const auto training = request.options_for(options, set);
        if (training.resume) rd4ad::check_resume_files(training.checkpoint);
        for (const auto& file : {training.checkpoint, rd4ad::resume_path(training.checkpoint)}) inputs.check_file(file);
        check_suspects_pages(set, training, inputs);
    }
    if (!options.has("from") && !options.has("resume")) check_teacher(options);
    const auto usable =
        usable_images_of(request.sets, own_classes(request.sets, request.training), request.training, request.settings.threads);
    for (const auto& images : usable) rd4ad::check_checkpoint_data(request.options_for(options, images.set), images.identity);
    print_augmentation(request.training.augment);
    stop_on_signals();
    if (request.sets.size() > 1) return train_classes<B>(options, request, usable);
    deferred_failure pages;
    const bool finished = train_class<B>(options, request, usable.front(), true, pages);
    pages.rethrow();
    return finished ? 0 : stopped_status;
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

Of several classes one that fails is named, and the others are trained; the exit status is 1. Under mpirun
several classes are dealt to the ranks, and one class is trained by all ranks together (docs/cluster.md).

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
