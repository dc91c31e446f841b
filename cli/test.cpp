// cli/test.cpp: rd4ad test.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/io/json.hpp>
#include <rd4ad/io/output_folder.hpp>
#include <rd4ad/io/safe_name.hpp>
#include <rd4ad/score/coco_file.hpp>
#include <rd4ad/score/drift.hpp>

#include "calibration_text.hpp"
#include "collector.hpp"
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
#include "summary.hpp"
#include "white_level.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;
using rd4ad::io::json;

json result_of(const rd4ad::evaluation& found, const std::string& teacher) {
    json result{{"images", found.raw_scores.size()}, {"seconds", found.seconds}, {"teacher", teacher}};
    for (const auto& one : metrics_of(found)) result[one.key] = rd4ad::io::number_or_null(one.value);
    result["false_alarm_count"] = json();
    if (const auto& count = found.false_alarm_count)
        result["false_alarm_count"] = {
            {"count", count->count}, {"good_images", count->good}, {"predicted", {count->predicted.low, count->predicted.high}}};
    return result;
}

/// The means of the metrics, and the sums of images and seconds.
json mean_row(const class_results& classes) {
    std::vector<std::string> keys;
    for (const auto& one : metrics_of(rd4ad::evaluation{})) keys.emplace_back(one.key);
    json mean = mean_of(classes, keys);
    std::size_t images = 0;
    double seconds = 0;
    for (const auto& [name, one] : classes) {
        images += one.at("images").get<std::size_t>();
        seconds += one.at("seconds").get<double>();
    }
    mean["images"] = images;
    mean["seconds"] = seconds;
    return mean;
}

/// "0 of 40 good images, predicted 0 to 8 (95 %) from the 16 good images that set the threshold"
std::string describe(const rd4ad::false_alarm_count& found, const rd4ad::calibration& by) {
    return rd4ad::text(found.count, " of ", found.good, " good images, predicted ", found.predicted.low, " to ",
                       found.predicted.high, " (95 %) from the ", by.good_scores.size(), " good images that set the threshold");
}

void print_table(const class_results& rows) {
    std::size_t width = 5;
    for (const auto& [name, one] : rows) width = std::max(width, rd4ad::io::row_text(name).size());
    const auto columns = metrics_of(rd4ad::evaluation{});
    std::string heading = "class" + std::string(width - 5, ' ');
    for (const auto& column : columns) heading += rd4ad::text("  ", column.heading);
    std::printf("%s\n", bold(heading + "  images  seconds").c_str());
    for (const auto& [name, one] : rows) {
        std::string line = rd4ad::io::row_text(name);
        line.append(width - line.size(), ' ');
        const auto cell = [&](const std::string& value, std::size_t room) {
            line += "  " + std::string(room - std::min(room, value.size()), ' ') + value;
        };
        for (const auto& column : columns)
            cell(one.at(column.key).is_number() ? fixed(one.at(column.key).get<double>(), 4) : "-",
                 std::string{column.heading}.size());
        cell(rd4ad::text(one.at("images").get<std::size_t>()), 6);
        cell(fixed(one.at("seconds").get<double>(), 1), 7);
        std::printf("%s\n", line.c_str());
    }
}

/// The settings for every class.
struct test_request {
    fs::path root, checkpoint, out, coco, probe;  ///< out, coco, probe: empty for none
    bool images;                                  ///< write result images
    rd4ad::on_failure reaction;
    std::size_t thumbnail_bytes;  ///< of all classes together
    detector_loader load;
};

test_request test_request_of(const parsed_options& options) {
    const test_request request{options.required("data"), options.required("checkpoint"),
                               options.text("out"),      options.text("coco"),
                               options.text("probe"),    options.has("save-segmentation-images"),
                               reaction_of(options),     static_cast<std::size_t>(options.real("report-mb", 0, 500) * 1e6),
                               detector_loader{options}};
    if (request.images && request.out.empty()) throw usage_error{"--save-segmentation-images needs --out DIR"};
    if (!request.probe.empty() && request.out.empty()) throw usage_error{"--probe needs --out DIR, for the report"};
    return request;
}

/// The results of the classes so far.
struct tested_classes {
    class_results rows{};
    std::vector<rd4ad::tested_set> sets{};    ///< for the files in --out
    std::vector<std::string> false_alarms{};  ///< one line per class that has a threshold and good images
    std::vector<std::string> teachers{};
    rd4ad::coco_file coco{};
    failure_list failures{};
    std::size_t images{0};
    std::unique_ptr<rd4ad::io::output_folder> out{};  ///< null without --out
    deferred_failure files{};                         ///< the table is printed also if the files can't be written
};

