// cli/verify.cpp: rd4ad verify.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/finite.hpp>
#include <rd4ad/export/client.hpp>
#include <rd4ad/io/read_file.hpp>
#include <rd4ad/io/temporary_folder.hpp>
#include <rd4ad/model/data_folders.hpp>

#include "commands.hpp"
#include "compute_flags.hpp"
#include "console.hpp"
#include "dataset_flags.hpp"
#include "detector.hpp"
#include "process.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;

/// The number of inputs that a runtime gets in one run of its program, rounded to whole batches.
constexpr std::size_t inputs_per_run = 64;

/// The parsed flags, checked before anything is computed.
struct verify_request {
    std::string onnx, python;
    fs::path checkpoint, runner;
    std::vector<std::string> runtimes;
    std::vector<std::size_t> batches;
    double map_tolerance, raw_score_tolerance;
    detector_loader load;
    std::vector<fs::path> images;
    rd4ad::io::json files;  ///< of the data sets, by name: found, used and left out
};

/// The program that runs a graph in a runtime.
fs::path find_runner() {
    for (const auto& folder : rd4ad::data_folders())
        if (fs::exists(folder / "run_onnx.py")) return folder / "run_onnx.py";
    throw rd4ad::io_error{"run_onnx.py: not beside the built-in teacher; set RD4AD_DATA to the folder that holds it"};
}

verify_request verify_request_of(const parsed_options& options) {
    verify_request request{.onnx = options.required("onnx"),
                           .python = options.text("python"),
                           .checkpoint = options.required("checkpoint"),
                           .runner = {},
                           .runtimes = options.list("runtime"),
                           .batches = options.whole_list("batches", 1, 9999),
                           .map_tolerance = options.real("map-tolerance", 0),
                           .raw_score_tolerance = options.real("raw-score-tolerance", 0),
                           .load = detector_loader{options},
                           .images = {},
                           .files = {}};
    for (const auto& runtime : request.runtimes)
        if (runtime != "onnxruntime" && runtime != "openvino")
            throw usage_error{rd4ad::text("--runtime '", runtime, "': expected onnxruntime, openvino or both")};
    if (request.runtimes.empty()) throw usage_error{"--runtime is empty: expected onnxruntime, openvino or both"};
    if (!fs::exists(request.onnx))
        throw rd4ad::io_error{rd4ad::text(request.onnx, ": no such file; give a graph that rd4ad export wrote")};
    request.runner = find_runner();
    const auto sets = open_datasets(options);
    for (const auto& set : sets) {
        for (const auto& item : set.test.empty() ? set.train : set.test) request.images.push_back(item.image);
        if (sets.size() > 1)
            request.files[set.name] = files_json(set);
        else
            request.files = files_json(set);
    }
    return request;
}

/// The outputs of one runtime for one run of its program.
struct runtime_outputs {
    std::string version;
    rd4ad::io::json description;
    std::vector<float> maps, raw_scores;
};

std::vector<float> read_floats(const fs::path& path, std::size_t count) {
    const auto bytes = rd4ad::io::read_file(path);
    if (bytes.size() != count * sizeof(float))
        throw rd4ad::format_error{
            rd4ad::text(path, ": has ", bytes.size(), " bytes, expected ", count * sizeof(float), " from the runtime")};
    std::vector<float> values(count);
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
}

/// Runs the graph over the inputs in FOLDER/inputs.
runtime_outputs run_graph(const verify_request& request, const std::string& runtime, std::size_t batch,
                          const rd4ad::model_settings& settings, std::size_t count, const rd4ad::io::temporary_folder& folder) {
    run_program({request.python, request.runner.string(), runtime, request.onnx, folder.path().string(),
                 rd4ad::text(settings.height), rd4ad::text(settings.width), rd4ad::text(batch)});
    const auto about = rd4ad::io::read_json(folder / "about.json");
    return {about.value("version", ""), about.value("description", rd4ad::io::json{}),
            read_floats(folder / "maps", count * settings.height * settings.width), read_floats(folder / "raw_scores", count)};
}

/// Throws format_error if the graph's description states another input than the checkpoint's.
void check_description(const rd4ad::io::json& about, const rd4ad::model_settings& expected, const std::string& onnx) {
    if (about.is_null()) return;
    const auto found = rd4ad::described_input(about, onnx);
    const bool plain = expected.preprocessing.plain();
    if (found.height != expected.height || found.width != expected.width || found.normalisation != expected.normalisation ||
        found.preprocessing.plain() != plain || (!plain && found.preprocessing != expected.preprocessing))
        throw rd4ad::format_error{rd4ad::text(onnx,
                                              ": its description states another input than the checkpoint's: it was exported "
                                              "from another checkpoint; export it again")};
}

