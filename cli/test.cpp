// cli/test.cpp: rd4ad test.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/io/folder.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/score/drift.hpp>
#include <rd4ad/score/regions_json.hpp>

#include "calibration_text.hpp"
#include "collector.hpp"
#include "commands.hpp"
#include "compute_flags.hpp"
#include "console.hpp"
#include "dataset_flags.hpp"
#include "detector.hpp"
#include "image_output.hpp"
#include "preprocessing_flags.hpp"
#include "summary.hpp"

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
    for (const auto& [name, one] : rows) width = std::max(width, name.size());
    const auto columns = metrics_of(rd4ad::evaluation{});
    std::string heading = "class" + std::string(width - 5, ' ');
    for (const auto& column : columns) heading += rd4ad::text("  ", column.heading);
    std::printf("%s\n", bold(heading + "  images  seconds").c_str());
    for (const auto& [name, one] : rows) {
        std::string line = name + std::string(width - name.size(), ' ');
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
    fs::path root, checkpoint, out, coco;  ///< out, coco: empty for none
    bool images;                           ///< write result images
    std::size_t thumbnail_bytes;           ///< of all classes together
    detector_loader load;
};

test_request test_request_of(const parsed_options& options) {
    const test_request request{options.required("data"),
                               options.required("checkpoint"),
                               options.text("out"),
                               options.text("coco"),
                               options.has("save-segmentation-images"),
                               static_cast<std::size_t>(options.real("report-mb", 0, 500) * 1e6),
                               detector_loader{options}};
    if (request.images && request.out.empty()) throw usage_error{"--save-segmentation-images needs --out DIR"};
    return request;
}

/// The results of the classes so far.
struct tested_classes {
    class_results rows{};
    std::vector<rd4ad::tested_set> sets{};  ///< for the files in --out
    std::string false_alarms{};             ///< one line per class that has a threshold and good images
    std::vector<std::string> teachers{};
    json coco = json::array();
    std::size_t images{0};
};

/// What the report states about a model.
std::vector<std::pair<std::string, std::string>> report_settings(const detector& by, const fs::path& checkpoint,
                                                                 const detector_loader& load) {
    const auto& settings = by.settings();
    return {{"architecture", std::string{by.arch().name}},
            {"teacher", settings.teacher},
            {"input", rd4ad::text(settings.width, " \u00d7 ", settings.height)},
            {"checkpoint", checkpoint.string()},
            {"backend", rd4ad::text(load.backend(), ", ", load.blas())}};
}

/// Tests the model of one class. image_folder: for the result images; empty: none.
void test_class(const parsed_options& options, const rd4ad::data::dataset& set, const test_request& request,
                const fs::path& image_folder, std::size_t thumbnail_bytes, tested_classes& to) {
    const auto checkpoint = find_checkpoint(request.checkpoint, set);
    const auto by = request.load(checkpoint, {.size = rd4ad::map_size::network});
    check_preprocessing_flags(options, by->settings().preprocessing, checkpoint);
    std::optional<result_image_writer> writer;
    if (!image_folder.empty())
        writer.emplace(image_folder, std::numeric_limits<std::size_t>::max(), display_of(by->settings(), by->calibration()));
    collector results{set, request.root, thumbnail_bytes};
    const bool collect = !request.out.empty();
    console progress;
    if (const auto warning = duplicates_warning(set); !warning.empty()) progress.line(warning);
    const auto use = [&](std::size_t i, const rd4ad::image::image_u8& image, const rd4ad::detection_result& result,
                         const std::optional<rd4ad::image::image_u8>& mask) {
        const auto& item = set.test[i];
        if (writer) writer->add(item.kind, item.image, result, mask);
        for (auto& entry : rd4ad::coco_results(to.images + i + 1, result.regions)) {
            entry["file_name"] = item.image.filename().string();
            to.coco.push_back(std::move(entry));
        }
        if (collect) results.add(i, image, result, mask);
        progress.images(i + 1, set.test.size(), set.name);
    };
    const auto found = by->evaluate(set, 8, use);
    if (writer) writer->finish();
    to.images += set.test.size();
    const auto& teacher = by->settings().teacher;
    to.rows.emplace_back(set.name, result_of(found, teacher));
    to.rows.back().second["files"] = files_json(set);
    if (std::find(to.teachers.begin(), to.teachers.end(), teacher) == to.teachers.end()) to.teachers.push_back(teacher);
    auto settings = report_settings(*by, checkpoint, request.load);
    if (found.false_alarm_count) {
        const auto line = describe(*found.false_alarm_count, *by->calibration());
        to.false_alarms += rd4ad::text(set.name, ": false alarms: ", line, '\n');
        settings.emplace_back("false alarms", line);
    }
    if (can_test_drift(by->calibration())) {
        std::vector<double> passed;
        for (std::size_t i = 0; i < set.test.size(); ++i)
            if (const auto raw_score = static_cast<double>(found.raw_scores[i]);
                !set.test[i].is_anomalous && raw_score < by->calibration()->threshold)
                passed.push_back(raw_score);
        if (passed.size() >= 5) {
            rd4ad::drift_monitor monitor{*by->calibration(), {.window = passed.size()}};
            for (const double raw_score : passed) static_cast<void>(monitor.add(raw_score));
            settings.emplace_back("drift", rd4ad::text(monitor.last()->is_drift ? "yes: " : "none seen: ",
                                                       cli::describe(*monitor.last(), passed.size())));
        }
    }
    if (collect)
        to.sets.push_back(
            results.finish(found, by->calibration(),
                           rd4ad::text(by->arch().name, " \u00b7 ", by->settings().width, " \u00d7 ", by->settings().height),
                           std::move(settings), rd4ad::training_of(checkpoint, read_options_of(options))));
}

