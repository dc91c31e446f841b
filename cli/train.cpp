// cli/train.cpp: rd4ad train.
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "backends.hpp"
#include "console.hpp"
#include "scale.hpp"
#include "sets.hpp"
#include "verbs.hpp"
#include "view.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;

/// Exit status of a training that a signal ended: 128 + SIGINT, whichever signal it was.
constexpr int stopped_status = 130;

volatile std::sig_atomic_t stop_wanted = 0;

/// The first signal asks for an orderly end; the second one is the system's own business.
void stop_on_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) { stop_wanted = 1; };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    for (const int signal : {SIGINT, SIGTERM}) ::sigaction(signal, &action, nullptr);
}

verb description() {
    verb v{.name = "train",
           .synopsis = "--data DIR --out DIR [FLAGS...]",
           .what = "Trains on good photographs and writes DIR/<name>.safetensors, all that test and score need.",
           .flags = set_flags(),
           .takes_operands = false,
           .more = R"(Ctrl-C finishes the step, saves and exits with 130; --resume goes on as if it had never stopped.
Without --teacher and with resnet18 the built-in teacher is used (trained on Tiny ImageNet). ImageNet's own weights find
more: --teacher resnet18-imagenet, after rd4ad fetch resnet18. The other architectures always need such weights.

Example: bottles and pills of MVTec AD by ImageNet's wide_resnet50_2, a checkpoint each.
  rd4ad train --data mvtec --class-names bottle,pill --teacher wide_resnet50_2-imagenet --out models
)"};
    const std::vector<flag> own{
        {"arch", "NAME", "", "resnet18, resnet34, resnet50 or wide_resnet50_2; by default what --teacher holds, else resnet18"},
        {"teacher", "FILE", "built-in",
         "a file of weights (.pth, .safetensors), built-in, none (untrained), or a name: rd4ad teachers"},
        {"bs", "N", "16", "images a step"},
        {"epochs", "N", "200", "how often each image is seen"},
        {"lr", "RATE", "0.005", "Adam's learning rate"},
        {"seed", "N", "111", "of first values, order, and which images are held out"},
        {"validation", "SHARE", "0.1", "share of the good images held out of training, to set the threshold by; 0: none"},
        {"false-alarm-rate", "RATE", "0.01", "share of good images that may be called anomalous, on average"},
        {"save-every", "N", "10", "epochs from one saving to the next; the end is always saved"},
        {"variance-guard", "V", "0",
         "against loss spikes: batch variances below this and the running one don't count; say 0.0005"},
        {"reset-every", "STEPS", "0", "against loss spikes: Adam's memory begins anew after so many steps; say 500"},
        {"cache-gb", "GB", "4", "memory for the teacher's features; more go to a file in TMPDIR"},
        {"resume", "", "", "go on from the checkpoint in --out, with its own teacher"},
        {"out", "DIR", "", "where the checkpoint goes, and beside it what --resume needs"}};
    v.flags.insert(v.flags.end(), own.begin(), own.end());
    const auto views = view_flags();
    v.flags.insert(v.flags.begin() + static_cast<std::ptrdiff_t>(set_flags().size() + 2), views.begin(), views.end());
    for (auto& one : compute_flags()) v.flags.push_back(std::move(one));
    return v;
}

/// A fresh model by --arch and --teacher.
template <rd4ad::Backend B>
rd4ad::model<B> fresh_model(const arguments& given, const rd4ad::model_options& options) {
    const auto teacher = given.text("teacher"), asked = given.text("arch");
    if (!asked.empty()) (void)rd4ad::architecture_named(asked);
    const auto arch = asked.empty() ? std::string{"resnet18"} : asked;
    if (teacher == "none") return rd4ad::make_model_without_teacher<B>(arch, options);
    if (teacher == "built-in") {
        if (arch != "resnet18")
            throw usage_error{"--arch " + arch + ": the built-in teacher is a resnet18; give " + arch +
                              "'s weights by --teacher " + arch + "-imagenet, after rd4ad fetch " + arch +
                              ", or train without any by --teacher none"};
        auto made = rd4ad::make_model<B>(arch, rd4ad::built_in_teacher(), options);
        made.settings.teacher = rd4ad::built_in_teacher_name;
        return made;
    }
    const auto file = rd4ad::load_weights(rd4ad::teacher_path(teacher));
    const auto& found = rd4ad::recognise(file, file.contains("teacher.conv1.weight") ? "teacher." : "");
    if (!asked.empty() && asked != found.name)
        throw rd4ad::format_error{teacher + ": holds a " + std::string{found.name} + ", expected " + asked + " (--arch); give " +
                                  std::string{rd4ad::imagenet_file_of(asked).name} + ", or leave --arch out"};
    return rd4ad::make_model<B>(found, file, options);
}

