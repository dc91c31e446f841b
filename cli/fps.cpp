// cli/fps.cpp: rd4ad fps.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>

#include "arguments.hpp"
#include "backends.hpp"
#include "console.hpp"
#include "sets.hpp"
#include "summary.hpp"
#include "verbs.hpp"
#include "view.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;
using rd4ad::io::json;

verb description() {
    verb v{
        .name = "fps",
        .synopsis = "--data DIR --checkpoint FILE|DIR [FLAGS...]",
        .what = "Measures how fast a trained model scores the test images of a data set.",
        .flags = set_flags(),
        .takes_operands = false,
        .more =
            R"(For each batch size three things are timed, after a warm-up: the network alone, from its input in memory to the map in
memory (with a model on patches that is a batch of patches, and stands there as patches); end to end, from the photographs'
files to scores, maps at the photographs' size and regions, one batch after the other; and a folder as rd4ad score takes it,
with maps at the network's size, where the next batch is read, and the last one gone through, while one is computed. Times are
of a whole batch: the median, and the value that 95 of 100 stay below. Images a second follow from the median. Memory is the
process's largest so far, all threads and the model included (of the host; a GPU's own is not counted).

Example: the speed at batch 1 and 8.
  rd4ad fps --data bsd --checkpoint models --bs 1,8
)"};
    const std::vector<flag> own{{"checkpoint", "PATH", "", "what rd4ad train wrote: the file, or its folder"},
                                {"bs", "N,N", "1,8", "images at once"},
                                {"warm-up", "N", "3", "runs before those that are timed"},
                                {"repetitions", "N", "30", "runs that are timed"},
                                {"json", "", "", "JSON on standard output instead of the table"}};
    v.flags.insert(v.flags.end(), own.begin(), own.end());
    for (auto& one : kept_view_flags()) v.flags.push_back(std::move(one));
    for (auto& one : compute_flags()) v.flags.push_back(std::move(one));
    return v;
}

/// The processor's name as the system has it.
std::string processor_name() {
    std::ifstream about{"/proc/cpuinfo"};
    for (std::string line; std::getline(about, line);)
        if (line.starts_with("model name"))
            if (const auto colon = line.find(": "); colon != line.npos) return line.substr(colon + 2);
    return "unknown";
}

/// The process's largest memory so far, in MB.
double peak_megabytes() {
    ::rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    return static_cast<double>(used.ru_maxrss) * 1024 / 1e6;
}

struct timing {
    double median, high;  ///< milliseconds; `high` is the 95th percentile
};

double milliseconds_since(std::chrono::steady_clock::time_point began) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
}

/// The percentile is the smallest time that at least 95 % of the runs don't surpass.
timing summed_up(std::vector<double> ms) {
    std::sort(ms.begin(), ms.end());
    return {(ms[(ms.size() - 1) / 2] + ms[ms.size() / 2]) / 2, ms[(95 * ms.size() + 99) / 100 - 1]};
}

/// Runs `work` over and over.
template <class Work>
timing time_of(std::size_t warm_up, std::size_t repetitions, const Work& work) {
    std::vector<double> ms;
    for (std::size_t i = 0; i < warm_up + repetitions; ++i) {
        const auto began = std::chrono::steady_clock::now();
        work(i);
        if (i >= warm_up) ms.push_back(milliseconds_since(began));
    }
    return summed_up(std::move(ms));
}

/// The times from some photographs' findings to the next ones', counted for `batch` of them.
template <rd4ad::Backend B>
timing time_of_files(const rd4ad::detector<B>& by, std::size_t batch, std::size_t warm_up, const std::vector<fs::path>& files) {
    std::vector<double> ms;
    auto last = std::chrono::steady_clock::now();
    by.score_files(files, [&](std::size_t first, std::span<const rd4ad::finding> found, double) {
        if (first >= warm_up * batch)
            ms.push_back(milliseconds_since(last) * static_cast<double>(batch) / static_cast<double>(found.size()));
        last = std::chrono::steady_clock::now();
    });
    return summed_up(std::move(ms));
}

json row_of(std::size_t batch, const char* what, const timing& took) {
    return {{"batch", batch},
            {"what", what},
            {"median_ms", took.median},
            {"p95_ms", took.high},
            {"images_per_second", 1000 * static_cast<double>(batch) / took.median}};
}

/// What is asked of every class.
struct wishes {
    std::size_t warm_up, repetitions;
    std::vector<std::size_t> batches;
    rd4ad::model_options model;
};

