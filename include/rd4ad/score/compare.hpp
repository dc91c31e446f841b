// rd4ad/score/compare.hpp: compares rd4ad with another program on the same images: boxes, verdicts, segmentation, and the
// confidence interval of each difference. Twin: tests/score/compare.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/metrics/bootstrap.hpp>
#include <rd4ad/metrics/boxes.hpp>
#include <rd4ad/metrics/confusion_matrix.hpp>
#include <rd4ad/metrics/overlap.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// One program's detections in an image.
struct image_detections {
    std::vector<metrics::box> boxes;  ///< in pixels of the image
    metrics::mask_counts overlap;     ///< pixels of the true mask (first) and of the detected one (second)

    /// The verdict: the image has a box.
    [[nodiscard]] bool is_anomalous() const noexcept { return !boxes.empty(); }
};

/// One test image with the detections of both programs.
struct compared_image {
    bool is_anomalous{false};         ///< the label
    std::vector<metrics::box> truth;  ///< boxes around the true mask's regions, in pixels of the image
    image_detections rd4ad;
    std::optional<image_detections> external;  ///< empty if the other program did not judge the image
};

/// The metrics of a comparison, each 0..1. ap, ap50, ap75: COCO's average precision of the boxes. f1, precision, recall,
/// accuracy: of the images' verdicts. segmentation_f1: over all pixels. dice: its mean over the images, 1 for an image where
/// neither mask has a pixel.
inline constexpr std::array<const char*, 9> comparison_metrics{
    "ap", "ap50", "ap75", "f1", "precision", "recall", "accuracy", "segmentation_f1", "dice"};

/// Values in the order of comparison_metrics; NaN if the images do not allow the metric, as boxes without a true box.
using comparison_values = std::array<double, comparison_metrics.size()>;

/// The programs of a comparison.
enum class compared_program { rd4ad, external };

/// Returns the metrics of one program over the images with the given indices. With compared_program::external each of them must
/// have external detections.
[[nodiscard]] inline comparison_values comparison_values_of(std::span<const compared_image> images,
                                                            std::span<const std::size_t> indices, compared_program program) {
    std::vector<metrics::image_boxes> boxes;
    metrics::confusion_matrix verdicts;
    metrics::mask_counts pixels;
    double dice = 0;
    std::size_t truths = 0;
    for (const std::size_t i : indices) {
        const auto& image = images[i];
        const auto& found = program == compared_program::rd4ad ? image.rd4ad : *image.external;
        boxes.push_back({image.truth, found.boxes});
        truths += image.truth.size();
        verdicts.add(image.is_anomalous, found.is_anomalous());
        const auto& o = found.overlap;
        pixels = {pixels.both + o.both, pixels.first + o.first, pixels.second + o.second};
        dice += o.first + o.second == 0 ? 1.0 : 2.0 * static_cast<double>(o.both) / static_cast<double>(o.first + o.second);
    }
    constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
    const auto precision = truths > 0 ? metrics::coco_box_metrics(boxes) : metrics::box_metrics{unknown, unknown, unknown};
    const auto all = static_cast<double>(pixels.first + pixels.second);
    return {precision.ap,
            precision.ap50,
            precision.ap75,
            verdicts.f1(),
            verdicts.precision(),
            verdicts.recall(),
            verdicts.accuracy(),
            all > 0 ? 2.0 * static_cast<double>(pixels.both) / all : unknown,
            indices.empty() ? unknown : dice / static_cast<double>(indices.size())};
}

/// The result of a comparison.
struct comparison {
    std::size_t shared{0};                                  ///< number of images that both programs judged
    comparison_values rd4ad_on_all{}, rd4ad{}, external{};  ///< the latter two on the shared images
    std::array<std::optional<metrics::interval>, comparison_metrics.size()> difference{};  ///< rd4ad - external; empty for NaN
    std::vector<std::size_t> only_rd4ad_correct{};     ///< indices of images where only rd4ad's verdict is correct
    std::vector<std::size_t> only_external_correct{};  ///< indices of images where only the other program's verdict is correct
    std::vector<comparison_values> draws{};            ///< the differences of each bootstrap draw; NaN where a draw has none
};

