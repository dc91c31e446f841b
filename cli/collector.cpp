// cli/collector.cpp: fills the library's results and report.
#include "collector.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <rd4ad/core/text.hpp>
#include <rd4ad/core/version.hpp>
#include <rd4ad/score/apply_calibration.hpp>
#include <rd4ad/score/report.hpp>

#include "calibration_text.hpp"
#include "console.hpp"

namespace cli {

namespace fs = std::filesystem;

const char* const results_help =
    R"(
Files in --out DIR: results.json (the output of --json), results.csv (one line per image: label, raw
score, score, regions, milliseconds, or the reason why it has none), results.md (the table in Markdown) and report.html. The report
is one page without external resources: scores with an adjustable threshold, curves, the images by
score with heat map, mask and regions, the detection limits of --probe, training and settings.
)";

std::vector<metric> metrics_of(const rd4ad::evaluation& found) {
    std::optional<double> pixel_auroc, pixel_ap, aupro, per_image;
    if (found.pixels) {
        pixel_auroc = found.pixels->auroc;
        pixel_ap = found.pixels->average_precision;
        aupro = found.pixels->aupro;
        per_image = found.pixels->aupro_per_image;
    }
    return {{"image_auroc", "image AUROC", found.image_auroc},
            {"pixel_auroc", "pixel AUROC", pixel_auroc},
            {"aupro", "AUPRO", aupro},
            {"aupro_per_image", "per image", per_image, "AUPRO per image"},
            {"image_ap", "image AP", found.image_ap},
            {"pixel_ap", "pixel AP", pixel_ap},
            {"best_f1", "best F1", found.best_f1},
            {"best_f1_raw_threshold", "raw threshold", found.best_f1_raw_threshold, "raw threshold of the best F1"},
            {"false_alarm_rate", "false alarms", found.false_alarm_rate, "false-alarm rate"},
            {"detection_rate", "detected", found.detection_rate, "detection rate"}};
}

namespace {

/// The settings of a training that the report shows: key in the checkpoint, name. Older checkpoints have "rate".
constexpr std::pair<const char*, const char*> training_settings[]{
    {"total_steps", "steps"},  {"epochs", "epochs"}, {"batch", "images per step"}, {"learning_rate", "learning rate"},
    {"rate", "learning rate"}, {"seed", "seed"},     {"images", "training images"}};

std::vector<double> losses_of(const rd4ad::io::json& training) {
    std::vector<double> losses;
    if (const auto list = training.find("losses"); list != training.end() && list->is_array())
        for (const auto& loss : *list)
            if (loss.is_number()) losses.push_back(loss.get<double>());
    return losses;
}

/// The raw threshold for a model without calibration: the best F1's, else one above all raw scores.
double raw_threshold(const rd4ad::evaluation& found) {
    const auto highest = std::max_element(found.raw_scores.begin(), found.raw_scores.end());
    return found.best_f1_raw_threshold.value_or(
        static_cast<double>(std::nextafter(*highest, std::numeric_limits<float>::infinity())));
}

}  // namespace

collector::collector(const rd4ad::data::dataset& set, fs::path root, std::size_t thumbnail_bytes)
    : set_{set}, root_{std::move(root)}, thumbnail_bytes_{thumbnail_bytes} {}

std::string collector::name_of(const rd4ad::data::item& item) const {
    const auto below = item.image.lexically_relative(root_);
    return (below.empty() || *below.begin() == ".." ? item.image : below).generic_string();
}

void collector::add(std::size_t index, const rd4ad::image::image_u8& image, const rd4ad::detection_result& result,
                    const std::optional<rd4ad::image::image_u8>& mask) {
    const auto& item = set_.test[index];
    auto& one = images_.emplace_back();
    one.file = name_of(item);
    one.kind = item.kind;
    one.is_anomalous = item.is_anomalous;
    one.raw_score = static_cast<double>(result.raw_score);
    one.score = result.score;
    one.regions = result.regions;
    one.width = image.width;
    one.height = image.height;
    if (thumbnail_bytes_ == 0) return;
    std::optional<rd4ad::image::image_u8> whole_mask;
    if (mask) whole_mask = rd4ad::data::load_mask(item, image.width, image.height);
    one.thumbnail =
        rd4ad::image::make_thumbnail(image, rd4ad::map_over_image(result), whole_mask, thumbnail_bytes_ / set_.test.size());
}

rd4ad::tested_set collector::finish(const rd4ad::evaluation& found, const std::optional<rd4ad::calibration>& by,
                                    std::string summary, std::vector<std::pair<std::string, std::string>> settings,
                                    const rd4ad::io::json& training, std::optional<rd4ad::probe_result> limits) {
    rd4ad::tested_set tested{.name = set_.name.empty() ? "images" : set_.name, .summary = std::move(summary)};
    for (const auto& one : metrics_of(found)) tested.metrics.emplace_back(one.title, one.value);
    tested.is_calibrated = std::all_of(images_.begin(), images_.end(), [](const auto& one) { return one.score.has_value(); });
    tested.threshold = tested.is_calibrated ? 0.5 : raw_threshold(found);
    if (tested.is_calibrated && by) {
        tested.colours = rd4ad::colours_of(*by);
        for (const float raw_score : by->good_scores) tested.good_scores.push_back((*by)(static_cast<double>(raw_score)));
        tested.threshold_origin = describe(*by);
    }
    tested.suspects = rd4ad::suspects_in(training);
    tested.limits = std::move(limits);
    tested.curves = found.curves;
    tested.losses = losses_of(training);
    tested.settings = std::move(settings);
    for (const auto& [key, name] : training_settings)
        if (const auto value = training.find(key); value != training.end()) tested.settings.emplace_back(name, value->dump());
    tested.settings.emplace_back("rd4ad", rd4ad::version);
    for (std::size_t i = 0; i < images_.size(); ++i) images_[i].ms = found.ms[i];
    tested.images = std::move(images_);
    for (const auto& [index, reason] : found.failures) {
        const auto& item = set_.test[index];
        tested.failures.push_back({name_of(item), item.kind, item.is_anomalous, reason.message});
    }
    return tested;
}

void write_results(rd4ad::io::output_folder& out, const rd4ad::io::json& result, std::string title,
                   std::vector<rd4ad::tested_set> sets, std::size_t thumbnail_bytes) {
    out.write("results.json", std::string_view{rd4ad::io::dump_json(result, 2) + "\n"});
    out.write("results.csv", std::string_view{rd4ad::results_csv(sets)});
    out.write("results.md", std::string_view{rd4ad::results_markdown(sets)});
    auto note = rd4ad::text("Limit of --report-mb: ", megabytes(static_cast<double>(thumbnail_bytes)), " MB.");
    out.write("report.html", std::string_view{rd4ad::report_html({std::move(title), std::move(sets), std::move(note)},
                                                                 rd4ad::report_template())});
}

}  // namespace cli
