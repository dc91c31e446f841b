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

#include <rd4ad/core/outcome.hpp>
#include <rd4ad/data/folder.hpp>
#include <rd4ad/data/system_files.hpp>
#include <rd4ad/io/escaped.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/score/coco_file.hpp>
#include <rd4ad/score/drift.hpp>
#include <rd4ad/score/regions_json.hpp>

#include "calibration_text.hpp"
#include "commands.hpp"
#include "compute_flags.hpp"
#include "computing.hpp"
#include "console.hpp"
#include "dataset_flags.hpp"
#include "detector.hpp"
#include "failures.hpp"
#include "image_output.hpp"
#include "outputs.hpp"
#include "preprocessing_flags.hpp"
#include "ranks.hpp"
#include "roi_flags.hpp"
#include "score_served.hpp"
#include "white_level.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;
using rd4ad::io::json;

/// The number of images that determine the colour scale of the result images.
constexpr std::size_t images_for_scale = 256;

/// The images to score, all files found in the operands' folders, and the operands that give no image.
struct image_list {
    rd4ad::data::folder_images found{};
    std::vector<std::pair<fs::path, rd4ad::failure>> failures{};
};

/// The files themselves, and the images in the folders. Leaves out entries of the system such as @eaDir, which a shell's * gives.
/// A folder without images is a failure, or throws data_error under on_failure::stop.
image_list images_of(const std::vector<std::string>& operands, bool recursive, rd4ad::on_failure reaction) {
    image_list list;
    auto& all = list.found;
    for (const auto& operand : operands) {
        std::error_code ignored;
        if (rd4ad::data::is_system_entry(operand)) continue;
        if (!fs::is_directory(operand, ignored)) {
            all.images.emplace_back(operand);
            all.files.count("images", 1);
            continue;
        }
        const auto found = rd4ad::attempt(reaction, operand,
                                          [&] { return rd4ad::data::images_in_folder(operand, "images to score", recursive); });
        if (!found) {
            list.failures.emplace_back(operand, found.error());
            continue;
        }
        all.images.insert(all.images.end(), found->images.begin(), found->images.end());
        all.files.add(found->files);
    }
    return list;
}

/// The JSON of an image without a result: the keys of one with a result, each null or empty, and the reason.
json json_of(const fs::path& path, const rd4ad::failure& reason) {
    return {{"path", path.string()},  {"error", reason.message},  {"raw_score", json()}, {"score", json()},
            {"is_anomalous", json()}, {"regions", json::array()}, {"ms", json()}};
}

json json_of(const fs::path& path, const rd4ad::detection_result& result, double ms) {
    auto fields = rd4ad::to_json(result);
    fields["path"] = path.string();
    fields["ms"] = ms;
    return fields;
}

/// Tab-separated: path, raw score, milliseconds; with a calibration also score and verdict.
std::string line_of(const fs::path& path, const rd4ad::detection_result& result, double ms) {
    auto line = rd4ad::text(rd4ad::io::row_text(path.string()), '\t', fixed(static_cast<double>(result.raw_score), 6), '\t',
                            fixed(ms, 1));
    if (result.score) line += rd4ad::text('\t', fixed(*result.score, 6), '\t', *result.is_anomalous() ? "anomalous" : "good");
    return line;
}

/// Prints the results of the images and writes their files.
class result_printer {
   public:
    result_printer(const parsed_options& options, const std::vector<fs::path>& files)
        : json_{options.has("json")}, coco_file_{options.text("coco")} {
        if (!writes_outputs()) return;
        const auto inputs = inputs_of(options);
        out_ = open_output(options, "score", inputs, files.size());
        if (out_) announce_result_images(*out_, files);
        check_coco_files(options, coco_file_, inputs, out_.get());
    }

    /// Sets the display of the maps; call it before the first result.
    void show(const map_display& display) { display_ = display; }

    /// Tests the parts judged good for drift, `window` of them at a time.
    void watch(const rd4ad::calibration& by, std::size_t window) {
        window_ = window;
        drift_.emplace(by, rd4ad::drift_options{.window = window});
    }

    /// Adds an image without a result.
    void add(const fs::path& path, const rd4ad::failure& reason) {
        failures_.add(path, reason);
        const auto line = json_ ? rd4ad::io::dump_json(json_of(path, reason)) : failure_list::row(path, reason);
        std::printf("%s\n", line.c_str());
    }

    void add(const fs::path& path, const rd4ad::outcome<rd4ad::detection_result>& result, double ms) {
        if (result)
            add(path, *result, ms);
        else
            add(path, result.error());
    }

    void add(const fs::path& path, const rd4ad::detection_result& result, double ms) {
        ++images_;
        if (out_ && !writer_) writer_ = std::make_unique<result_image_writer>(*out_, "", images_for_scale, display_);
        if (json_) {
            auto fields = json_of(path, result, ms);
            if (writer_) fields["map_white"] = display_.largest;
            std::printf("%s\n", rd4ad::io::dump_json(fields).c_str());
        } else {
            std::printf("%s\n", line_of(path, result, ms).c_str());
        }
        if (!coco_file_.empty()) coco_.add(path, result);
        if (writer_) files_.attempt([&] { writer_->add("", path, result, std::nullopt); });
        if (!drift_) return;
        if (const auto test = drift_->add(static_cast<double>(result.raw_score)); test && test->is_drift)
            print_warning(rd4ad::text("drift: ", cli::describe(*test, window_),
                                      "; check lamp, camera and parts, then calibrate or train anew"));
    }
    /// Sends the results so far to standard output. Stops the work if nothing else receives them.
    void flush() const {
        if (!out_ && coco_file_.empty()) flush_output();
        std::fflush(stdout);
    }

