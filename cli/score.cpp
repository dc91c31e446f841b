// cli/score.cpp: rd4ad score.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <rd4ad/data/folder.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/score/drift.hpp>
#include <rd4ad/score/regions_json.hpp>

#include "calibration_text.hpp"
#include "commands.hpp"
#include "compute_flags.hpp"
#include "console.hpp"
#include "dataset_flags.hpp"
#include "detector.hpp"
#include "image_output.hpp"
#include "preprocessing_flags.hpp"
#include "roi_flags.hpp"
#include "score_served.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;
using rd4ad::io::json;

/// The number of images that determine the colour scale of the result images.
constexpr std::size_t images_for_scale = 256;

/// The files themselves, and the images in the folders. Throws data_error for a folder without images.
rd4ad::data::folder_images images_of(const std::vector<std::string>& operands, bool recursive) {
    rd4ad::data::folder_images all;
    for (const auto& operand : operands) {
        std::error_code ignored;
        if (!fs::is_directory(operand, ignored)) {
            all.images.emplace_back(operand);
            all.files.count("images", 1);
            continue;
        }
        const auto found = rd4ad::data::images_in_folder(operand, "images to score", recursive);
        all.images.insert(all.images.end(), found.images.begin(), found.images.end());
        all.files.add(found.files);
    }
    return all;
}

json json_of(const fs::path& path, const rd4ad::detection_result& result, double ms) {
    json regions = json::array();
    for (const auto& one : result.regions) regions.push_back(to_json(one));
    const auto verdict = result.is_anomalous();
    return {{"path", path.string()},
            {"raw_score", result.raw_score},
            {"score", rd4ad::io::number_or_null(result.score)},
            {"is_anomalous", verdict ? json(*verdict) : json()},
            {"regions", std::move(regions)},
            {"ms", ms}};
}

/// Tab-separated: path, raw score, milliseconds; with a calibration also score and verdict.
std::string line_of(const fs::path& path, const rd4ad::detection_result& result, double ms) {
    auto line = rd4ad::text(path, '\t', fixed(static_cast<double>(result.raw_score), 6), '\t', fixed(ms, 1));
    if (result.score) line += rd4ad::text('\t', fixed(*result.score, 6), '\t', *result.is_anomalous() ? "anomalous" : "good");
    return line;
}

/// Prints the results of the images and writes their files.
class result_printer {
   public:
    explicit result_printer(const parsed_options& options)
        : json_{options.has("json")}, coco_file_{options.text("coco")}, image_folder_{options.text("out")} {}

    /// Sets the display of the maps; call it before the first result.
    void show(const map_display& display) { display_ = display; }

    /// Tests the parts judged good for drift, `window` of them at a time.
    void watch(const rd4ad::calibration& by, std::size_t window) {
        window_ = window;
        drift_.emplace(by, rd4ad::drift_options{.window = window});
    }

    void add(const fs::path& path, const rd4ad::detection_result& result, double ms) {
        ++images_;
        if (!image_folder_.empty() && !writer_)
            writer_ = std::make_unique<result_image_writer>(image_folder_, images_for_scale, display_);
        if (json_) {
            auto fields = json_of(path, result, ms);
            if (writer_) fields["map_white"] = display_.largest;
            std::printf("%s\n", rd4ad::io::dump_json(fields, path.string()).c_str());
        } else {
            std::printf("%s\n", line_of(path, result, ms).c_str());
        }
        for (auto& entry : rd4ad::coco_results(images_, result.regions)) {
            entry["file_name"] = path.filename().string();
            coco_.push_back(std::move(entry));
        }
        if (writer_) writer_->add("", path, result, std::nullopt);
        if (!drift_) return;
        if (const auto test = drift_->add(static_cast<double>(result.raw_score)); test && test->is_drift)
            std::fprintf(stderr, "warning: drift: %s; check lamp, camera and parts, then calibrate or train anew\n",
                         cli::describe(*test, window_).c_str());
    }
    void finish() {
        if (writer_) writer_->finish();
        if (!coco_file_.empty()) rd4ad::io::write_json(coco_file_, coco_);
    }