namespace score_detail {

/// Fills `difference` and `draws`. Every metric uses the same draws, so each draw is evaluated once.
inline void bootstrap_differences(std::span<const compared_image> images, std::span<const std::size_t> shared,
                                  const metrics::bootstrap_options& options, comparison& to) {
    auto& draws = to.draws;
    for (std::size_t metric = 0; metric < comparison_metrics.size(); ++metric) {
        std::size_t call = 0;
        const auto statistic = [&](std::span<const std::size_t> drawn) {
            if (call == draws.size()) {
                std::vector<std::size_t> indices;
                for (const std::size_t i : drawn) indices.push_back(shared[i]);
                const auto values = comparison_values_of(images, indices, compared_program::rd4ad),
                           external = comparison_values_of(images, indices, compared_program::external);
                auto& difference = draws.emplace_back();
                for (std::size_t m = 0; m < difference.size(); ++m) difference[m] = values[m] - external[m];
            }
            return draws[call++][metric];
        };
        if (!std::isnan(to.rd4ad[metric] - to.external[metric]))
            to.difference[metric] = metrics::bootstrap(shared.size(), statistic, options);
    }
    draws.erase(draws.begin());  // the first call of the statistic is for the images themselves
}

}  // namespace score_detail

/// Compares the programs on the images that both judged, and states rd4ad's values on all images. The interval of a difference is
/// a percentile bootstrap over images; both programs use the same draws. Throws data_error if no image is shared, option_error as
/// metrics::bootstrap does.
[[nodiscard]] inline comparison compare(std::span<const compared_image> images, const metrics::bootstrap_options& options = {}) {
    std::vector<std::size_t> all(images.size()), shared;
    std::iota(all.begin(), all.end(), std::size_t{0});
    std::copy_if(all.begin(), all.end(), std::back_inserter(shared),
                 [&](std::size_t i) { return images[i].external.has_value(); });
    if (shared.empty())
        throw data_error{text("compare: found external detections for none of the ", images.size(),
                              " test images; check that the names in the file match the images' names")};
    comparison made{.shared = shared.size(), .rd4ad_on_all = comparison_values_of(images, all, compared_program::rd4ad)};
    made.rd4ad = comparison_values_of(images, shared, compared_program::rd4ad);
    made.external = comparison_values_of(images, shared, compared_program::external);
    for (const std::size_t i : shared) {
        const bool rd4ad_correct = images[i].rd4ad.is_anomalous() == images[i].is_anomalous,
                   external_correct = images[i].external->is_anomalous() == images[i].is_anomalous;
        if (rd4ad_correct && !external_correct) made.only_rd4ad_correct.push_back(i);
        if (external_correct && !rd4ad_correct) made.only_external_correct.push_back(i);
    }
    score_detail::bootstrap_differences(images, shared, options, made);
    return made;
}

namespace score_detail {

/// The mean of the classes' differences of one metric, with the interval of the means of their draws; empty if no class has one.
[[nodiscard]] inline std::optional<metrics::interval> mean_difference(std::span<const comparison> classes, std::size_t metric,
                                                                      double confidence) {
    double value = 0, count = 0;
    std::vector<double> means(classes.front().draws.size(), 0.0);
    for (const auto& one : classes) {
        if (!one.difference[metric]) continue;
        value += one.difference[metric]->value;
        ++count;
        for (std::size_t i = 0; i < means.size(); ++i) means[i] += one.draws[i][metric];
    }
    if (count == 0) return std::nullopt;
    for (double& mean : means) mean /= count;
    std::erase_if(means, [](double mean) { return std::isnan(mean); });
    if (means.empty()) return std::nullopt;
    return metrics::percentile_interval(value / count, std::move(means), confidence);
}

}  // namespace score_detail

/// Returns the mean over classes: each value and difference is the mean over the classes that have it. The interval is of the
/// means of the classes' draws; the classes need the same number of draws, each from a different seed. Throws option_error if
/// there is no class or if the numbers of draws differ.
[[nodiscard]] inline comparison mean_comparison(std::span<const comparison> classes, double confidence = 0.95) {
    for (const auto& one : classes)
        if (one.draws.size() != classes.front().draws.size())
            throw option_error{text("mean_comparison: found classes of ", classes.front().draws.size(), " and of ",
                                    one.draws.size(), " draws; expected equal numbers")};
    if (classes.empty()) throw option_error{"mean_comparison: found no class, expected at least one"};
    comparison made;
    for (const auto& one : classes) made.shared += one.shared;
    const auto mean_of = [&](std::size_t metric, comparison_values comparison::*values) {
        double sum = 0, count = 0;
        for (const auto& one : classes)
            if (const double value = (one.*values)[metric]; !std::isnan(value)) sum += value, ++count;
        return count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
    };
    for (std::size_t metric = 0; metric < comparison_metrics.size(); ++metric) {
        for (const auto values : {&comparison::rd4ad_on_all, &comparison::rd4ad, &comparison::external})
            (made.*values)[metric] = mean_of(metric, values);
        made.difference[metric] = score_detail::mean_difference(classes, metric, confidence);
    }
    return made;
}

}  // namespace rd4ad::inline RD4AD_ABI
