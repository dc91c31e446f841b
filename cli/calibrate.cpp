// cli/calibrate.cpp: rd4ad calibrate.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/io/atomic_file.hpp>

#include "calibration_text.hpp"
#include "commands.hpp"
#include "compute_flags.hpp"
#include "console.hpp"
#include "dataset_flags.hpp"
#include "detector.hpp"
#include "failures.hpp"
#include "preprocessing_flags.hpp"
#include "roi_flags.hpp"
#include "white_level.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;
using rd4ad::io::json;

/// Raw scores and labels (0: good) of images.
struct scored_images {
    std::vector<float> raw_scores;
    std::vector<std::uint8_t> labels;
    double max_raw_score{3};  ///< the largest that the model can give
    rd4ad::score_source source{rd4ad::score_source::given};
};

/// The images of each product; of a model with one threshold those of all products under "".
using scored_products = std::map<std::string, scored_images>;

/// The product whose threshold an image of a data set contributes to.
std::string product_of(const rd4ad::data::item& item, const rd4ad::data::dataset& set, const parsed_options& options,
                       const rd4ad::product_calibrations& known) {
    return item.product.empty() ? product_for(options, known, set.name) : item.product;
}

/// Scores the good images of the test part, or of the training part if there is no test part; with --labelled all of them.
/// Several products in the data get a threshold each.
scored_products score_dataset(const parsed_options& options, const detector_loader& load, const rd4ad::data::dataset& set,
                              const fs::path& checkpoint, rd4ad::data::region_of_interest& roi, failure_list& failures) {
    const bool with_anomalous = options.has("labelled");
    const auto by = load(checkpoint);
    check_preprocessing_flags(options, by->settings().preprocessing, checkpoint);
    warn_of_white_level(set, by->settings().preprocessing);
    rd4ad::check_product(by->calibrations(), options.text("product"), checkpoint.string());
    std::vector<fs::path> files;
    std::vector<std::string> products;
    std::vector<std::uint8_t> labels;
    scored_products scored;
    for (const auto& item : set.test.empty() ? set.train : set.test) {
        if (item.is_anomalous && !with_anomalous) continue;
        files.push_back(item.image);
        products.push_back(product_of(item, set, options, by->calibrations()));
        labels.push_back(item.is_anomalous ? 1 : 0);
    }
    roi = roi_of(options, files);
    console progress;
    const auto raw_scores =
        by->raw_scores(files, roi, reaction_of(options),
                       {.progress = [&](const rd4ad::run_progress& at) { progress.images(at.done, at.count); }});
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (!raw_scores[i]) {
            failures.add(files[i], raw_scores[i].error());
            continue;
        }
        scored[products[i]].raw_scores.push_back(*raw_scores[i]);
        scored[products[i]].labels.push_back(labels[i]);
    }
    for (auto& [product, one] : scored) one.max_raw_score = by->settings().units.largest();
    if (scored.size() == 1 && !per_product(by->calibrations())) {
        auto all = std::move(scored.begin()->second);
        scored.clear();
        scored.emplace("", std::move(all));
    }
    if (per_product(by->calibrations()))
        for (const auto& [product, one] : scored)
            static_cast<void>(rd4ad::calibration_of(by->calibrations(), product, checkpoint.string()));
    return scored;
}

std::string percent(double rate) { return fixed(100 * rate, 2) + " %"; }

/// A threshold from one half of the good images, and its false alarms on the other half.
struct split_result {
    rd4ad::calibration calibration;
    rd4ad::metrics::count_interval predicted;
    std::size_t false_alarms{0};
    double measured_rate{0};

    [[nodiscard]] bool as_predicted() const { return false_alarms >= predicted.low && false_alarms <= predicted.high; }
};

/// Calibrates with the first `calibrating` images of a random order and counts the false alarms of the others.
split_result try_split(const std::vector<float>& raw_scores, std::size_t calibrating, double rate, rd4ad::random& source) {
    const auto order = rd4ad::shuffled_order(raw_scores.size(), source);
    std::vector<float> half;
    for (std::size_t i = 0; i < calibrating; ++i) half.push_back(raw_scores[order[i]]);
    split_result found{rd4ad::calibrate(std::move(half), rate), {}};
    const std::size_t counted = raw_scores.size() - calibrating;
    found.predicted = rd4ad::predicted_false_alarms(found.calibration, counted);
    for (std::size_t i = calibrating; i < order.size(); ++i)
        if (found.calibration(static_cast<double>(raw_scores[order[i]])) >= 0.5) ++found.false_alarms;
    found.measured_rate = static_cast<double>(found.false_alarms) / static_cast<double>(counted);
    return found;
}

/// The results of all splits, and their summary.
struct splits_report {
    double requested_rate;
    std::size_t calibrating, counted;  ///< images per split
    std::vector<split_result> splits{};
    double mean_rate{0};
    std::size_t as_predicted{0};
};