template <rd4ad::Backend B>
json measure_one(const arguments& given, const rd4ad::data::dataset& set, const fs::path& file, const wishes& wanted) {
    json rows = json::array();
    rd4ad::model_settings settings;
    std::string arch;
    console shown;
    const auto& options = wanted.model;
    const auto time = [&](const auto& work) { return time_of(wanted.warm_up, wanted.repetitions, work); };
    for (const std::size_t batch : wanted.batches) {
        auto by = std::make_unique<const rd4ad::detector<B>>(file, rd4ad::detector_options{.batch = batch}, options);
        settings = by->settings();
        check_kept_view(given, settings.view, file);
        arch = by->arch().name;
        std::vector<fs::path> files;  // a batch for each run
        for (std::size_t i = 0; i < batch * (wanted.warm_up + wanted.repetitions); ++i)
            files.push_back(set.test[i % set.test.size()].image);
        shown.bar(0.5, set.name + ": batch " + std::to_string(batch));
        const std::vector<fs::path> first{files.begin(), files.begin() + static_cast<std::ptrdiff_t>(batch)};
        const auto inputs = rd4ad::image_source{first, settings.view, settings.normalisation, options.threads}.read(0, batch);
        rows.push_back(row_of(batch, settings.view.whole() ? "network" : "patches",
                              time([&](std::size_t) { static_cast<void>(by->score_inputs(inputs)); })));
        rows.push_back(row_of(batch, "end to end", time([&](std::size_t run) {
                                  std::vector<rd4ad::image::picture> photographs(batch);
                                  rd4ad::parallel_for(batch, options.threads, [&](std::size_t i) {
                                      photographs[i] = rd4ad::image::read(files[run * batch + i]);
                                  });
                                  static_cast<void>(by->score(photographs));
                              })));
        by.reset();  // the next one takes its place
        const rd4ad::detector<B> of_folder{file, {.batch = batch, .size = rd4ad::map_size::network}, options};
        rows.push_back(row_of(batch, "folder", time_of_files<B>(of_folder, batch, wanted.warm_up, files)));
    }
    shown.clear();
    return {{"arch", arch},
            {"input", {settings.width, settings.height}},
            {"processor", processor_name()},
            {"threads", options.threads > 0 ? options.threads : rd4ad::default_threads()},
            {"backend", std::string{B::name()}},
            {"kernels", B::kernels()},
            {"repetitions", wanted.repetitions},
            {"peak_mb", peak_megabytes()},
            {"rows", rows}};
}

/// The mean of each row's times over the classes.
json mean_rows(const class_results& classes) {
    json rows = json::array();
    const auto& first = classes.front().second.at("rows");
    for (std::size_t i = 0; i < first.size(); ++i) {
        class_results each;
        for (const auto& [name, one] : classes) each.emplace_back(name, one.at("rows").at(i));
        const auto mean = mean_of(each, {"median_ms", "p95_ms"});
        rows.push_back(row_of(first[i].at("batch").get<std::size_t>(), first[i].at("what").get<std::string>().c_str(),
                              {mean.at("median_ms").get<double>(), mean.at("p95_ms").get<double>()}));
    }
    return {{"rows", rows}};
}

void print_rows(const json& rows) {
    std::printf("%s\n", bold("batch  what        median ms  95th %, ms  images/s").c_str());
    for (const auto& row : rows)
        std::printf("%5zu  %-10s  %9s  %10s  %8s\n", row.at("batch").get<std::size_t>(),
                    row.at("what").get<std::string>().c_str(), fixed(row.at("median_ms").get<double>(), 1).c_str(),
                    fixed(row.at("p95_ms").get<double>(), 1).c_str(),
                    fixed(row.at("images_per_second").get<double>(), 1).c_str());
}

void print_class(const json& of) {
    const auto text = [&](const char* key) { return of.at(key).get<std::string>(); };
    const auto threads = of.at("threads").get<std::size_t>();
    std::printf("%s, %zu x %zu, on %s, %zu thread%s; backend %s, matrix products by %s\n", text("arch").c_str(),
                of.at("input")[0].get<std::size_t>(), of.at("input")[1].get<std::size_t>(), text("processor").c_str(), threads,
                threads == 1 ? "" : "s", text("backend").c_str(), text("kernels").c_str());
    print_rows(of.at("rows"));
    std::printf("peak memory: %s MB\n", fixed(of.at("peak_mb").get<double>(), 0).c_str());
}

template <rd4ad::Backend B>
int measure(const arguments& given) {
    const fs::path checkpoint = given.required("checkpoint");
    wishes wanted{given.whole("warm-up", 0), given.whole("repetitions", 1), {}, compute_options(given)};
    for (const auto& text : given.list("bs")) {
        std::size_t parsed = 0;
        for (const char digit : text)
            parsed =
                digit >= '0' && digit <= '9' && parsed < 100000 ? 10 * parsed + static_cast<std::size_t>(digit - '0') : 1000000;
        if (parsed == 0 || parsed > 4096)
            throw usage_error{"--bs " + given.text("bs") + ": expected whole numbers of 1 to 4096, parted by commas"};
        wanted.batches.push_back(parsed);
    }
    if (wanted.batches.empty()) throw usage_error{"--bs: expected whole numbers of 1 to 4096, parted by commas"};
    class_results classes;
    for (const auto& set : open_sets(given)) {
        if (set.test.empty()) throw rd4ad::data_error{"data set '" + set.name + "' has no test images to measure with"};
        classes.emplace_back(set.name, measure_one<B>(given, set, find_checkpoint(checkpoint, set), wanted));
    }
    const bool several = classes.size() > 1;
    const auto mean = mean_rows(classes);
    if (given.given("json")) {
        std::printf("%s\n", rd4ad::io::text_of(summary_of(classes, mean), "speed", 2).c_str());
        return 0;
    }
    for (const auto& [name, one] : classes) {
        if (several) std::printf("%s: ", name.c_str());
        print_class(one);
    }
    if (several) {
        std::printf("mean of %zu classes\n", classes.size());
        print_rows(mean.at("rows"));
    }
    return 0;
}

}  // namespace

int fps(const std::vector<std::string>& words) {
    return run_verb(description(), words, [](const arguments& given) -> int {
        return with_backend(given, [&]<class B>() { return measure<B>(given); });
    });
}

}  // namespace cli
