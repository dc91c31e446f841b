// cli/score.cpp: rd4ad score.
#include <chrono>
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

namespace cli {

namespace {

namespace fs = std::filesystem;

/// Photographs whose maps are kept until the pictures' scale of colours is fixed.
constexpr std::size_t kept_for_scale = 256;

verb description() {
    verb v{.name = "score",
           .synopsis = "IMAGE|DIR... --checkpoint FILE|--server URL [FLAGS...]",
           .what = "Scores photographs: a line each with path, score (0 to 3, more is more unusual) and milliseconds.",
           .flags = {{"checkpoint", "FILE", "", "what rd4ad train wrote"},
                     {"json", "", "", "each line a JSON object: path, score, ms"},
                     {"out", "DIR", "", "write pictures of what was found"}},
           .takes_operands = true,
           .more = std::string{pictures_help} + R"(
Example: all photographs of a folder, the most unusual first.
  rd4ad score photographs --checkpoint models/bottle.safetensors --out pictures | sort -rk2
)"};
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

/// Prints what was found in a photograph, and draws it where pictures are wanted.
class results {
   public:
    explicit results(const arguments& given) : json_{given.given("json")} {
        if (const auto out = given.text("out"); !out.empty()) writer_ = std::make_unique<picture_writer>(out, kept_for_scale);
    }
    void add(const fs::path& path, float found, const rd4ad::image::plane& map, double ms) {
        const double score = static_cast<double>(found);
        if (json_)
            std::printf("%s\n",
                        rd4ad::io::text_of({{"path", path.string()}, {"score", score}, {"ms", ms}}, path.string()).c_str());
        else
            std::printf("%s\t%s\t%s\n", path.c_str(), fixed(score, 6).c_str(), fixed(ms, 1).c_str());
        if (writer_) writer_->add("", path, map, std::nullopt);
    }
    void finish() {
        if (writer_) writer_->finish();
    }

   private:
    bool json_;
    std::unique_ptr<picture_writer> writer_{};
};

template <rd4ad::Backend B>
void score_here(const arguments& given, const std::vector<fs::path>& files, results& to) {
    const auto options = compute_options(given);
    constexpr std::size_t most = 8;
    const std::size_t batch = std::min(most, files.size());
    const rd4ad::detector<B> by{given.required("checkpoint"), {.batch = batch, .size = rd4ad::map_size::network}, options};
    console shown;
    for (std::size_t first = 0; first < files.size(); first += batch) {
        const auto part = std::span{files}.subspan(first, std::min(batch, files.size() - first));
        const auto began = std::chrono::steady_clock::now();
        std::vector<rd4ad::image::picture> photographs(part.size());
        rd4ad::parallel_for(part.size(), options.threads, [&](std::size_t i) { photographs[i] = rd4ad::image::read(part[i]); });
        const auto found = by.score(photographs);
        const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count() /
                          static_cast<double>(part.size());
        shown.clear();
        for (std::size_t i = 0; i < part.size(); ++i) to.add(part[i], found[i].score, found[i].map, ms);
        std::fflush(stdout);
        const std::size_t done = first + part.size();
        shown.bar(static_cast<double>(done) / static_cast<double>(files.size()),
                  "image " + std::to_string(done) + "/" + std::to_string(files.size()));
    }
}

}  // namespace

int score(const std::vector<std::string>& words) {
    const arguments given{description(), words};
    if (given.help()) {
        std::fputs(given.help_text().c_str(), stdout);
        return 0;
    }
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
        score_served(given, files, [&](const auto&... all) { found.add(all...); });
    found.finish();
    return 0;
}

}  // namespace cli
