// rd4ad/score/results.hpp: the results of a test: one line of CSV per image, one row of Markdown per class. Twin:
// tests/score/results.cpp
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/core/text.hpp>
#include <rd4ad/image/thumbnail.hpp>
#include <rd4ad/io/escaped.hpp>
#include <rd4ad/metrics/curves.hpp>
#include <rd4ad/score/colour_range.hpp>
#include <rd4ad/score/detail/format.hpp>
#include <rd4ad/score/probe_result.hpp>
#include <rd4ad/score/regions.hpp>
#include <rd4ad/score/suspect_image.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// One test image and its result.
struct tested_image {
    std::string file;                 ///< name for display
    std::string kind;                 ///< "good", or the defect's name
    bool is_anomalous{false};         ///< the label, not the verdict
    double raw_score{0};              ///< 0..3
    std::optional<double> score{};    ///< the calibrated raw_score, 0..1; empty without a calibration
    std::optional<double> ms{};       ///< milliseconds of computation
    std::size_t width{1}, height{1};  ///< of the image, in pixels
    std::vector<region> regions{};
    image::thumbnail thumbnail{};
};

/// One test image that has no result.
struct failed_image {
    std::string file;          ///< name for display
    std::string kind{};        ///< "good", or the defect's name
    bool is_anomalous{false};  ///< the label
    std::string reason{};
};

/// Names and values of metrics, in the order of display; a value is empty if the data do not allow the metric.
using named_metrics = std::vector<std::pair<std::string, std::optional<double>>>;

/// One class of images, tested by one model.
struct tested_set {
    std::string name;
    std::string summary{};                  ///< a few words to show below the title
    named_metrics metrics{};                ///< the same names in every set
    bool is_calibrated{false};              ///< every image has a score
    double threshold{0};                    ///< least score of a defect if is_calibrated, else the least raw score
    std::optional<colour_range> colours{};  ///< of the heat maps; empty: by the maps of the set
    std::vector<double> good_scores{};      ///< on the axis of `threshold`: those of the good images that set it
    std::string threshold_origin{};         ///< a sentence: which images set the threshold, and its promise
    std::vector<suspect_image> suspects{};  ///< good training images that may show a defect
    std::optional<probe_result> limits{};   ///< which synthetic defects the model finds; empty without a probe
    std::optional<metrics::pixel_curves> curves{};
    double pro_limit{0.3};                                        ///< false-positive rate up to which AUPRO integrates
    std::vector<double> losses{};                                 ///< mean loss of each epoch
    std::vector<std::pair<std::string, std::string>> settings{};  ///< name, value
    std::vector<tested_image> images{};
    std::vector<failed_image> failures{};  ///< test images that nothing else counts
};

/// Returns the mean of each metric over the sets that have it. Expects at least one set.
[[nodiscard]] inline named_metrics mean_metrics(const std::vector<tested_set>& sets) {
    auto mean = sets.front().metrics;
    for (std::size_t i = 0; i < mean.size(); ++i) {
        double sum = 0, count = 0;
        for (const auto& set : sets)
            if (i < set.metrics.size() && set.metrics[i].second) {
                sum += *set.metrics[i].second;
                ++count;
            }
        mean[i].second = count > 0 ? std::optional{sum / count} : std::nullopt;
    }
    return mean;
}

namespace score_detail {

/// "left top width height raw_score score": whole pixels of the image, then the scores; without a score the text ends after the
/// last space.
[[nodiscard]] inline std::string region_field(const region& of) {
    std::string field;
    for (const double edge : {of.box.x, of.box.y, of.box.width, of.box.height}) field += decimal_text(edge, 0) + ' ';
    return text(field, decimal_text(static_cast<double>(of.raw_score), 6), ' ', of.score ? decimal_text(*of.score, 6) : "");
}

}  // namespace score_detail

/// Returns a line of names, then a line per image, those without a result after the others of their class: class, file, label
/// (good or defect), kind, raw_score, score, regions, ms, error. A region is "left top width height raw_score score" in pixels of
/// the image; regions are separated by "; ". error: the reason why an image has no result. An unknown value is empty; a raw score
/// never takes the place of a score. Lines end in `\n`; fields are quoted by RFC 4180. Names and reasons hold no line end (see
/// io::row_text) and are no formulas: before a first `=`, `+`, `-` or `@` stands an apostrophe.
[[nodiscard]] inline std::string results_csv(const std::vector<tested_set>& sets) {
    using score_detail::csv_field, score_detail::csv_name;
    std::string csv = "class,file,label,kind,raw_score,score,regions,ms,error\n";
    const auto names = [](const tested_set& set, const auto& one) {
        return text(csv_name(set.name), ',', csv_name(one.file), ',', one.is_anomalous ? "defect" : "good", ',',
                    csv_name(one.kind), ',');
    };
    for (const auto& set : sets) {
        for (const auto& one : set.images) {
            std::string regions;
            for (const auto& r : one.regions) regions += (regions.empty() ? "" : "; ") + score_detail::region_field(r);
            csv += text(names(set, one), decimal_text(one.raw_score, 6), ',', one.score ? decimal_text(*one.score, 6) : "", ',',
                        csv_field(regions), ',', one.ms ? decimal_text(*one.ms, 2) : "", ",\n");
        }
        for (const auto& one : set.failures) csv += text(names(set, one), ",,,,", csv_name(one.reason), '\n');
    }
    return csv;
}

/// Returns a table with a row of metrics per set, and a row of their means if there are several sets. Expects at least one set.
[[nodiscard]] inline std::string results_markdown(const std::vector<tested_set>& sets) {
    std::string table = "| class |", rule = "| --- |";
    for (const auto& [name, value] : sets.front().metrics) {
        table += text(' ', name, " |");
        rule += " ---: |";
    }
    table += text(" images |\n", rule, " ---: |\n");
    const auto row = [&](const std::string& name, const named_metrics& metrics, std::size_t images) {
        table += "| ";
        for (const char letter : io::row_text(name)) table += letter == '|' ? std::string{"\\|"} : std::string(1, letter);
        for (const auto& [key, value] : metrics) table += text(" | ", value ? decimal_text(*value, 4) : "-");
        table += text(" | ", images, " |\n");
    };
    std::size_t images = 0;
    for (const auto& set : sets) {
        row(set.name, set.metrics, set.images.size());
        images += set.images.size();
    }
    if (sets.size() > 1) row("**mean**", mean_metrics(sets), images);
    return table;
}

}  // namespace rd4ad::inline RD4AD_ABI