splits_report try_splits(const std::vector<float>& raw_scores, double rate, std::size_t splits, std::uint64_t seed) {
    const std::size_t half = raw_scores.size() / 2;
    if (half < 2)
        throw rd4ad::data_error{
            rd4ad::text("--splits: ", raw_scores.size(), " good images, expected at least 4; give more good images")};
    splits_report report{rate, half, raw_scores.size() - half};
    rd4ad::random source{seed};
    for (std::size_t s = 0; s < splits; ++s) {
        const auto& one = report.splits.emplace_back(try_split(raw_scores, half, rate, source));
        report.mean_rate += one.measured_rate / static_cast<double>(splits);
        if (one.as_predicted()) ++report.as_predicted;
    }
    return report;
}

json to_json(const splits_report& report) {
    json splits = json::array();
    for (const auto& one : report.splits)
        splits.push_back({{"raw_threshold", one.calibration.threshold},
                          {"rule", to_string(one.calibration.rule)},
                          {"expected_rate", one.calibration.expected_rate},
                          {"rate_interval", {one.calibration.rate_interval.low, one.calibration.rate_interval.high}},
                          {"predicted_false_alarms", {one.predicted.low, one.predicted.high}},
                          {"false_alarms", one.false_alarms},
                          {"measured_rate", one.measured_rate}});
    return {{"requested_rate", report.requested_rate},    {"images_for_threshold", report.calibrating},
            {"images_counted", report.counted},           {"mean_measured_rate", report.mean_rate},
            {"splits_as_predicted", report.as_predicted}, {"splits", std::move(splits)}};
}

void print(const splits_report& report) {
    std::printf("%s\n", bold(rd4ad::text("split  raw threshold  expected  95 % interval       false alarms of ", report.counted,
                                         "  predicted  measured"))
                            .c_str());
    for (std::size_t s = 0; s < report.splits.size(); ++s) {
        const auto& one = report.splits[s];
        const auto& by = one.calibration;
        std::printf("%5zu  %13s  %8s  %-18s  %18zu  %9s  %8s\n", s + 1, fixed(by.threshold, 4).c_str(),
                    percent(by.expected_rate).c_str(),
                    rd4ad::text(percent(by.rate_interval.low), " to ", percent(by.rate_interval.high)).c_str(), one.false_alarms,
                    rd4ad::text(one.predicted.low, " to ", one.predicted.high).c_str(), percent(one.measured_rate).c_str());
    }
    std::printf("false-alarm rate: requested %s, measured %s on average; as predicted in %zu of %zu splits (%s, %zu images)\n",
                percent(report.requested_rate).c_str(), percent(report.mean_rate).c_str(), report.as_predicted,
                report.splits.size(), to_string(report.splits.front().calibration.rule).c_str(), report.calibrating);
}

/// The parsed flags.
struct calibrate_request {
    fs::path checkpoint;
    double rate;  ///< 0: by the number of images
    bool labelled, with_data;
    json files{};  ///< of --data, for --json
};

calibrate_request calibrate_request_of(const parsed_options& options) {
    const bool by_count = !options.has("false-alarm-rate");
    const calibrate_request request{options.required("checkpoint"),
                                    by_count ? 0.0 : options.rate("false-alarm-rate"),
                                    options.has("labelled"),
                                    options.has("data"),
                                    {}};
    for (const char* name : {"labelled", "roi"})
        if (options.has(name) && !request.with_data) throw usage_error{rd4ad::text("--", name, " needs --data DIR")};
    if (request.labelled && (options.has("false-alarm-rate") || options.has("splits")))
        throw usage_error{"--labelled excludes --false-alarm-rate and --splits: give one or the other"};
    return request;
}

/// Scores the images of --data, whose checkpoint may be in a folder: sets request.checkpoint to the file, and roi to that of
/// --roi.
scored_products images_of_data(const parsed_options& options, const detector_loader& load, calibrate_request& request,
                               rd4ad::data::region_of_interest& roi, failure_list& failures) {
    const auto sets = open_datasets(options, rd4ad::on_failure::skip, false);
    if (sets.size() != 1) throw usage_error{"--class-names: expected one class for the one checkpoint"};
    request.checkpoint = find_checkpoint(request.checkpoint, sets.front());
    request.files = files_json(sets.front());
    if (!options.has("splits"))
        rd4ad::io::probe_folder(rd4ad::io::folder_of(request.checkpoint), fs::file_size(request.checkpoint));
    return score_dataset(options, load, sets.front(), request.checkpoint, roi, failures);
}

/// The raw scores of the good images that the checkpoint was calibrated with, of --product or of all products.
scored_products images_of_checkpoint(const parsed_options& options, const fs::path& checkpoint) {
    const auto found = rd4ad::calibrations_from(rd4ad::calibration_in(checkpoint), checkpoint.string());
    if (found.empty())
        throw rd4ad::data_error{
            rd4ad::text(checkpoint, ": holds no scores, as its training had no validation images; give good images by --data")};
    const auto product = options.text("product");
    rd4ad::check_product(found, product, checkpoint.string());
    const double largest = rd4ad::map_units_of(rd4ad::io::safetensors_reader{checkpoint}).largest();
    scored_products scored;
    for (const auto& [name, by] : found)
        if (product.empty() || name == product)
            scored[name] = {.raw_scores = by.good_scores, .labels = {}, .max_raw_score = largest, .source = by.source};
    return scored;
}

