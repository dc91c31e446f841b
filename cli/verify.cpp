// cli/verify.cpp: rd4ad verify.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <unistd.h>

#include <rd4ad/export/client.hpp>
#include <rd4ad/rd4ad.hpp>

#include "arguments.hpp"
#include "backends.hpp"
#include "console.hpp"
#include "process.hpp"
#include "sets.hpp"
#include "verbs.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;

/// Photographs that are prepared, scored and handed to a runtime at once.
constexpr std::size_t most_at_once = 64;

verb description() {
    verb v{
        .name = "verify",
        .synopsis = "--onnx FILE --checkpoint FILE --data DIR [FLAGS...]",
        .what = "Runs checkpoint and exported graph over the same photographs and compares maps, scores and ranks.",
        .flags = set_flags(),
        .takes_operands = false,
        .more =
            R"(The checkpoint is computed here, the graph by a Python that has the runtime (share/rd4ad/run_onnx.py); both get the same
prepared images, with a model on patches its patches, not yet joined. Per runtime and batch size: the largest difference of two maps as a share of the map's range, the largest
difference of two scores, and whether the photographs' order is the same. Fails where a difference is beyond its tolerance.

Example: a Python for the runtimes, then the proof.
  python3 -m venv venv && venv/bin/pip install numpy onnxruntime openvino
  rd4ad verify --onnx bottle.onnx --checkpoint models/bottle.safetensors --data mvtec/bottle --python venv/bin/python
)"};
    const std::vector<flag> own{{"onnx", "FILE", "", "what rd4ad export wrote"},
                                {"checkpoint", "FILE", "", "what rd4ad train wrote"},
                                {"python", "FILE", "python3", "a Python that has numpy and the runtimes"},
                                {"runtime", "A,B", "onnxruntime,openvino", "what computes the graph"},
                                {"batches", "N,M", "1,5", "images at once"},
                                {"map-tolerance", "SHARE", "1e-4", "largest difference of maps, as a share of a map's range"},
                                {"score-tolerance", "VALUE", "1e-5", "largest difference of scores"},
                                {"json", "", "", "a JSON object"}};
    v.flags.insert(v.flags.end(), own.begin(), own.end());
    for (auto& one : compute_flags()) v.flags.push_back(std::move(one));
    return v;
}

/// A folder of this process's own, removed with all in it.
class work_folder {
   public:
    work_folder() : path_{fs::temp_directory_path() / ("rd4ad-verify-" + std::to_string(::getpid()))} {
        std::error_code failed;
        if (!fs::create_directory(path_, failed))
            throw rd4ad::io_error{
                path_.string() + ": the folder can't be made: " + (failed ? failed.message() : "it is there already; remove it")};
    }
    work_folder(const work_folder&) = delete;
    work_folder& operator=(const work_folder&) = delete;
    ~work_folder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    [[nodiscard]] fs::path operator/(const char* name) const { return path_ / name; }
    [[nodiscard]] const fs::path& path() const noexcept { return path_; }

   private:
    fs::path path_;
};

/// How far one runtime is from the checkpoint, at one batch size.
struct difference {
    std::string runtime, version;
    std::size_t batch{0}, images{0};
    double map{0}, score{0};
    std::size_t swapped{0};  ///< pairs of photographs in another order
    std::vector<float> ours{}, theirs{};
};

std::vector<float> floats_of(const fs::path& path, std::size_t count) {
    const rd4ad::io::mapped_file file{path};
    const auto bytes = file.bytes();
    if (bytes.size() != count * sizeof(float))
        throw rd4ad::format_error{path.string() + ": has " + std::to_string(bytes.size()) + " bytes, expected " +
                                  std::to_string(count * sizeof(float)) + " from the runtime"};
    std::vector<float> values(count);
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
}

/// Pairs that `a` and `b` put in another order.
std::size_t swapped_pairs(const std::vector<float>& a, const std::vector<float>& b) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if ((a[i] < a[j] && b[i] > b[j]) || (a[i] > a[j] && b[i] < b[j])) ++count;
    return count;
}

void compare_maps(const std::vector<rd4ad::finding>& ours, const std::vector<float>& maps, const std::vector<float>& scores,
                  difference& to) {
    const auto larger = [](double& most, double value) {
        if (!(value <= most)) most = value;
    };
    for (std::size_t i = 0; i < ours.size(); ++i) {
        const auto& map = ours[i].map.pixels;
        const auto [low, high] = std::minmax_element(map.begin(), map.end());
        const double range = std::max(static_cast<double>(*high - *low), 1e-12);
        for (std::size_t p = 0; p < map.size(); ++p)
            larger(to.map, std::fabs(static_cast<double>(map[p]) - static_cast<double>(maps[i * map.size() + p])) / range);
        larger(to.score, std::fabs(static_cast<double>(ours[i].score) - static_cast<double>(scores[i])));
        to.ours.push_back(ours[i].score);
        to.theirs.push_back(scores[i]);
    }
    to.images += ours.size();
}

/// The description that the runtime found in the graph must ask for the images this checkpoint takes.
void check_description(const rd4ad::io::json& about, const rd4ad::model_settings& wanted, const std::string& onnx) {
    if (about.is_null()) return;
    const auto found = rd4ad::described_input(about, onnx);
    if (found.height != wanted.height || found.width != wanted.width || found.normalisation != wanted.normalisation ||
        found.view.plain() != wanted.view.plain() || (!wanted.view.plain() && found.view != wanted.view))
        throw rd4ad::format_error{onnx +
                                  ": its description asks for other images than the checkpoint takes: it was exported from "
                                  "another checkpoint; export it again"};
}