/// Throws numeric_error naming the image if an output of the graph is not finite. first: the first input of the run.
void check_finite(const runtime_outputs& outputs, const rd4ad::image_source& source, std::size_t first,
                  const std::string& graph) {
    for (const auto* values : {&outputs.maps, &outputs.raw_scores}) {
        const auto at = rd4ad::first_not_finite(std::span<const float>{*values});
        if (!at) continue;
        const std::size_t input = first + *at / (values->size() / outputs.raw_scores.size());
        std::size_t file = 0;
        while (source.inputs_of(file).first + source.inputs_of(file).second <= input) ++file;
        throw rd4ad::numeric_error{
            rd4ad::text(graph, ": its output ", values == &outputs.maps ? "map" : "raw_score", " is ",
                        rd4ad::not_finite_text((*values)[*at]), " for ", source.files()[file], " (", outputs.version,
                        "), expected finite values; export the graph again, with --half left out if it is there")};
    }
}

/// The differences between the checkpoint and one runtime at one batch size.
struct difference {
    std::string runtime, version{};
    std::size_t batch{0}, images{0};
    double map{0}, raw_score{0};                             ///< the largest ones; maps as a share of the map's range
    std::vector<float> checkpoint_scores{}, graph_scores{};  ///< raw

    void add(const std::vector<rd4ad::detection_result>& expected, const runtime_outputs& found);
    [[nodiscard]] std::size_t swapped_pairs() const;
    [[nodiscard]] std::string name() const { return rd4ad::text(runtime, ' ', version); }
};

void difference::add(const std::vector<rd4ad::detection_result>& expected, const runtime_outputs& found) {
    version = found.version;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const auto& pixels = expected[i].map.pixels;
        const auto [low, high] = std::minmax_element(pixels.begin(), pixels.end());
        const double range = std::max(static_cast<double>(*high - *low), 1e-12);
        for (std::size_t p = 0; p < pixels.size(); ++p)
            map = std::max(
                map, std::fabs(static_cast<double>(pixels[p]) - static_cast<double>(found.maps[i * pixels.size() + p])) / range);
        raw_score =
            std::max(raw_score, std::fabs(static_cast<double>(expected[i].raw_score) - static_cast<double>(found.raw_scores[i])));
        checkpoint_scores.push_back(expected[i].raw_score);
        graph_scores.push_back(found.raw_scores[i]);
    }
    images += expected.size();
}

/// The number of pairs of images whose order by raw score differs.
std::size_t difference::swapped_pairs() const {
    const auto &a = checkpoint_scores, &b = graph_scores;
    std::size_t count = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if ((a[i] < a[j] && b[i] > b[j]) || (a[i] > a[j] && b[i] < b[j])) ++count;
    return count;
}

/// The checkpoint's results for inputs of height x width x 3 values, a batch at a time.
std::vector<rd4ad::detection_result> score_inputs(const detector& by, const std::vector<float>& inputs, std::size_t batch) {
    const std::size_t values = 3 * by.settings().height * by.settings().width, count = inputs.size() / values;
    std::vector<rd4ad::detection_result> results;
    for (std::size_t i = 0; i < count; i += batch) {
        const auto begin = inputs.begin() + static_cast<std::ptrdiff_t>(values * i);
        const auto end = inputs.begin() + static_cast<std::ptrdiff_t>(values * std::min(i + batch, count));
        for (auto& one : by.score_inputs({begin, end})) results.push_back(std::move(one));
    }
    return results;
}

/// Compares all runtimes at one batch size.
std::vector<difference> compare_runtimes(const verify_request& request, std::size_t batch, console& progress) {
    const auto by = request.load(request.checkpoint, {.batch = batch, .size = rd4ad::map_size::network});
    const auto& settings = by->settings();
    std::vector<difference> differences;
    for (const auto& runtime : request.runtimes) differences.push_back({.runtime = runtime, .batch = batch});
    const std::size_t step = std::max(batch, inputs_per_run / batch * batch);
    rd4ad::image_source source{request.images, settings.preprocessing, settings.normalisation, request.load.threads()};
    for (std::size_t first = 0; first < source.size(); first += step) {
        const std::size_t count = std::min(step, source.size() - first);
        const auto inputs = source.read(first, count);
        const auto expected = score_inputs(*by, inputs, batch);
        const rd4ad::io::temporary_folder folder{"rd4ad-verify-"};
        const auto graph_inputs = rd4ad::channels_first(inputs, settings.height, settings.width);
        rd4ad::io::write_atomically(folder / "inputs", std::as_bytes(std::span{graph_inputs}));
        for (auto& one : differences) {
            progress.bar(static_cast<double>(first) / static_cast<double>(source.size()),
                         rd4ad::text(one.runtime, ", batch ", batch));
            const auto outputs = run_graph(request, one.runtime, batch, settings, count, folder);
            check_description(outputs.description, settings, request.onnx);
            check_finite(outputs, source, first, request.onnx);
            one.add(expected, outputs);
        }
    }
    return differences;
}