   private:
    bool json_;
    fs::path coco_file_, image_folder_;
    map_display display_{};
    std::size_t images_{0};
    json coco_ = json::array();
    std::unique_ptr<result_image_writer> writer_{};
    std::size_t window_{0};
    std::optional<rd4ad::drift_monitor> drift_{};
};

void score_locally(const parsed_options& options, const std::vector<fs::path>& files, result_printer& to) {
    constexpr std::size_t max_batch = 8;
    const fs::path checkpoint = options.required("checkpoint");
    const auto by = detector_loader{options}(checkpoint, {.batch = std::min(max_batch, files.size()),
                                                          .size = rd4ad::map_size::network,
                                                          .regions = {.min_area = options.real("min-region-area", 0)},
                                                          .product = options.text("product")});
    check_preprocessing_flags(options, by->settings().preprocessing, checkpoint);
    to.show(display_of(by->settings(), by->calibration()));
    const auto window = options.whole("drift-window", 0);
    if (window > 0 && can_test_drift(by->calibration())) to.watch(*by->calibration(), window);
    console progress;
    const auto use = [&](std::size_t first, std::span<const rd4ad::detection_result> results, double ms) {
        progress.clear();
        for (std::size_t i = 0; i < results.size(); ++i) to.add(files[first + i], results[i], ms);
        std::fflush(stdout);
        progress.images(first + results.size(), files.size());
    };
    by->score_files(files, use, roi_of(options, files));
}

}  // namespace

usage score_usage() {
    return {.synopsis = "IMAGE|DIR... --checkpoint FILE|--server URL [FLAGS...]",
            .flags = join_flags(
                {{{"checkpoint", "FILE", "", "the checkpoint that rd4ad train wrote"},
                  {"json", "", "", "print one JSON object per image instead of text, and one with the key files at the end"},
                  {"recursive", "", "", "folders include their sub-folders"},
                  {"coco", "FILE", "", "write the regions as COCO results; image ids count from 1"},
                  {"min-region-area", "PIXELS", "0", "leave out regions with a smaller area, in pixels of the image"},
                  {"drift-window", "N", "50",
                   "warn if the last N parts judged good score unlike calibration's, at 1 false warning in 100 tests; 0: "
                   "never"},
                  product_flag(),
                  roi_flag(),
                  {"out", "DIR", "", "folder for the result images"}},
                 checkpoint_preprocessing_flags(),
                 server_flags(),
                 {no_verify_flag()},
                 compute_flags()}),
            .notes =
                std::string{
                    R"(Prints one line per image: path, raw score (0 to 3, higher is more anomalous) and milliseconds,
separated by tabs. A calibrated model adds the score (0 to 1) and the verdict: anomalous from a
score of 0.5. --json prints the keys path, raw_score, score, is_anomalous, regions and ms; score and
is_anomalous are null without a calibration.
)"} + result_images_help +
                R"(
Example: all images of a folder, the most anomalous first.
  rd4ad score images --checkpoint models/bottle.safetensors --out results | sort -rk2
)",
            .takes_operands = true};
}

int score(const parsed_options& options) {
    const bool on_server = !options.text("server").empty();
    if (!on_server)
        static_cast<void>(options.required("checkpoint"));
    else if (options.has("checkpoint"))
        throw usage_error{"--checkpoint excludes --server: score locally or on a server, give one of them"};
    for (const char* name : {"roi", "product"})
        if (on_server && options.has(name))
            throw usage_error{rd4ad::text("--", name, " excludes --server: the served graph has its own")};
    if (options.operands().empty()) throw usage_error{"nothing to score: expected images or folders"};
    const auto [files, listing] = images_of(options.operands(), options.has("recursive"));
    state_files("", listing);
    result_printer to{options};
    if (on_server)
        score_served(options, files,
                     [&](const fs::path& path, const rd4ad::detection_result& result, double ms) { to.add(path, result, ms); });
    else
        score_locally(options, files, to);
    to.finish();
    if (options.has("json")) std::printf("%s\n", rd4ad::io::dump_json({{"files", to_json(listing)}}, "files").c_str());
    return 0;
}

}  // namespace cli
