// cli/probe.cpp: rd4ad probe.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backends.hpp"
#include "commands.hpp"
#include "compute_flags.hpp"
#include "console.hpp"
#include "dataset_flags.hpp"
#include "failures.hpp"
#include "outputs.hpp"
#include "roi_flags.hpp"
#include "white_level.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;

/// Fewer good images that the model did not see are not worth a probe: then the folds' students score the training images.
constexpr std::size_t least_unseen = 20;

/// Whether an item shows the product whose threshold is probed; "": any.
bool shows(const rd4ad::data::item& item, const std::string& product) {
    return product.empty() || item.product.empty() || item.product == product;
}

/// The good images of a data set that its model was not trained on, of one product.
std::vector<rd4ad::data::item> unseen_images(const rd4ad::data::dataset& set, const std::string& product) {
    std::vector<rd4ad::data::item> items;
    for (const auto& one : set.validation)
        if (shows(one, product)) items.push_back(one);
    for (const auto& one : set.test)
        if (!one.is_anomalous && shows(one, product)) items.push_back(one);
    return items;
}

/// Removes the items whose images can't be used and adds them to `failures`; throws the error of the first under
/// on_failure::stop.
void keep_usable(std::vector<rd4ad::data::item>& items, const rd4ad::data::preprocessing& by, std::size_t threads,
                 rd4ad::on_failure reaction, failure_list& failures) {
    std::vector<fs::path> files;
    for (const auto& one : items) files.push_back(one.image);
    const auto unusable = rd4ad::find_unusable_files(files, by, threads);
    std::vector<rd4ad::data::item> usable;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (!unusable[i]) {
            usable.push_back(std::move(items[i]));
            continue;
        }
        if (reaction == rd4ad::on_failure::stop) throw rd4ad::error{unusable[i]->code, unusable[i]->message};
        failures.add(files[i], *unusable[i]);
    }
    items = std::move(usable);
}

/// The results of images that a scorer's network computes, versions of one file.
template <rd4ad::Backend B>
std::vector<rd4ad::detection_result> results_of(const rd4ad::scorer<B>& by, rd4ad::model<B>& m, const fs::path& file,
                                                const rd4ad::data::region_of_interest& roi,
                                                std::span<const rd4ad::image::image_u8> images) {
    auto inputs = rd4ad::preprocess_images(images, m.settings.preprocessing, m.queue.threads);
    const auto mask = rd4ad::data::roi_mask(roi, file, images.front().width, images.front().height);
    for (auto& one : inputs) one.roi = mask;
    return rd4ad::raw_results(by.maps(m.queue, inputs), inputs);
}

/// The parsed flags.
struct probe_request {
    fs::path checkpoint;
    rd4ad::probe_options options;
    bool out_of_fold;
    bool verify{true};                                ///< compare the checkpoint with its checksums
    std::string product{};                            ///< whose threshold is probed; "": the only one
    rd4ad::data::region_of_interest roi{};            ///< of the images; the model's, unless --roi gives another
    std::unique_ptr<rd4ad::io::output_folder> out{};  ///< null without --out
};

constexpr const char *page_file = "probe.html", *probe_file = "probe.json";

/// The options of a probe of the given files: defects lie in their region of interest.
rd4ad::probe_options options_for(const probe_request& request, const std::vector<fs::path>& files) {
    auto options = request.options;
    if (request.roi.kind != rd4ad::data::roi_kind::whole)
        options.region = [&request, &files](std::size_t photograph, const rd4ad::image::image_u8& image) {
            return *rd4ad::data::roi_mask(request.roi, files[photograph], image.width, image.height);
        };
    return options;
}

/// Probes images that the model was not trained on.
template <rd4ad::Backend B>
rd4ad::probe_result probe_unseen(rd4ad::model<B>& m, const std::vector<rd4ad::data::item>& images, double threshold,
                                 const probe_request& request, console& progress) {
    const auto files = rd4ad::data::files_of(images);
    const rd4ad::scorer<B> by{m, request.options.batch, rd4ad::map_sigma};
    return rd4ad::probe_images(
        files,
        [&](std::size_t photograph, std::span<const rd4ad::image::image_u8> painted) {
            return results_of(by, m, files[photograph], request.roi, painted);
        },
        threshold, options_for(request, files), [&](std::size_t done, std::size_t all) { progress.images(done, all); });
}