/// The model in the checkpoint, which must be of --arch where that is given.
template <rd4ad::Backend B>
rd4ad::model<B> begun_model(const fs::path& checkpoint, const arguments& given, const rd4ad::model_options& options) {
    auto m = rd4ad::load_checkpoint<B>(checkpoint, options);
    if (given.given("arch") && given.text("arch") != m.arch->name)
        throw rd4ad::option_error{checkpoint.string() + ": is a " + std::string{m.arch->name} + ", --arch says " +
                                  given.text("arch") + ": leave --arch out, or train anew without --resume"};
    return m;
}

void say_teacher(const std::string& teacher, const std::string& arch) {
    const bool best = teacher != rd4ad::built_in_teacher_name && teacher != "none";
    std::printf(
        "teacher: %s%s\n", teacher.c_str(),
        best ? "" : ("; ImageNet's weights find more: rd4ad fetch " + arch + ", then --teacher " + arch + "-imagenet").c_str());
}

/// What progress looks like.
std::function<void(const rd4ad::training_progress&)> shown_on(console& to, const std::string& name) {
    return [&to, name](const rd4ad::training_progress& p) {
        if (p.epoch == 0) {
            to.bar(static_cast<double>(p.step) / static_cast<double>(p.steps),
                   name + ": teacher's features, " + fixed(p.images_per_second, 1) + " images/s");
            return;
        }
        const std::string text = name + ": epoch " + std::to_string(p.epoch) + "/" + std::to_string(p.epochs) + ", loss " +
                                 fixed(p.loss, 4) + ", " + fixed(p.images_per_second, 1) + " images/s, " +
                                 duration(p.seconds_left) + " left";
        const auto done = static_cast<double>((p.epoch - 1) * p.steps + p.step);
        to.bar(done / static_cast<double>(p.epochs * p.steps), text);
        if (p.step == p.steps) to.plain(text);
    };
}

template <rd4ad::Backend B>
int train_all(const arguments& given) {
    const fs::path out = given.required("out");
    const auto model_options = compute_options(given);
    rd4ad::train_options options{.epochs = given.whole("epochs", 1),
                                 .batch = given.whole("bs", 1),
                                 .rate = given.real("lr"),
                                 .seed = given.whole("seed", 0),
                                 .validation = given.real("validation"),
                                 .false_alarm_rate = given.real("false-alarm-rate"),
                                 .save_every = given.whole("save-every", 1)};
    options.stable = {.variance_guard = given.real("variance-guard"), .reset_every = given.whole("reset-every", 0)};
    set_view(options, given);
    const double cache = given.real("cache-gb");
    if (cache < 0 || cache > 1e6) throw usage_error{"--cache-gb " + given.text("cache-gb") + ": expected 0 to 1000000"};
    options.cache_bytes = static_cast<std::size_t>(cache * (1u << 30));
    options.should_stop = [] { return stop_wanted != 0; };
    auto seeded = model_options;
    seeded.seed = options.seed;

    const auto sets = open_sets(given);
    rd4ad::io::make_folder(out);
    stop_on_signals();
    for (const auto& set : sets) {
        options.checkpoint = checkpoint_in(out, set);
        options.resume = given.given("resume") && (sets.size() == 1 || fs::exists(options.checkpoint));
        auto m = options.resume ? begun_model<B>(options.checkpoint, given, seeded) : fresh_model<B>(given, seeded);
        if (&set == &sets.front()) say_teacher(m.settings.teacher, std::string{m.arch->name});
        std::fflush(stdout);
        console shown;
        if (const auto warning = duplicates_warning(set); !warning.empty()) shown.line(warning);
        options.progress = shown_on(shown, set.name);
        const auto log = rd4ad::train(m, set, options);
        shown.clear();
        if (log.stopped) {
            shown.line("stopped in epoch " + std::to_string(log.losses.size() + 1) + " of " + std::to_string(options.epochs) +
                       ", saved in " + options.checkpoint.string() + "; the same command with --resume goes on");
            return stopped_status;
        }
        std::printf("%s: %s, %zu images, %zu epochs, loss %s, %s: %s\n", set.name.c_str(), m.arch->name.data(), log.trained,
                    options.epochs, log.losses.empty() ? "none" : fixed(log.losses.back(), 5).c_str(),
                    duration(log.seconds).c_str(), options.checkpoint.c_str());
        if (const auto scale = rd4ad::calibration_from(m.settings.calibration, set.name))
            std::printf("%s: %s\n", set.name.c_str(), in_words(*scale).c_str());
        else
            std::printf("%s: no threshold: %zu of %zu good images held out, expected at least 2; set one by rd4ad calibrate\n",
                        set.name.c_str(), log.held_out, set.train.size());
        std::fflush(stdout);
    }
    return 0;
}

}  // namespace

int train(const std::vector<std::string>& words) {
    return run_verb(description(), words, [](const arguments& given) -> int {
        return with_training_backend(given, [&]<class B>() { return train_all<B>(given); });
    });
}

}  // namespace cli