/// The detection limits of --probe for the report: a probe.json, the folder that holds it, or for several classes the folder of
/// the classes' folders. Throws option_error for a probe of another model or threshold.
std::optional<rd4ad::probe_result> limits_of(fs::path probe, const std::string& class_name, bool several,
                                             const std::optional<rd4ad::calibration>& by) {
    if (probe.empty()) return std::nullopt;
    if (several) probe /= class_name;
    std::error_code ignored;
    if (fs::is_directory(probe, ignored)) probe /= "probe.json";
    auto found = rd4ad::probe_result_from(rd4ad::io::read_json(probe), probe.string());
    if (!by || found.threshold != by->threshold)
        throw rd4ad::option_error{rd4ad::text(probe, ": is a probe at the raw threshold ", fixed(found.threshold, 6),
                                              ", the checkpoint's is ", by ? fixed(by->threshold, 6) : "missing",
                                              "; run rd4ad probe again with this checkpoint")};
    return found;
}

/// The statements of the report about a model.
std::vector<std::pair<std::string, std::string>> report_settings(const detector& by, const fs::path& checkpoint,
                                                                 const detector_loader& load) {
    const auto& settings = by.settings();
    return {{"architecture", std::string{by.arch().name}},
            {"teacher", settings.teacher},
            {"input", rd4ad::text(settings.width, " \u00d7 ", settings.height)},
            {"checkpoint", checkpoint.string()},
            {"backend", rd4ad::text(load.backend(), ", ", load.blas())},
            {"instruction set", std::string{instruction_set()}}};
}

/// The test images of one product, or all of a data set of one product, and where their results go.
struct tested_part {
    rd4ad::data::dataset set;
    std::unique_ptr<result_image_writer> writer{};
    std::unique_ptr<collector> results{};
};

/// The parts of a test set, by product, and the place of each test image: its part, and its index there.
struct tested_parts {
    std::map<std::string, tested_part> by_product{};
    std::vector<std::pair<tested_part*, std::size_t>> places{};
};

tested_parts parts_of(const rd4ad::data::dataset& set) {
    tested_parts parts;
    for (const auto& item : set.test) {
        auto& part = parts.by_product[item.product.empty() ? set.name : item.product];
        parts.places.emplace_back(&part, part.set.test.size());
        part.set.test.push_back(item);
    }
    for (auto& [product, part] : parts.by_product) part.set.name = parts.by_product.size() > 1 ? product : set.name;
    return parts;
}

/// States a part's false alarms and drift by its calibration.
void add_verdict_settings(const rd4ad::data::dataset& set, const rd4ad::evaluation& found, const rd4ad::calibration& by,
                          std::vector<std::pair<std::string, std::string>>& settings, std::vector<std::string>& lines) {
    if (found.false_alarm_count) {
        const auto line = describe(*found.false_alarm_count, by);
        lines.push_back(rd4ad::text(set.name, ": false alarms: ", line));
        settings.emplace_back("false alarms", line);
    }
    if (!can_test_drift(by)) return;
    std::vector<double> passed;
    for (std::size_t i = 0; i < set.test.size(); ++i)
        if (const auto raw_score = static_cast<double>(found.raw_scores[i]);
            !set.test[i].is_anomalous && raw_score < by.threshold)
            passed.push_back(raw_score);
    if (passed.size() < rd4ad::least_drift_scores) return;
    rd4ad::drift_monitor monitor{by, {.window = passed.size()}};
    for (const double raw_score : passed) static_cast<void>(monitor.add(raw_score));
    settings.emplace_back(
        "drift", rd4ad::text(monitor.last()->is_drift ? "yes: " : "none seen: ", cli::describe(*monitor.last(), passed.size())));
}

/// The folder of a part's result images.
fs::path part_folder(const fs::path& of_class, const std::string& product, const tested_parts& parts) {
    return parts.by_product.size() > 1 ? of_class / rd4ad::io::safe_name(product) : of_class;
}

/// Announces every file that the test writes to --out.
void announce_files(const std::vector<rd4ad::data::dataset>& sets, bool images, rd4ad::io::output_folder& out) {
    for (const auto* name : result_files) out.announce(name);
    if (!images) return;
    for (const auto& set : sets) {
        const auto parts = parts_of(set);
        for (const auto& [product, part] : parts.by_product) {
            const auto folder = part_folder(image_folder_of(set, sets.size()), product, parts);
            result_names names;
            for (const auto& item : part.set.test)
                announce_result_image(out, names, folder / rd4ad::io::safe_name(item.kind), item.image);
        }
    }
}