/// Calibrates each product, and stores the thresholds beside those of the other products.
rd4ad::product_calibrations calibrate_products(const calibrate_request& request, scored_products images,
                                               const rd4ad::data::region_of_interest& roi) {
    rd4ad::product_calibrations made;
    for (auto& [product, one] : images) {
        const double rate = request.rate == 0 ? rd4ad::default_rate(one.raw_scores.size()) : request.rate;
        auto by = request.labelled ? rd4ad::calibrate_labelled(one.raw_scores, one.labels)
                                   : rd4ad::calibrate(std::move(one.raw_scores), rate, one.max_raw_score);
        by.source = one.source;
        made.emplace(product, std::move(by));
    }
    auto stored = made;
    if (per_product(made))
        for (const auto& [product, by] :
             rd4ad::calibrations_from(rd4ad::calibration_in(request.checkpoint), request.checkpoint.string()))
            if (!product.empty()) stored.emplace(product, by);
    rd4ad::io::remove_abandoned_files(rd4ad::io::folder_of(request.checkpoint));
    rd4ad::replace_calibration(request.checkpoint, to_json(stored), roi);
    return made;
}

}  // namespace

usage calibrate_usage() {
    return {.synopsis = "--checkpoint FILE [--data DIR] [FLAGS...]",
            .flags = join_flags(
                {{{"checkpoint", "PATH", "", "the checkpoint that rd4ad train wrote; with --data also its folder"}},
                 dataset_flags(),
                 {{"false-alarm-rate", "RATE", "",
                   "expected share of good images above the threshold; by default 0.01, or more for few images"},
                  {"labelled", "", "", "set the threshold of the best F1 on the good and anomalous images of --data"},
                  {"splits", "N", "",
                   "keep the checkpoint; N times, calibrate with a random half of the good images and count the false alarms of "
                   "the other half"},
                  {"seed", "N", "111", "random seed of --splits"},
                  product_flag(),
                  roi_flag(),
                  {"json", "", "", "print JSON instead of text"}},
                 strict_flags(),
                 checkpoint_preprocessing_flags(),
                 compute_flags()}),
            .notes =
                std::string{
                    R"(Without --data, calibrates with the scores in the checkpoint: those of the validation images, or of
the last calibration. With --data, scores the good images of a data set: its test part, or all
images of a plain folder. The images must not be training images. Do not test a model on the images
that set its threshold. --roi with --data sets the region of interest together with the threshold.
)"} + failures_help +
                R"(
Example: at most 5 of 1000 good parts may be rejected, calibrated with this week's good parts.
  rd4ad calibrate --checkpoint models/bottle.safetensors --data good_parts --false-alarm-rate 0.005
)"};
}

int calibrate(const parsed_options& options) {
    const detector_loader load{options};
    auto request = calibrate_request_of(options);
    rd4ad::data::region_of_interest roi;
    failure_list failures;
    auto images = request.with_data ? images_of_data(options, load, request, roi, failures)
                                    : images_of_checkpoint(options, request.checkpoint);
    const bool as_json = options.has("json");
    std::size_t used = 0;
    for (const auto& [product, one] : images) used += one.raw_scores.size();
    if (used == 0 && failures.size() > 0) return failures.finish(0, "scored");
    if (used == 0)  // else the calibration in the checkpoint would be replaced by none
        throw rd4ad::data_error{rd4ad::text(options.text("data"), ": has no good image to calibrate with; add good images")};
    const auto print_json = [&](json result) {
        result["failed"] = failures.to_json();
        std::printf("%s\n", rd4ad::io::dump_json(result, 2).c_str());
    };
    if (!as_json) failures.print_rows();
    const auto with_files = [&](json result) {
        if (!request.files.is_null()) result["files"] = request.files;
        return result;
    };
    if (options.has("splits")) {
        if (images.size() != 1)
            throw usage_error{"--splits: the model has a threshold per product; choose one by --product NAME"};
        const auto& raw_scores = images.begin()->second.raw_scores;
        const double rate = request.rate == 0 ? rd4ad::default_rate(raw_scores.size() / 2) : request.rate;
        const auto report = try_splits(raw_scores, rate, options.whole("splits", 1), options.seed());
        if (as_json)
            print_json(with_files(to_json(report)));
        else
            print(report);
        return failures.finish(used, "scored");
    }
    const auto made = calibrate_products(request, std::move(images), roi);
    if (as_json)
        print_json(with_files(to_json(made)));
    else
        for (const auto& [product, by] : made) print_calibration(product.empty() ? request.checkpoint.string() : product, by);
    return failures.finish(used, "scored");
}

}  // namespace cli