void print_json(const std::vector<difference>& differences, const rd4ad::io::json& files) {
    auto all = rd4ad::io::json::array();
    for (const auto& one : differences)
        all.push_back({{"runtime", one.runtime},
                       {"version", one.version},
                       {"batch", one.batch},
                       {"images", one.images},
                       {"map_difference", one.map},
                       {"raw_score_difference", one.raw_score},
                       {"swapped_pairs", one.swapped_pairs()}});
    std::printf("%s\n", rd4ad::io::dump_json({{"differences", std::move(all)}, {"files", files}}, 2).c_str());
}

void print_table(const std::vector<difference>& differences) {
    std::printf("%s\n", bold("runtime               batch  images  maps      raw scores  order").c_str());
    for (const auto& one : differences) {
        const auto swapped = one.swapped_pairs();
        std::printf("%-20s  %5zu  %6zu  %.2e    %.2e  %s\n", one.name().c_str(), one.batch, one.images, one.map, one.raw_score,
                    swapped == 0 ? "equal" : rd4ad::text(swapped, " pairs swapped").c_str());
    }
}

/// Throws numeric_error if a difference exceeds its tolerance.
void check_tolerances(const std::vector<difference>& differences, const verify_request& request, const parsed_options& options) {
    for (const auto& one : differences)
        if (!(one.map <= request.map_tolerance && one.raw_score <= request.raw_score_tolerance))
            throw rd4ad::numeric_error{rd4ad::text(request.onnx, ": differs from ", request.checkpoint, " by more than ",
                                                   options.text("map-tolerance"), " of a map's range or ",
                                                   options.text("raw-score-tolerance"), " of a raw score (", one.name(),
                                                   ", batch ", one.batch, ")")};
}

}  // namespace

usage verify_usage() {
    return {.synopsis = "--onnx FILE --checkpoint FILE --data DIR [FLAGS...]",
            .flags = join_flags({dataset_flags(),
                                 {{"onnx", "FILE", "", "the graph that rd4ad export wrote"},
                                  {"checkpoint", "FILE", "", "the checkpoint that rd4ad train wrote"},
                                  {"python", "FILE", "python3", "a Python with numpy and the runtimes"},
                                  {"runtime", "A,B", "onnxruntime,openvino", "the runtimes that run the graph"},
                                  {"batches", "N,M", "1,5", "batch sizes"},
                                  {"map-tolerance", "SHARE", "1e-4", "maximum difference of maps, as a share of the map's range"},
                                  {"raw-score-tolerance", "VALUE", "1e-5", "maximum difference of raw scores"},
                                  {"json", "", "", "print JSON instead of the table"}},
                                 {no_verify_flag()},
                                 compute_flags()}),
            .notes =
                R"(Runs the checkpoint here and the graph in a Python that has the runtimes (share/rd4ad/run_onnx.py),
on the same inputs; a model with patches is compared patch by patch, before the maps are joined.
Prints for each runtime and batch size the largest difference of two maps as a share of the map's
range, the largest difference of two raw scores, and whether the order of the images by raw score is
equal. Exits with status 1 if a difference exceeds its tolerance. --json prints an object: differences
is the list of these rows, files what the data set's files were used for.

Example: a Python for the runtimes, then the check.
  python3 -m venv venv && venv/bin/pip install numpy onnxruntime openvino
  rd4ad verify --onnx bottle.onnx --checkpoint models/bottle.safetensors --data mvtec/bottle --python venv/bin/python
)"};
}

int verify(const parsed_options& options) {
    const auto request = verify_request_of(options);
    console progress;
    std::vector<difference> differences;
    for (const std::size_t batch : request.batches)
        for (auto& one : compare_runtimes(request, batch, progress)) differences.push_back(std::move(one));
    progress.clear();
    if (options.has("json"))
        print_json(differences, request.files);
    else
        print_table(differences);
    std::fflush(stdout);
    check_tolerances(differences, request, options);
    return 0;
}

}  // namespace cli