/// Declares the inputs and opens the outputs, which are checked before anything is computed.
void open_outputs(const parsed_options& options, const std::vector<rd4ad::data::dataset>& sets, const test_request& request,
                  tested_classes& to) {
    auto inputs = inputs_of(options, sets);
    std::size_t images = 0;
    for (const auto& set : sets) {
        inputs.add(find_checkpoint(request.checkpoint, set));
        images += set.test.size();
    }
    if (!writes_outputs()) return;
    to.out = open_output(options, "test", inputs, request.images ? images : 0);
    if (to.out) announce_files(sets, request.images, *to.out);
    check_coco_files(options, request.coco, inputs, to.out.get());
}

/// Tests the model of one class, or of the products of a joined data set. image_folder: for the result images, relative to --out.
void test_class(const parsed_options& options, const rd4ad::data::dataset& set, const test_request& request,
                const fs::path& image_folder, std::size_t thumbnail_bytes, bool several_classes, tested_classes& to) {
    const auto checkpoint = find_checkpoint(request.checkpoint, set);
    const auto by = request.load(checkpoint, {.size = rd4ad::map_size::network});
    check_preprocessing_flags(options, by->settings().preprocessing, checkpoint);
    warn_of_white_level(set, by->settings().preprocessing);
    const bool collect = to.out != nullptr;
    auto parts = parts_of(set);
    const bool several = parts.by_product.size() > 1;
    const auto calibration_for = [&](const std::string& product) {
        const auto* own = rd4ad::calibration_of(by->calibrations(), product, checkpoint.string());
        return own ? std::optional{*own} : std::nullopt;
    };
    std::map<std::string, std::optional<rd4ad::probe_result>> limits;
    for (auto& [product, part] : parts.by_product) {
        limits[product] =
            limits_of(request.probe, several ? product : set.name, several_classes || several, calibration_for(product));
        if (request.images && to.out)
            part.writer = std::make_unique<result_image_writer>(
                *to.out, part_folder(image_folder, product, parts), std::numeric_limits<std::size_t>::max(),
                display_of(by->settings().units.largest(), calibration_for(product), by->settings().preprocessing));
        part.results = std::make_unique<collector>(part.set, request.root, thumbnail_bytes / parts.by_product.size());
    }
    const auto roi = roi_of(options, rd4ad::data::files_of(set.test));
    console progress;
    if (const auto warning = duplicates_warning(set); !warning.empty()) progress.line(warning);
    const rd4ad::evaluation_callback use = [&](std::size_t i, const rd4ad::image::image_u8& image,
                                               const rd4ad::detection_result& result,
                                               const std::optional<rd4ad::image::image_u8>& mask) {
        const auto& item = set.test[i];
        auto& [part, index] = parts.places[i];
        auto* const writer = part->writer.get();
        if (writer != nullptr) to.files.attempt([&] { writer->add(item.kind, item.image, result, mask); });
        if (!request.coco.empty()) to.coco.add(item.image, result);
        if (collect) part->results->add(index, image, result, mask);
        progress.images(i + 1, set.test.size(), set.name);
    };
    // Ranks send their images to rank 0 where something needs them.
    const bool needs_images = ranks() == nullptr || !request.out.empty() || !request.coco.empty();
    const auto found = by->evaluate(set, 8, needs_images ? use : rd4ad::evaluation_callback{}, roi, request.reaction);
    if (!writes_outputs()) return;
    to.images += found.raw_scores.size();
    failure_list failures;
    for (const auto& [index, reason] : found.failures) {
        failures.add(set.test[index].image, reason);
        to.failures.add(set.test[index].image, reason);
    }
    const auto& teacher = by->settings().teacher;
    auto row = result_of(found, teacher);
    for (const auto& [product, one] : found.products) row["products"][product] = result_of(one, teacher);
    row["failed"] = failures.to_json();
    row["files"] = files_json(set);
    row["instruction_set"] = instruction_set();
    to.rows.emplace_back(set.name, std::move(row));
    if (std::find(to.teachers.begin(), to.teachers.end(), teacher) == to.teachers.end()) to.teachers.push_back(teacher);
    auto evaluated = found.products.begin();
    for (auto& [product, part] : parts.by_product) {
        const auto& own = several ? (evaluated++)->found : found;
        auto* const writer = part.writer.get();
        if (writer != nullptr) to.files.attempt([&] { writer->finish(); });
        if (own.raw_scores.empty()) continue;
        auto settings = report_settings(*by, checkpoint, request.load);
        if (const auto about = cli::describe(roi.kind == rd4ad::data::roi_kind::whole ? by->settings().roi : roi); !about.empty())
            settings.emplace_back("region of interest", about);
        const auto calibration = calibration_for(product);
        if (!own.failures.empty())
            settings.emplace_back("failed images",
                                  rd4ad::text(own.failures.size(), "; the first: ", own.failures.front().reason.message));
        if (calibration) add_verdict_settings(rd4ad::evaluated_set(part.set, own), own, *calibration, settings, to.false_alarms);
        if (!collect) continue;
        auto summary = rd4ad::text(by->arch().name, " \u00b7 ", by->settings().width, " \u00d7 ", by->settings().height);
        to.sets.push_back(part.results->finish(own, calibration, std::move(summary), std::move(settings),
                                               rd4ad::training_of(checkpoint, read_options_of(options)),
                                               std::move(limits[product])));
    }
}