    /// Writes what waits, prints the number of failures and returns the exit status.
    [[nodiscard]] int finish() {
        if (writer_) files_.attempt([&] { writer_->finish(); });
        if (out_) files_.attempt([&] { finish_output(*out_); });
        if (!coco_file_.empty()) files_.attempt([&] { coco_.write(coco_file_); });
        files_.rethrow();
        return failures_.finish(images_, "scored");
    }

   private:
    bool json_;
    fs::path coco_file_;
    std::unique_ptr<rd4ad::io::output_folder> out_{};
    deferred_failure files_{};
    map_display display_{};
    std::size_t images_{0};
    failure_list failures_{};
    rd4ad::coco_file coco_{};
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
    const auto& preprocessing = by->settings().preprocessing;
    check_preprocessing_flags(options, preprocessing, checkpoint);
    warn_of_white_level(files, preprocessing);
    to.show(display_of(by->settings().units.largest(), by->calibration(), preprocessing));
    const auto window = drift_window_of(options);
    if (window > 0 && by->calibration() && rd4ad::can_test_drift(*by->calibration())) to.watch(*by->calibration(), window);
    console progress;
    const auto use = [&](std::size_t first, std::span<const rd4ad::outcome<rd4ad::detection_result>> results, double ms) {
        progress.clear();
        for (std::size_t i = 0; i < results.size(); ++i) to.add(files[first + i], results[i], ms);
        to.flush();
        progress.images(first + results.size(), files.size());
    };
    by->score_files(files, use, roi_of(options, files), reaction_of(options));
}

}  // namespace

usage score_usage() {
    return {.synopsis = "IMAGE|DIR... --checkpoint FILE|--server URL [FLAGS...]",
            .flags = join_flags(
                {{{"checkpoint", "FILE", "", "the checkpoint that rd4ad train wrote"},
                  {"json", "", "",
                   "print one JSON object per image instead of text, and at the end one with the keys files and instruction_set"},
                  {"recursive", "", "", "folders include their sub-folders"},
                  {"coco", "FILE", "", "write the regions as COCO results, their images to *.images.json"},
                  {"min-region-area", "PIXELS", "0", "leave out regions with a smaller area, in pixels of the image"},
                  {"drift-window", "N", "50",
                   "warn if the last N parts judged good score unlike calibration's, at 1 false warning in 100 tests; 0: "
                   "never"},
                  product_flag(),
                  roi_flag(),
                  {"out", "DIR", "", "folder for the result images"}},
                 strict_flags(),
                 overwrite_flags(),
                 checkpoint_preprocessing_flags(),
                 server_flags(),
                 {no_verify_flag()},
                 compute_flags()}),
            .notes =
                std::string{
                    R"(Prints one line per image: path, raw score (0 to 3, higher is more anomalous) and milliseconds,
separated by tabs. A calibrated model adds the score (0 to 1) and the verdict: anomalous from a
score of 0.5. --json prints the keys path, raw_score, score, is_anomalous, regions and ms; score and
is_anomalous are null without a calibration. In the text a tab in a name is \t, a line end \n, a
backslash \\, another control character or a byte that is not UTF-8 \xHH.
)"} + failures_help +
                result_images_help +
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
    static_cast<void>(drift_window_of(options));
    if (on_server && options.has("drift-window"))
        throw usage_error{"--drift-window excludes --server: a served graph has no good scores to compare with"};
    if (on_server && ranks() != nullptr)
        throw usage_error{"--server excludes mpirun: one process sends images to a server, start it without mpirun"};
    if (options.operands().empty()) throw usage_error{"nothing to score: expected images or folders"};
    const auto list = images_of(options.operands(), options.has("recursive"), reaction_of(options));
    const auto& [files, listing] = list.found;
    if (files.empty() && list.failures.empty())
        throw rd4ad::data_error{
            rd4ad::text(options.operands().front(), ": is an entry of the system, not an image to score; found no image")};
    state_files("", listing);
    result_printer to{options, files};
    for (const auto& [path, reason] : list.failures) to.add(path, reason);
    if (!files.empty() && on_server)
        score_served(
            options, files, [&](const map_display& display) { to.show(display); },
            [&](const fs::path& path, const rd4ad::outcome<rd4ad::detection_result>& result, double ms) {
                to.add(path, result, ms);
                to.flush();
            },
            reaction_of(options));
    else if (!files.empty())
        score_locally(options, files, to);
    if (!writes_outputs()) return 0;
    if (options.has("json"))
        std::printf("%s\n", rd4ad::io::dump_json({{"files", to_json(listing)}, {"instruction_set", instruction_set()}}).c_str());
    return to.finish();
}

}  // namespace cli
