// rd4ad/score/results.hpp: what a test found, image by image, as a table of comma-separated values, and each class's metrics
// as a table in Markdown. Twin: tests/score/results.cpp
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/image/thumbnail.hpp>
#include <rd4ad/metrics/curves.hpp>
#include <rd4ad/score/regions.hpp>

namespace rd4ad {

/// One test image.
struct tested_image {
    std::string file;  ///< as it is shown
    std::string kind;  ///< "good", or the defect's name
    bool anomalous{false};
    double raw{0};                    ///< the raw score
    std::optional<double> score{};    ///< the calibrated one
    std::optional<double> ms{};       ///< time it took
    std::size_t width{1}, height{1};  ///< of the photograph, in pixels
    std::vector<region> regions{};
    image::thumbnail pictures{};
};

/// Metrics in their order: name, value; none where the data don't allow it.
using named_metrics = std::vector<std::pair<std::string, std::optional<double>>>;

/// One class of images, tested by one model.
struct tested_set {
    std::string name, summary{};  ///< summary: a few words below a title
    named_metrics metrics{};      ///< several sets have the same names
    bool calibrated{false};       ///< every image has its score, and the threshold is of those, else of the raw ones
    double threshold{0};          ///< at least this is called a defect
    std::optional<metrics::pixel_curves> curves{};
    double pro_limit{0.3};
    std::vector<double> losses{};                                 ///< mean of each epoch
    std::vector<std::pair<std::string, std::string>> settings{};  ///< name, value
    std::vector<tested_image> images{};
};

/// Each metric's mean over the sets that have it. At least one set.
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

namespace detail {

// With so many digits behind the point, whatever the locale's own grouping.
[[nodiscard]] inline std::string decimal(double value, int digits) {
    char text[64];
    const int length = std::snprintf(text, sizeof text, "%.*f", digits, value);
    return {text, static_cast<std::size_t>(length > 0 && length < 64 ? length : 0)};
}

// A field of RFC 4180: quoted where it has to be.
[[nodiscard]] inline std::string csv_field(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == text.npos) return std::string{text};
    std::string quoted{'"'};
    for (const char letter : text) quoted.append(letter == '"' ? 2 : 1, letter);
    return quoted + '"';
}

}  // namespace detail

/// A line for each image of each set, below a line of names: class, file, label (good or defect), kind, raw_score, score,
/// regions, ms. Regions are "left top width height score" in pixels of the photograph (score: calibrated, else the raw peak),
/// several parted by "; ". What is not known is empty. Lines end in `\n`, fields are quoted as RFC 4180 has it.
[[nodiscard]] inline std::string results_csv(const std::vector<tested_set>& sets) {
    std::string text = "class,file,label,kind,raw_score,score,regions,ms\n";
    for (const auto& set : sets)
        for (const auto& one : set.images) {
            std::string regions;
            for (const auto& r : one.regions) {
                regions += regions.empty() ? "" : "; ";
                for (const double edge : {r.box.x, r.box.y, r.box.width, r.box.height}) regions += detail::decimal(edge, 0) + ' ';
                regions += detail::decimal(r.score.value_or(static_cast<double>(r.peak)), 6);
            }
            for (const auto& field : {set.name, one.file, std::string{one.anomalous ? "defect" : "good"}, one.kind,
                                      detail::decimal(one.raw, 6), one.score ? detail::decimal(*one.score, 6) : "", regions})
                text += detail::csv_field(field) + ',';
            text += (one.ms ? detail::decimal(*one.ms, 2) : "") + '\n';
        }
    return text;
}

/// A row of metrics for each set, and with several sets one of their means. At least one set.
[[nodiscard]] inline std::string results_markdown(const std::vector<tested_set>& sets) {
    std::string text = "| class |", rule = "| --- |";
    for (const auto& [name, value] : sets.front().metrics) {
        text += ' ' + name + " |";
        rule += " ---: |";
    }
    text += " images |\n" + rule + " ---: |\n";
    const auto row = [&](const std::string& name, const named_metrics& metrics, std::size_t images) {
        text += "| ";
        for (const char letter : name) text += letter == '|' ? std::string{"\\|"} : std::string(1, letter);
        for (const auto& [key, value] : metrics) text += " | " + (value ? detail::decimal(*value, 4) : "-");
        text += " | " + std::to_string(images) + " |\n";
    };
    std::size_t images = 0;
    for (const auto& set : sets) {
        row(set.name, set.metrics, set.images.size());
        images += set.images.size();
    }
    if (sets.size() > 1) row("**mean**", mean_metrics(sets), images);
    return text;
}

}  // namespace rd4ad