/// The report's title: the data set's name, or the folder's for several classes.
std::string title_of(const test_request& request, const std::vector<rd4ad::tested_set>& sets) {
    if (sets.size() == 1) return sets.front().name;
    const auto folder = fs::absolute(request.root).lexically_normal();
    return (folder.has_filename() ? folder : folder.parent_path()).filename().string();
}

void print(const tested_classes& tested, const json& mean, const test_request& request) {
    class_results rows;
    for (const auto& [name, one] : tested.rows) {
        rows.emplace_back(name, one);
        if (const auto products = one.find("products"); products != one.end())
            for (const auto& [product, own] : products->items()) rows.emplace_back("  " + product, own);
    }
    if (tested.rows.size() > 1) rows.emplace_back("mean", mean);
    print_table(rows);
    for (const auto& line : tested.false_alarms) print_line(line);
    print_line("teacher: " + join_names(tested.teachers));
    tested.failures.print_rows();
    if (tested.files.failed()) return;
    if (!request.out.empty()) print_line(rd4ad::text("report: ", request.out / "report.html"));
    if (request.images) print_line(rd4ad::text("result images: ", request.out));
}

}  // namespace

usage test_usage() {
    return {
        .synopsis = "--data DIR --checkpoint FILE|DIR [FLAGS...]",
        .flags = join_flags({dataset_flags(),
                             {{"checkpoint", "PATH", "", "the checkpoint that rd4ad train wrote, or its folder"},
                              {"save-segmentation-images", "", "", "write result images to --out"},
                              {"coco", "FILE", "", "write the regions as COCO results, their images to *.images.json"},
                              roi_flag(),
                              {"json", "", "", "print JSON instead of the table"},
                              {"probe", "PATH", "",
                               "probe.json of rd4ad probe, or its folder: the report shows these detection limits; for several "
                               "classes PATH/<class>"},
                              {"report-mb", "MB", "16", "limit for all thumbnails of the report, in megabytes; 0: no thumbnails"},
                              {"out", "DIR", "", "folder for results, report and result images"}},
                             strict_flags(),
                             overwrite_flags(),
                             checkpoint_preprocessing_flags(),
                             {no_verify_flag()},
                             compute_flags()}),
        .notes =
            std::string{
                R"(Prints one row per class. Each metric is 0 to 1, higher is better. A metric is "-", in JSON null, if
the data lack masks or have only one kind of image. AUPRO is over the whole set; "per image" is the
mean over the anomalous images, as in the paper's code. Best F1 is the image F1 at the best raw
threshold of this test set, which is unknown before the test. "False alarms" and "detected" are the
shares of the good and of the anomalous images that reach the model's threshold. A line below the
table has the number of false alarms, and the range that holds this number in 95 % of such tests if
the good images are like those that set the threshold and are not among them.
With --multimodal each product has a row below that of all images, and its own verdicts.
)"} + failures_help +
            results_help + result_images_help +
            R"(They go to DIR/<kind>/, or to DIR/<class>/<kind>/ for several classes.

Example: the metrics and the result images of one model.
  rd4ad test --data mvtec/bottle --checkpoint models/bottle.safetensors --save-segmentation-images --out results
)"};
}

int test(const parsed_options& options) {
    const auto request = test_request_of(options);
    const auto sets = open_datasets(options, request.reaction);
    tested_classes tested;
    open_outputs(options, sets, request, tested);
    for (const auto& set : sets)
        test_class(options, set, request, image_folder_of(set, sets.size()), request.thumbnail_bytes / sets.size(),
                   sets.size() > 1, tested);
    if (!writes_outputs()) return 0;
    const auto mean = mean_row(tested.rows), result = summary_of(tested.rows, mean);
    if (tested.out && !tested.sets.empty())
        tested.files.attempt([&] {
            auto title = title_of(request, tested.sets);
            write_results(*tested.out, result, std::move(title), std::move(tested.sets), request.thumbnail_bytes);
            finish_output(*tested.out);
        });
    if (!request.coco.empty()) tested.files.attempt([&] { tested.coco.write(request.coco); });
    if (options.has("json"))
        std::printf("%s\n", rd4ad::io::dump_json(result, 2).c_str());
    else
        print(tested, mean, request);
    tested.files.rethrow();
    return tested.failures.finish(tested.images, "tested");
}

}  // namespace cli
