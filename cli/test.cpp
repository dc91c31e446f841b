// cli/test.cpp: rd4ad test.
#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "backends.hpp"
#include "collector.hpp"
#include "console.hpp"
#include "pictures.hpp"
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
        .name = "test",
        .synopsis = "--data DIR --checkpoint FILE|DIR [FLAGS...]",
        .what = "Judges a trained model by a test set: metrics as a table, or as JSON.",
        .flags = set_flags(),
        .takes_operands = false,
        .more =
            std::string{
                R"(Each metric is 0 to 1, more is better; "-", in JSON null, where the data don't allow it (no masks, one kind of image).
AUPRO is over the whole set; "per image" is its mean over the images with a defect, as the paper's code has it. Best F1 is
that of the images, reached where a raw score of at least the threshold counts as a defect; it is known only afterwards.
Alarms and found are the shares of the good and of the other images that reach the threshold the model came with. Below the
table stands how many alarms that is, and between which numbers they lie in 95 of 100 such tests, if the good images are
like those that set the threshold, and none of them.
)"} + results_help +
            pictures_help +
            R"(They go to DIR/<kind>/, with several classes to DIR/<class>/<kind>/.

Example: the metrics of one model, and its pictures.
  rd4ad test --data mvtec/bottle --checkpoint models/bottle.safetensors --save-segmentation-images --out pictures
)"};
    const std::vector<flag> own{
        {"checkpoint", "PATH", "", "what rd4ad train wrote: the file, or its folder"},
        {"save-segmentation-images", "", "", "write pictures to --out"},
        {"coco", "FILE", "", "write the regions as COCO results, images numbered from 1 in the set's order"},
        {"json", "", "", "JSON on standard output instead of the table"},
        {"report-mb", "MB", "16", "size of all thumbnails in the report, in megabytes; 0: none"},
        {"out", "DIR", "", "where results, report and pictures go"}};
    v.flags.insert(v.flags.end(), own.begin(), own.end());
    for (auto& one : kept_view_flags()) v.flags.push_back(std::move(one));
    for (auto& one : compute_flags()) v.flags.push_back(std::move(one));
    return v;
}

json result_of(const rd4ad::evaluation& found, const std::string& teacher) {
    json result{{"images", found.scores.size()}, {"seconds", found.seconds}, {"teacher", teacher}};
    for (const auto& one : metrics_of(found)) result[one.key] = rd4ad::io::number_or_null(one.value);
    result["alarms"] = json();
    if (const auto& a = found.alarms)
        result["alarms"] = {{"count", a->count}, {"good_images", a->good}, {"predicted", {a->predicted.low, a->predicted.high}}};
    return result;
}

/// Means of the metrics; images and seconds are sums.
json mean_row(const class_results& classes) {
    std::vector<std::string> keys;
    for (const auto& one : metrics_of({})) keys.emplace_back(one.key);
    json mean = mean_of(classes, keys);
    std::size_t images = 0;
    double seconds = 0;
    for (const auto& [name, one] : classes) {
        images += one.at("images").template get<std::size_t>();
        seconds += one.at("seconds").template get<double>();
    }
    mean["images"] = images;
    mean["seconds"] = seconds;
    return mean;
}

/// "0 of 40 good images are alarms, 0 to 8 predicted by the 16 that set the threshold"
std::string in_words(const rd4ad::counted_alarms& alarms, const rd4ad::calibration& by) {
    return std::to_string(alarms.count) + " of " + std::to_string(alarms.good) + " good images are alarms, " +
           std::to_string(alarms.predicted.low) + " to " + std::to_string(alarms.predicted.high) + " predicted (95 %) by the " +
           std::to_string(by.good_scores.size()) + " that set the threshold";
}

void print_table(const class_results& rows) {
    std::size_t width = 5;
    for (const auto& [name, one] : rows) width = std::max(width, name.size());
    std::string heading = "class" + std::string(width - 5, ' ');
    const auto columns = metrics_of({});
    for (const auto& [key, text, none, title] : columns) heading += "  " + std::string{text};
    std::printf("%s\n", bold(heading + "  images  seconds").c_str());
    for (const auto& [name, one] : rows) {
        std::string line = name + std::string(width - name.size(), ' ');
        const auto cell = [&](const std::string& value, std::size_t room) {
            line += "  " + std::string(room - std::min(room, value.size()), ' ') + value;
        };
        for (const auto& [key, text, none, title] : columns)
            cell(one.at(key).is_number() ? fixed(one.at(key).template get<double>(), 4) : "-", std::string{text}.size());
        cell(std::to_string(one.at("images").template get<std::size_t>()), 6);
        cell(fixed(one.at("seconds").template get<double>(), 1), 7);
        std::printf("%s\n", line.c_str());
    }
}

/// What is asked of every class.
struct wishes {
    fs::path root, pictures;  ///< pictures: empty for none
    bool results;             ///< gather them for files
    std::size_t thumbnail_bytes;
    rd4ad::model_options model;
};

/// What is said of one class.
struct tested_class {
    json metrics;
    std::string alarms;         ///< its false alarms in words; "" without a threshold or good images
    rd4ad::tested_set results;  ///< where they are wanted
};

