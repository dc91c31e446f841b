// cli/fps.cpp: rd4ad fps.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>

#include "commands.hpp"
#include "compute_flags.hpp"
#include "computing.hpp"
#include "console.hpp"
#include "dataset_flags.hpp"
#include "detector.hpp"
#include "preprocessing_flags.hpp"
#include "roi_flags.hpp"
#include "summary.hpp"
#include "timing.hpp"
#include "white_level.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;
using rd4ad::io::json;

/// The CPU's name from /proc/cpuinfo.
std::string processor_name() {
    std::ifstream about{"/proc/cpuinfo"};
    for (std::string line; std::getline(about, line);)
        if (line.starts_with("model name"))
            if (const auto colon = line.find(": "); colon != line.npos) return line.substr(colon + 2);
    return "unknown";
}

/// The process's maximum memory so far, in bytes.
double peak_bytes() {
    ::rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    return static_cast<double>(used.ru_maxrss) * 1024;
}

/// Milliseconds per batch.
struct batch_times {
    double median, p95;
};

/// The 95th percentile is the smallest time that at least 95 % of the runs do not exceed.
batch_times statistics_of(std::vector<double> ms) {
    std::sort(ms.begin(), ms.end());
    return {(ms[(ms.size() - 1) / 2] + ms[ms.size() / 2]) / 2, ms[(95 * ms.size() + 99) / 100 - 1]};
}

json row_of(std::size_t batch, const std::string& stage, const batch_times& times) {
    return {{"batch", batch},
            {"stage", stage},
            {"median_ms", times.median},
            {"p95_ms", times.p95},
            {"images_per_second", 1000 * static_cast<double>(batch) / times.median}};
}

/// The settings for every class.
struct fps_request {
    std::size_t warm_up, repetitions;
    std::vector<std::size_t> batches;
    detector_loader load;
    std::string product;  ///< for a model with a threshold per product

    [[nodiscard]] std::size_t runs() const { return warm_up + repetitions; }
};

/// Calls work(i) for every run i and times the runs after the warm-up.
template <class Work>
batch_times time_runs(const fps_request& request, const Work& work) {
    std::vector<double> ms;
    for (std::size_t i = 0; i < request.runs(); ++i) {
        const stopwatch watch;
        work(i);
        if (i >= request.warm_up) ms.push_back(watch.ms());
    }
    return statistics_of(std::move(ms));
}

/// The times between the results of consecutive chunks of a folder, scaled to `batch` images.
batch_times time_folder(const detector& by, const fps_request& request, std::size_t batch, const std::vector<fs::path>& files) {
    std::vector<double> ms;
    stopwatch watch;
    const auto use = [&](std::size_t first, std::span<const rd4ad::outcome<rd4ad::detection_result>> results, double) {
        if (first >= request.warm_up * batch)
            ms.push_back(watch.ms() * static_cast<double>(batch) / static_cast<double>(results.size()));
        watch = stopwatch{};
    };
    by.score_files(files, use, {}, rd4ad::on_failure::stop);
    return statistics_of(std::move(ms));
}

/// One class at one batch size: the network alone, end to end, and a folder.
class batch_measurement {
   public:
    batch_measurement(const rd4ad::data::dataset& set, const fs::path& checkpoint, const fps_request& request, std::size_t batch)
        : checkpoint_{checkpoint}, request_{request}, batch_{batch} {
        for (std::size_t i = 0; i < batch * request.runs(); ++i) files_.push_back(set.test[i % set.test.size()].image);
    }

    /// The network from its input in memory to the map in memory.
    [[nodiscard]] json network(const detector& by) const {
        const auto& settings = by.settings();
        const std::vector<fs::path> first{files_.begin(), files_.begin() + static_cast<std::ptrdiff_t>(batch_)};
        const auto inputs = rd4ad::image_source{first, settings.preprocessing, settings.normalisation, threads()}.read(0, batch_);
        return row_of(batch_, settings.preprocessing.whole() ? "network" : "patches",
                      time_runs(request_, [&](std::size_t) { static_cast<void>(by.score_inputs(inputs)); }));
    }

    /// From image files to scores, maps at the images' sizes and regions, one batch after the other.
    [[nodiscard]] json end_to_end(const detector& by) const {
        return row_of(batch_, "end to end", time_runs(request_, [&](std::size_t run) {
                          std::vector<rd4ad::image::image_u8> images(batch_);
                          rd4ad::parallel_for(batch_, threads(), [&](std::size_t i) {
                              images[i] = rd4ad::image::read(files_[run * batch_ + i], by.settings().preprocessing.white_level);
                          });
                          static_cast<void>(by.score(images));
                      }));
    }

    /// All files as rd4ad score takes them.
    [[nodiscard]] json folder() const {
        const auto by =
            request_.load(checkpoint_, {.batch = batch_, .size = rd4ad::map_size::network, .product = request_.product});
        return row_of(batch_, "folder", time_folder(*by, request_, batch_, files_));
    }

   private:
    [[nodiscard]] std::size_t threads() const { return request_.load.threads(); }

    fs::path checkpoint_;
    const fps_request& request_;
    std::size_t batch_;
    std::vector<fs::path> files_{};  ///< one batch per run
};

