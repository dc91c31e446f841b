// cli/score.cpp: rd4ad score.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "backends.hpp"
#include "console.hpp"
#include "pictures.hpp"
#include "score_served.hpp"
#include "verbs.hpp"
#include "view.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;
using rd4ad::io::json;

/// Photographs whose maps are kept until the pictures' scale of colours is fixed.
constexpr std::size_t kept_for_scale = 256;

verb description() {
    verb v{.name = "score",
           .synopsis = "IMAGE|DIR... --checkpoint FILE|--server URL [FLAGS...]",
           .what =
               "Scores photographs: a line each with path, raw score (0 to 3, more is more unusual), milliseconds, and where the "
               "model has a threshold score (0 to 1, 0.5 is the threshold) and verdict.",
           .flags = {{"checkpoint", "FILE", "", "what rd4ad train wrote"},
                     {"json", "", "", "each line a JSON object: path, raw, score, anomalous, regions, ms"},
                     {"coco", "FILE", "", "write the regions as COCO results; images are numbered from 1 in their order"},
                     {"smallest-region", "PIXELS", "0", "area in the photograph below which a region is left out"},
                     {"out", "DIR", "", "write pictures of what was found"}},
           .takes_operands = true,
           .more = std::string{pictures_help} + R"(
Example: all photographs of a folder, the most unusual first.
  rd4ad score photographs --checkpoint models/bottle.safetensors --out pictures | sort -rk2
)"};
    for (auto& one : kept_view_flags()) v.flags.push_back(std::move(one));
    for (auto& one : server_flags()) v.flags.push_back(std::move(one));
    for (auto& one : compute_flags()) v.flags.push_back(std::move(one));
    return v;
}

/// The files themselves and the images in the folders. data_error for a folder without images.
std::vector<fs::path> photographs_in(const std::vector<std::string>& operands) {
    std::vector<fs::path> files;
    for (const auto& operand : operands) {
        std::error_code ignored;
        if (!fs::is_directory(operand, ignored)) {
            files.emplace_back(operand);
            continue;
        }
        const auto found = rd4ad::data::detail::some_images_in(operand, "photographs to score");
        files.insert(files.end(), found.begin(), found.end());
    }
    return files;
}

json object_of(const fs::path& path, const rd4ad::finding& found, double ms) {
    json regions = json::array();
    for (const auto& one : found.regions) regions.push_back(to_json(one));
    const auto verdict = found.anomalous();
    return {{"path", path.string()},
            {"raw", found.score},
            {"score", found.calibrated ? json(*found.calibrated) : json()},
            {"anomalous", verdict ? json(*verdict) : json()},
            {"regions", std::move(regions)},
            {"ms", ms}};
}

/// Prints what was found in a photograph, and draws it where pictures are wanted.
class results {
   public:
    explicit results(const arguments& given) : json_{given.given("json")}, coco_file_{given.text("coco")} {
        if (const auto out = given.text("out"); !out.empty()) writer_ = std::make_unique<picture_writer>(out, kept_for_scale);
    }
    void add(const fs::path& path, const rd4ad::finding& found, double ms) {
        ++images_;
        if (json_)
            std::printf("%s\n", rd4ad::io::text_of(object_of(path, found, ms), path.string()).c_str());
        else
            std::printf("%s\t%s\t%s%s\n", path.c_str(), fixed(static_cast<double>(found.score), 6).c_str(), fixed(ms, 1).c_str(),
                        !found.calibrated
                            ? ""
                            : ('\t' + fixed(*found.calibrated, 6) + (*found.anomalous() ? "\tanomalous" : "\tgood")).c_str());
        for (auto& entry : rd4ad::coco_results(images_, found.regions)) {
            entry["file_name"] = path.filename().string();
            coco_.push_back(std::move(entry));
        }
        if (writer_) writer_->add("", path, found, std::nullopt);
    }
    void finish() {
        if (writer_) writer_->finish();
        if (!coco_file_.empty()) rd4ad::io::write_json(coco_file_, coco_);
    }

   private:
    bool json_;
    fs::path coco_file_;
    std::size_t images_{0};
    json coco_ = json::array();
    std::unique_ptr<picture_writer> writer_{};
};

template <rd4ad::Backend B>
void score_here(const arguments& given, const std::vector<fs::path>& files, results& to) {
    constexpr std::size_t most = 8;
    const fs::path checkpoint = given.required("checkpoint");
    const rd4ad::detector<B> by{checkpoint,
                                {.batch = std::min(most, files.size()),
                                 .size = rd4ad::map_size::network,
                                 .regions = {.smallest_area = given.real("smallest-region")}},
                                compute_options(given)};
    check_kept_view(given, by.settings().view, checkpoint);
    console shown;
    by.score_files(files, [&](std::size_t first, std::span<const rd4ad::finding> found, double ms) {
        shown.clear();
        for (std::size_t i = 0; i < found.size(); ++i) to.add(files[first + i], found[i], ms);
        std::fflush(stdout);
        const std::size_t done = first + found.size();
        shown.bar(static_cast<double>(done) / static_cast<double>(files.size()),
                  "image " + std::to_string(done) + "/" + std::to_string(files.size()));
    });
}

}  // namespace

int score(const std::vector<std::string>& words) {
    return run_verb(description(), words, [](const arguments& given) -> int {
        if (given.text("server").empty())
            static_cast<void>(given.required("checkpoint"));
        else if (given.given("checkpoint"))
            throw usage_error{"--checkpoint and --server: a photograph is scored here or on a server, give one of them"};
        if (given.operands().empty()) throw usage_error{"nothing to score: expected images or folders"};
        const auto files = photographs_in(given.operands());
        results found{given};
        if (given.text("server").empty())
            with_backend(given, [&]<class B>() { return score_here<B>(given, files, found), 0; });
        else
            score_served(given, files,
                         [&](const fs::path& path, const rd4ad::finding& one, double ms) { found.add(path, one, ms); });
        found.finish();
        return 0;
    });
}

}  // namespace cli