template <rd4ad::Backend B>
tested_class test_one(const arguments& given, const rd4ad::data::dataset& set, const fs::path& checkpoint, const wishes& wanted,
                      std::size_t images_before, json& coco) {
    const rd4ad::detector<B> by{checkpoint, {.size = rd4ad::map_size::network}, wanted.model};
    check_kept_view(given, by.settings().view, checkpoint);
    std::unique_ptr<picture_writer> writer;
    if (!wanted.pictures.empty())
        writer = std::make_unique<picture_writer>(wanted.pictures, std::numeric_limits<std::size_t>::max());
    collector results{set, wanted.root, wanted.thumbnail_bytes};
    console shown;
    if (const auto warning = duplicates_warning(set); !warning.empty()) shown.line(warning);
    const auto found =
        rd4ad::evaluate(by, set, 8,
                        [&](std::size_t i, const rd4ad::image::picture& photograph, const rd4ad::finding& finding,
                            const std::optional<rd4ad::image::picture>& mask) {
                            const auto& item = set.test[i];
                            if (writer) writer->add(item.kind, item.image, finding, mask);
                            for (auto& entry : rd4ad::coco_results(images_before + i + 1, finding.regions)) {
                                entry["file_name"] = item.image.filename().string();
                                coco.push_back(std::move(entry));
                            }
                            if (wanted.results) results.add(i, photograph, finding, mask);
                            shown.bar(static_cast<double>(i + 1) / static_cast<double>(set.test.size()),
                                      set.name + ": image " + std::to_string(i + 1) + "/" + std::to_string(set.test.size()));
                        });
    if (writer) writer->finish();
    const auto& settings = by.settings();
    tested_class made{result_of(found, settings.teacher), found.alarms ? in_words(*found.alarms, *by.scale()) : "", {}};
    if (!wanted.results) return made;
    const std::string arch{by.arch().name}, size = std::to_string(settings.width) + " \u00d7 " + std::to_string(settings.height);
    made.results = results.finish(found, arch + " \u00b7 " + size,
                                  {{"architecture", arch},
                                   {"teacher", settings.teacher},
                                   {"input", size},
                                   {"checkpoint", checkpoint.string()},
                                   {"backend", std::string{B::name()} + ", " + B::kernels()}},
                                  rd4ad::training_of(checkpoint));
    if (!made.alarms.empty()) made.results.settings.emplace_back("false alarms", made.alarms);
    return made;
}

template <rd4ad::Backend B>
int test_all(const arguments& given) {
    const fs::path checkpoint = given.required("checkpoint"), out = given.text("out"), coco_file = given.text("coco");
    const bool pictures = given.given("save-segmentation-images");
    if (pictures && out.empty()) throw usage_error{"--save-segmentation-images needs --out DIR"};
    const double megabytes = given.real("report-mb");
    if (megabytes < 0 || megabytes > 500) throw usage_error{"--report-mb " + given.text("report-mb") + ": expected 0 to 500"};
    wishes wanted{given.required("data"), {}, !out.empty(), 0, compute_options(given)};
    const auto sets = open_sets(given);
    if (!out.empty()) {
        rd4ad::io::make_folder(out);
    }
    const bool several = sets.size() > 1;
    const auto bytes = static_cast<std::size_t>(megabytes * 1e6);
    wanted.thumbnail_bytes = bytes / sets.size();
    json coco = json::array();
    std::size_t images = 0;
    class_results classes;
    std::string alarms, teachers;
    std::vector<rd4ad::tested_set> tested;
    for (const auto& set : sets) {
        wanted.pictures = !pictures ? fs::path{} : several ? out / set.name : out;
        auto one = test_one<B>(given, set, find_checkpoint(checkpoint, set), wanted, images, coco);
        images += set.test.size();
        if (!one.alarms.empty()) alarms += set.name + ": " + one.alarms + "\n";
        if (const auto teacher = one.metrics.at("teacher").template get<std::string>(); teachers.find(teacher) == teachers.npos)
            teachers += (teachers.empty() ? "" : ", ") + teacher;
        classes.emplace_back(set.name, std::move(one.metrics));
        tested.push_back(std::move(one.results));
    }
    const auto mean = mean_row(classes), result = summary_of(classes, mean);
    if (!out.empty()) {
        rd4ad::io::write_json(out / "results.json", result);
        const auto folder = fs::absolute(wanted.root).lexically_normal();
        auto title = several ? (folder.has_filename() ? folder : folder.parent_path()).filename().string() : tested.front().name;
        write_results(out, std::move(title), std::move(tested), bytes);
    }
    if (!coco_file.empty()) rd4ad::io::write_json(coco_file, coco);
    if (given.given("json")) {
        std::printf("%s\n", rd4ad::io::text_of(result, "results", 2).c_str());
        return 0;
    }
    if (several) classes.emplace_back("mean", mean);
    print_table(classes);
    std::printf("%steacher: %s\n", alarms.c_str(), teachers.c_str());
    if (!out.empty()) std::printf("report: %s\n", (out / "report.html").c_str());
    if (pictures) std::printf("pictures: %s\n", out.c_str());
    return 0;
}

}  // namespace

int test(const std::vector<std::string>& words) {
    return run_verb(description(), words, [](const arguments& given) -> int {
        return with_backend(given, [&]<class B>() { return test_all<B>(given); });
    });
}

}  // namespace cli