/// The training images that a checkpoint's training, by its JSON, named as suspects.
std::vector<fs::path> suspects_of(const rd4ad::io::json& training, const rd4ad::data::dataset& set) {
    std::vector<fs::path> files;
    for (const auto& one : set.train) files.push_back(one.image);
    const auto folder = rd4ad::common_folder(files);
    std::vector<fs::path> suspects;
    for (const auto& one : rd4ad::suspects_in(training)) suspects.push_back(folder / one.name);
    return suspects;
}

/// Cross-fits again, and probes each training image but the suspects by the student that did not see it. A scorer keeps the
/// network of the student with which it was made; that network serves one input size.
template <rd4ad::Backend B>
rd4ad::probe_result probe_out_of_fold(rd4ad::model<B>& m, const rd4ad::data::dataset& set, double threshold,
                                      const probe_request& request, console& progress) {
    const auto& preprocessing = m.settings.preprocessing;
    if (!preprocessing.one_size() && preprocessing.patches.size == 0)
        throw rd4ad::option_error{rd4ad::text(request.checkpoint,
                                              ": takes images of several sizes, which can't be probed out of fold; "
                                              "give 20 good images that it was not trained on, in test/good")};
    const auto trained = rd4ad::training_of(request.checkpoint, {.verify = request.verify});
    auto training = rd4ad::training_options_from(trained, request.checkpoint.string());
    training.roi = request.roi;
    std::set<fs::path> probed;
    for (const auto& one : set.train)
        if (shows(one, request.product)) probed.insert(one.image);
    for (const auto& one : suspects_of(trained, set)) probed.erase(one);
    training.progress = [&](const rd4ad::training_progress& p) {
        if (p.fold != 0)
            progress.bar(static_cast<double>(p.step + (p.epoch - 1) * p.steps) / static_cast<double>(p.epochs * p.steps),
                         rd4ad::text("fold ", p.fold, '/', p.folds));
    };
    std::vector<rd4ad::scorer<B>> students;
    std::vector<fs::path> files;
    std::vector<std::size_t> student_of;
    rd4ad::visit_fold_students<B>(m, set, training, [&](rd4ad::model<B>& student, std::span<const fs::path> images) {
        students.emplace_back(student, request.options.batch, rd4ad::map_sigma);
        std::copy_if(images.begin(), images.end(), std::back_inserter(files),
                     [&](const fs::path& image) { return probed.contains(image); });
        student_of.resize(files.size(), students.size() - 1);
    });
    return rd4ad::probe_images(
        files,
        [&](std::size_t photograph, std::span<const rd4ad::image::image_u8> images) {
            return results_of(students[student_of[photograph]], m, files[photograph], request.roi, images);
        },
        threshold, options_for(request, files), [&](std::size_t done, std::size_t all) { progress.images(done, all); });
}

void print(const std::string& name, const rd4ad::probe_result& found, const std::string& note) {
    print_line(rd4ad::text(name, ": ", found.photographs, " photographs, ", found.false_alarms,
                           " false alarms without a defect. ", note));
    for (const auto& sentence : rd4ad::sentences_of(found)) print_line(sentence);
}

