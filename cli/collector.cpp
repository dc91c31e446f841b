// cli/collector.cpp: findings to the library's results and report.
#include "collector.hpp"

#include <algorithm>
#include <limits>

#include <rd4ad/core/version.hpp>
#include <rd4ad/io/atomic_file.hpp>
#include <rd4ad/score/report.hpp>

#include "console.hpp"

namespace cli {

namespace fs = std::filesystem;

const char* const results_help =
    R"(With --out DIR: results.json (what --json prints), results.csv (a line for each image: label, raw score, score,
regions, milliseconds), results.md (the table in Markdown) and report.html, one page with everything on it: scores with
a threshold to move, curves, the images by score with heat map, mask and regions, training and settings. It fetches nothing.
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
            {"best_f1_threshold", "threshold", found.best_f1_threshold, "its threshold"},
            {"false_alarms", "alarms", found.false_alarms, "false alarms"},
            {"detected", "found", found.detected, "defects found"}};
}

namespace {

/// The map over the whole photograph: itself where the network saw all of it and nothing else.
rd4ad::image::plane of_photograph(const rd4ad::finding& found) {
    const auto& at = found.place;
    const bool all = at.padded_width == at.photograph_width && at.padded_height == at.photograph_height &&
                     at.fitted_width == at.width && at.fitted_height == at.height;
    return all ? found.map
               : rd4ad::image::restore_map(at, found.map, *std::min_element(found.map.pixels.begin(), found.map.pixels.end()));
}

}  // namespace

collector::collector(const rd4ad::data::dataset& set, fs::path root, std::size_t thumbnail_bytes)
    : set_{set}, root_{std::move(root)}, thumbnail_bytes_{thumbnail_bytes}, images_(set.test.size()) {}

void collector::add(std::size_t index, const rd4ad::image::picture& photograph, const rd4ad::finding& found,
                    const std::optional<rd4ad::image::picture>& mask) {
    const auto& item = set_.test[index];
    auto& one = images_[index];
    const auto below = item.image.lexically_relative(root_);
    one.file = (below.empty() || *below.begin() == ".." ? item.image : below).generic_string();
    one.kind = item.kind;
    one.anomalous = item.anomalous;
    one.raw = static_cast<double>(found.score);
    one.score = found.calibrated;
    one.regions = found.regions;
    one.width = photograph.width;
    one.height = photograph.height;
    if (thumbnail_bytes_ == 0) return;
    std::optional<rd4ad::image::picture> whole_mask;
    if (mask) whole_mask = rd4ad::data::load_mask(item, photograph.width, photograph.height);
    one.pictures = rd4ad::image::make_thumbnail(photograph, of_photograph(found), whole_mask, thumbnail_bytes_ / images_.size());
}

rd4ad::tested_set collector::finish(const rd4ad::evaluation& found, std::string summary,
                                    std::vector<std::pair<std::string, std::string>> settings, const rd4ad::io::json& training) {
    rd4ad::tested_set made{.name = set_.name.empty() ? "images" : set_.name, .summary = std::move(summary)};
    for (const auto& one : metrics_of(found)) made.metrics.emplace_back(one.title, one.value);
    const auto highest = std::max_element(found.scores.begin(), found.scores.end());
    made.calibrated = std::all_of(images_.begin(), images_.end(), [](const auto& one) { return one.score.has_value(); });
    made.threshold = made.calibrated ? 0.5
                                     : found.best_f1_threshold.value_or(
                                           static_cast<double>(std::nextafter(*highest, std::numeric_limits<float>::infinity())));
    made.curves = found.curves;
    made.settings = std::move(settings);
    for (const auto& [key, name] : std::initializer_list<std::pair<const char*, const char*>>{{"epochs", "epochs"},
                                                                                              {"batch", "images a step"},
                                                                                              {"rate", "learning rate"},
                                                                                              {"seed", "seed"},
                                                                                              {"images", "training images"}})
        if (const auto value = training.find(key); value != training.end()) made.settings.emplace_back(name, value->dump());
    if (const auto losses = training.find("losses"); losses != training.end() && losses->is_array())
        for (const auto& loss : *losses)
            if (loss.is_number()) made.losses.push_back(loss.get<double>());
    made.settings.emplace_back("rd4ad", rd4ad::version);
    for (std::size_t i = 0; i < images_.size(); ++i) images_[i].ms = found.ms[i];
    made.images = std::move(images_);
    return made;
}

void write_results(const fs::path& folder, std::string title, std::vector<rd4ad::tested_set> sets, std::size_t thumbnail_bytes) {
    rd4ad::io::write_atomically(folder / "results.csv", std::string_view{rd4ad::results_csv(sets)});
    rd4ad::io::write_atomically(folder / "results.md", std::string_view{rd4ad::results_markdown(sets)});
    std::string note = "They hold at most " + fixed(static_cast<double>(thumbnail_bytes) / 1e6, 1) + " MB (--report-mb).";
    rd4ad::write_report(folder / "report.html", {std::move(title), std::move(sets), std::move(note)});
}

}  // namespace cli