/// The report's title: the data set's name, or the folder's for several classes.
std::string title_of(const test_request& request, const std::vector<rd4ad::tested_set>& sets) {
    if (sets.size() == 1) return sets.front().name;
    const auto folder = fs::absolute(request.root).lexically_normal();
    return (folder.has_filename() ? folder : folder.parent_path()).filename().string();
}

void print(const tested_classes& tested, const json& mean, const test_request& request) {
    auto rows = tested.rows;
    if (rows.size() > 1) rows.emplace_back("mean", mean);
    print_table(rows);
    std::printf("%steacher: %s\n", tested.false_alarms.c_str(), join_names(tested.teachers).c_str());
    if (!request.out.empty()) std::printf("report: %s\n", (request.out / "report.html").c_str());
    if (request.images) std::printf("result images: %s\n", request.out.c_str());
}

}  // namespace

usage test_usage() {
    return {
        .synopsis = "--data DIR --checkpoint FILE|DIR [FLAGS...]",
        .flags = join_flags({dataset_flags(),
                             {{"checkpoint", "PATH", "", "the checkpoint that rd4ad train wrote, or its folder"},
                              {"save-segmentation-images", "", "", "write result images to --out"},
                              {"coco", "FILE", "", "write the regions as COCO results; image ids count from 1"},
                              {"json", "", "", "print JSON instead of the table"},
                              {"report-mb", "MB", "16", "limit for all thumbnails of the report, in megabytes; 0: no thumbnails"},
                              {"out", "DIR", "", "folder for results, report and result images"}},
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
)"} + results_help +
            result_images_help +
            R"(They go to DIR/<kind>/, or to DIR/<class>/<kind>/ for several classes.

Example: the metrics and the result images of one model.
  rd4ad test --data mvtec/bottle --checkpoint models/bottle.safetensors --save-segmentation-images --out results
)"};
}

int test(const parsed_options& options) {
    const auto request = test_request_of(options);
    const auto sets = open_datasets(options);
    if (!request.out.empty()) rd4ad::io::make_folder(request.out);
    tested_classes tested;
    for (const auto& set : sets) {
        const auto image_folder = !request.images ? fs::path{} : sets.size() > 1 ? request.out / set.name : request.out;
        test_class(options, set, request, image_folder, request.thumbnail_bytes / sets.size(), tested);
    }
    const auto mean = mean_row(tested.rows), result = summary_of(tested.rows, mean);
    if (!request.out.empty()) {
        rd4ad::io::write_json(request.out / "results.json", result);
        auto title = title_of(request, tested.sets);
        write_results(request.out, std::move(title), std::move(tested.sets), request.thumbnail_bytes);
    }
    if (!request.coco.empty()) rd4ad::io::write_json(request.coco, tested.coco);
    if (options.has("json"))
        std::printf("%s\n", rd4ad::io::dump_json(result, "results", 2).c_str());
    else
        print(tested, mean, request);
    return 0;
}

}  // namespace cli