rd4ad::io::json as_json(const difference& one) {
    return {{"runtime", one.runtime},    {"version", one.version},        {"batch", one.batch},          {"images", one.images},
            {"map_difference", one.map}, {"score_difference", one.score}, {"swapped_pairs", one.swapped}};
}

template <rd4ad::Backend B>
int verify_all(const arguments& given) {
    const std::string onnx = given.required("onnx");
    const fs::path checkpoint = given.required("checkpoint");
    const double map_tolerance = given.real("map-tolerance"), score_tolerance = given.real("score-tolerance");
    const auto runtimes = given.list("runtime");
    for (const auto& runtime : runtimes)
        if (runtime != "onnxruntime" && runtime != "openvino")
            throw usage_error{"--runtime '" + runtime + "': expected onnxruntime, openvino or both"};
    std::vector<std::size_t> batches;
    for (const auto& text : given.list("batches")) {
        if (text.find_first_not_of("0123456789") != std::string::npos || text.size() > 4 || std::stoul(text) == 0)
            throw usage_error{"--batches '" + text + "': expected whole numbers from 1 to 9999"};
        batches.push_back(std::stoul(text));
    }
    if (runtimes.empty() || batches.empty()) throw usage_error{"nothing to compare: --runtime and --batches must name some"};
    const auto options = compute_options(given);
    if (!fs::exists(onnx)) throw rd4ad::io_error{onnx + ": no such file; give what rd4ad export wrote"};
    fs::path runner;
    for (const auto& folder : rd4ad::data_folders())
        if (fs::exists(folder / "run_onnx.py")) runner = folder / "run_onnx.py";
    if (runner.empty())
        throw rd4ad::io_error{"run_onnx.py is not beside the built-in teacher: set RD4AD_DATA to the folder that holds it"};

    std::vector<fs::path> files;
    for (const auto& set : open_sets(given))
        for (const auto& item : set.test.empty() ? set.train : set.test) files.push_back(item.image);
    std::vector<difference> results;
    console shown;
    for (const std::size_t batch : batches) {
        const rd4ad::detector<B> by{checkpoint, {.batch = batch, .size = rd4ad::map_size::network}, options};
        const auto& settings = by.settings();
        const std::size_t pixels = settings.height * settings.width, first_result = results.size();
        for (const auto& runtime : runtimes) results.push_back({.runtime = runtime, .version = {}, .batch = batch});
        const std::size_t at_once = std::max(batch, most_at_once / batch * batch);
        rd4ad::image_source source{files, settings.view, settings.normalisation, options.threads};
        for (std::size_t first = 0; first < source.size(); first += at_once) {
            const std::size_t count = std::min(at_once, source.size() - first);
            const auto inputs = source.read(first, count);
            std::vector<rd4ad::finding> ours;
            for (std::size_t i = 0; i < count; i += batch) {
                const auto begin = inputs.begin() + static_cast<std::ptrdiff_t>(3 * pixels * i);
                const auto end = inputs.begin() + static_cast<std::ptrdiff_t>(3 * pixels * std::min(i + batch, count));
                for (auto& one : by.score_inputs({begin, end})) ours.push_back(std::move(one));
            }
            const work_folder folder;
            const auto planes = rd4ad::channels_first(inputs, settings.height, settings.width);
            rd4ad::io::write_atomically(folder / "inputs", std::as_bytes(std::span{planes}));
            for (std::size_t r = 0; r < runtimes.size(); ++r) {
                shown.bar(static_cast<double>(first) / static_cast<double>(source.size()),
                          runtimes[r] + ", batch " + std::to_string(batch));
                run_program({given.text("python"), runner.string(), runtimes[r], onnx, folder.path().string(),
                             std::to_string(settings.height), std::to_string(settings.width), std::to_string(batch)});
                const auto about = rd4ad::io::read_json(folder / "about.json");
                check_description(about.value("description", rd4ad::io::json{}), settings, onnx);
                auto& to = results[first_result + r];
                to.version = about.value("version", "");
                compare_maps(ours, floats_of(folder / "maps", count * pixels), floats_of(folder / "scores", count), to);
            }
        }
    }
    shown.clear();
    rd4ad::io::json all = rd4ad::io::json::array();
    if (!given.given("json")) std::printf("runtime               batch  images  maps      scores    ranks\n");
    std::string wrong;
    for (auto& one : results) {
        one.swapped = swapped_pairs(one.ours, one.theirs);
        all.push_back(as_json(one));
        const auto name = one.runtime + " " + one.version;
        if (!given.given("json"))
            std::printf("%-20s  %5zu  %6zu  %.2e  %.2e  %s\n", name.c_str(), one.batch, one.images, one.map, one.score,
                        one.swapped == 0 ? "equal" : (std::to_string(one.swapped) + " pairs swapped").c_str());
        if (!(one.map <= map_tolerance && one.score <= score_tolerance)) wrong = name + ", batch " + std::to_string(one.batch);
    }
    if (given.given("json")) std::printf("%s\n", rd4ad::io::text_of(all, onnx, 2).c_str());
    std::fflush(stdout);
    if (!wrong.empty())
        throw rd4ad::numeric_error{onnx + ": differs from " + checkpoint.string() + " by more than " +
                                   given.text("map-tolerance") + " of a map's range or " + given.text("score-tolerance") +
                                   " of a score (" + wrong + ")"};
    return 0;
}

}  // namespace

int verify(const std::vector<std::string>& words) {
    return run_verb(description(), words, [](const arguments& given) -> int {
        return with_backend(given, [&]<class B>() { return verify_all<B>(given); });
    });
}

}  // namespace cli