json measure_class(const parsed_options& options, const rd4ad::data::dataset& set, const fs::path& checkpoint,
                   const fps_request& request) {
    json rows = json::array(), about = json::object();
    console progress;
    for (const std::size_t batch : request.batches) {
        const batch_measurement measurement{set, checkpoint, request, batch};
        {
            const auto by = request.load(checkpoint, {.batch = batch, .product = request.product});
            check_preprocessing_flags(options, by->settings().preprocessing, checkpoint);
            if (rows.empty()) warn_of_white_level(set, by->settings().preprocessing);
            about = {{"arch", std::string{by->arch().name}}, {"input", {by->settings().width, by->settings().height}}};
            progress.bar(0.5, rd4ad::text(set.name, ": batch ", batch));
            rows.push_back(measurement.network(*by));
            rows.push_back(measurement.end_to_end(*by));
        }  // frees the detector's memory for the next one
        rows.push_back(measurement.folder());
    }
    progress.clear();
    about.update({{"processor", processor_name()},
                  {"threads", request.load.threads() > 0 ? request.load.threads() : rd4ad::default_threads()},
                  {"backend", request.load.backend()},
                  {"blas", request.load.blas()},
                  {"instruction_set", instruction_set()},
                  {"repetitions", request.repetitions},
                  {"peak_mb", peak_bytes() / 1e6},
                  {"files", files_json(set)},
                  {"rows", rows}});
    return about;
}

/// The mean times of each row over the classes.
json mean_rows(const class_results& classes) {
    json rows = json::array();
    const auto& first = classes.front().second.at("rows");
    for (std::size_t i = 0; i < first.size(); ++i) {
        class_results each;
        for (const auto& [name, one] : classes) each.emplace_back(name, one.at("rows").at(i));
        const auto mean = mean_of(each, {"median_ms", "p95_ms"});
        rows.push_back(row_of(first[i].at("batch").get<std::size_t>(), first[i].at("stage").get<std::string>(),
                              {mean.at("median_ms").get<double>(), mean.at("p95_ms").get<double>()}));
    }
    return {{"rows", rows}};
}

void print_rows(const json& rows) {
    std::printf("%s\n", bold("batch  stage       median ms     p95 ms  images/s").c_str());
    for (const auto& row : rows)
        std::printf("%5zu  %-10s  %9s  %9s  %8s\n", row.at("batch").get<std::size_t>(),
                    row.at("stage").get<std::string>().c_str(), fixed(row.at("median_ms").get<double>(), 1).c_str(),
                    fixed(row.at("p95_ms").get<double>(), 1).c_str(),
                    fixed(row.at("images_per_second").get<double>(), 1).c_str());
}

/// name: of the class; "" for the only one.
void print_class(const std::string& name, const json& of) {
    const auto text = [&](const char* key) { return of.at(key).get<std::string>(); };
    const auto threads = of.at("threads").get<std::size_t>();
    print_line(rd4ad::text(name, name.empty() ? "" : ": ", text("arch"), ", ", of.at("input")[0].get<std::size_t>(), " x ",
                           of.at("input")[1].get<std::size_t>(), ", on ", text("processor"), ", ", threads, " thread",
                           threads == 1 ? "" : "s", "; backend ", text("backend"), ", BLAS ", text("blas"), ", instruction set ",
                           text("instruction_set")));
    print_rows(of.at("rows"));
    std::printf("peak memory: %s MB\n", fixed(of.at("peak_mb").get<double>(), 0).c_str());
}

void print(const class_results& classes, const json& mean) {
    const bool several = classes.size() > 1;
    for (const auto& [name, one] : classes) print_class(several ? name : "", one);
    if (several) {
        std::printf("mean of %zu classes\n", classes.size());
        print_rows(mean.at("rows"));
    }
}

}  // namespace

usage fps_usage() {
    return {.synopsis = "--data DIR --checkpoint FILE|DIR [FLAGS...]",
            .flags = join_flags({dataset_flags(),
                                 {{"checkpoint", "PATH", "", "the checkpoint that rd4ad train wrote, or its folder"},
                                  {"bs", "N,N", "1,8", "batch sizes"},
                                  {"warm-up", "N", "3", "untimed runs before the timed ones"},
                                  {"repetitions", "N", "30", "timed runs"},
                                  product_flag(),
                                  {"json", "", "", "print JSON instead of the table"}},
                                 checkpoint_preprocessing_flags(),
                                 {no_verify_flag()},
                                 compute_flags()}),
            .notes =
                R"(Times three stages for each batch size:
  network     from the network's input in memory to the map in memory; for a model with patches this
              row is a batch of patches and has the name patches
  end to end  from image files to scores, maps at the images' sizes and regions, batch by batch
  folder      as rd4ad score runs, with maps at the network's size: it loads the next batch and
              processes the last result while it computes one
Times are per batch: the median and the 95th percentile. Images per second follow from the median.
The memory is the peak of the process with all threads and the model, without GPU memory.

Example: the speed at batch sizes 1 and 8.
  rd4ad fps --data bsd --checkpoint models --bs 1,8
)"};
}

int fps(const parsed_options& options) {
    const fs::path checkpoint = options.required("checkpoint");
    const fps_request request{options.whole("warm-up", 0), options.whole("repetitions", 1), options.whole_list("bs", 1, 4096),
                              detector_loader{options}, options.text("product")};
    class_results classes;
    for (const auto& set : open_datasets(options)) {
        if (set.test.empty())
            throw rd4ad::data_error{rd4ad::text("data set '", set.name, "' has no test images to measure with")};
        classes.emplace_back(set.name, measure_class(options, set, find_checkpoint(checkpoint, set), request));
    }
    const auto mean = mean_rows(classes);
    if (options.has("json"))
        std::printf("%s\n", rd4ad::io::dump_json(summary_of(classes, mean), 2).c_str());
    else
        print(classes, mean);
    return 0;
}

}  // namespace cli