template <rd4ad::Backend B>
int probe_model(const parsed_options& options, probe_request& request, rd4ad::data::dataset set) {
    auto m = rd4ad::load_checkpoint<B>(request.checkpoint, compute_options(options));
    const auto calibrations = rd4ad::calibrations_from(m.settings.calibration, request.checkpoint.string());
    rd4ad::check_product(calibrations, options.text("product"), request.checkpoint.string());
    request.product = product_for(options, calibrations, set.name);
    const auto* by = rd4ad::calibration_of(calibrations, request.product, request.checkpoint.string());
    if (by == nullptr)
        throw rd4ad::data_error{
            rd4ad::text(request.checkpoint, ": has no threshold, by which a defect is found; set one with rd4ad calibrate")};
    console progress;
    failure_list failures;
    const auto reaction = reaction_of(options);
    const auto& preprocessing = m.settings.preprocessing;
    warn_of_white_level(set, preprocessing);
    request.options.white_level = preprocessing.white_level;
    auto unseen = unseen_images(set, request.product);
    if (!request.out_of_fold) keep_usable(unseen, preprocessing, request.options.threads, reaction, failures);
    auto files = rd4ad::data::files_of(set.train);
    for (auto& file : rd4ad::data::files_of(unseen)) files.push_back(std::move(file));
    request.roi = options.has("roi") ? roi_of(options, files) : m.settings.roi;
    const bool out_of_fold = request.out_of_fold || unseen.size() < least_unseen;
    if (out_of_fold) keep_usable(set.train, preprocessing, request.options.threads, reaction, failures);
    if (out_of_fold && set.train.empty()) return failures.finish(0, "probed");
    const auto found = out_of_fold ? probe_out_of_fold(m, set, by->threshold, request, progress)
                                   : probe_unseen(m, unseen, by->threshold, request, progress);
    progress.clear();
    auto result = to_json(found);
    result["files"] = files_json(set);
    result["failed"] = failures.to_json();
    const auto note = out_of_fold ? std::string{"Each photograph was scored by a student that was not trained on it."}
                                  : std::string{"The model was not trained on these photographs."};
    deferred_failure outputs;
    if (request.out)
        outputs.attempt([&] {
            request.out->write(probe_file, std::string_view{rd4ad::io::dump_json(result, 2) + "\n"});
            request.out->write(page_file, std::string_view{rd4ad::probe_html({.title = set.name, .result = found, .note = note},
                                                                             rd4ad::probe_template())});
            finish_output(*request.out);
        });
    if (options.has("json")) {
        std::printf("%s\n", rd4ad::io::dump_json(result, 2).c_str());
    } else {
        print(set.name, found, note);
        failures.print_rows();
    }
    outputs.rethrow();
    return failures.finish(found.photographs, "probed");
}

}  // namespace

usage probe_usage() {
    return {.synopsis = "--checkpoint FILE|DIR --data DIR [FLAGS...]",
            .flags = join_flags({dataset_flags(),
                                 {{"checkpoint", "PATH", "", "the checkpoint that rd4ad train wrote, or its folder"},
                                  {"out-of-fold", "", "",
                                   "probe the training images, by students that did not see them: trains these students again"},
                                  {"runs", "N", "2200", "the most photographs with a painted defect to score"},
                                  {"seed", "N", "1", "random seed of the defects"},
                                  product_flag(),
                                  roi_flag(),
                                  {"json", "", "", "print JSON instead of text"},
                                  {"out", "DIR", "", "folder for probe.html and probe.json"}},
                                 {no_verify_flag()},
                                 strict_flags(),
                                 overwrite_flags(),
                                 compute_flags()}),
            .notes =
                std::string{
                    R"(Paints scratches, stains, dents, pasted patches and missing parts of graded size and contrast into
photographs of good parts, and counts the defects found at the model's threshold: the size found in
90 % of photographs, with 95 % confidence. The photographs are val/good and test/good of the data
set if there are at least 20, else its training images but the suspects, out of fold. Painted
defects are no real ones: use a probe to compare sizes, models and settings.
)"} + failures_help +
                R"(
Example: which defects does the model of the bottles find?
  rd4ad probe --data mvtec/bottle --checkpoint models --out probe
)"};
}

int probe(const parsed_options& options) {
    const auto sets = open_datasets(options);
    if (sets.size() != 1) throw usage_error{"--class-names: expected one class for the one checkpoint"};
    probe_request request{.checkpoint = find_checkpoint(options.required("checkpoint"), sets.front()),
                          .options = {},
                          .out_of_fold = options.has("out-of-fold"),
                          .verify = read_options_of(options).verify};
    request.options.max_runs = options.whole("runs", 1);
    request.options.seed = options.seed();
    request.options.maps = rd4ad::map_size::network;
    request.options.threads = compute_options(options).threads;
    auto inputs = inputs_of(options, sets);
    inputs.add(request.checkpoint);
    request.out = open_output(options, "probe", inputs);
    if (request.out)
        for (const auto* file : {page_file, probe_file}) request.out->announce(file);
    return with_training_backend(options, [&]<class B>() { return probe_model<B>(options, request, sets.front()); });
}

}  // namespace cli
