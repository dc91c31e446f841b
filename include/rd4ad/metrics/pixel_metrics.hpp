// rd4ad/metrics/pixel_metrics.hpp: computes all pixel metrics map by map, in bounded memory.
// Twin: tests/metrics/pixel_metrics.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/metrics/average_precision.hpp>
#include <rd4ad/metrics/components.hpp>
#include <rd4ad/metrics/f1.hpp>
#include <rd4ad/metrics/histogram.hpp>
#include <rd4ad/metrics/pro.hpp>
#include <rd4ad/metrics/roc.hpp>

namespace rd4ad::inline RD4AD_ABI::metrics {

/// Pixel metrics of a data set, each 0..1.
struct pixel_metrics_result {
    double auroc{0}, average_precision{0}, best_f1{0};
    double best_f1_threshold{0};  ///< the threshold of best_f1: every score >= threshold is called a defect
    double aupro{0};              ///< over the data set (MVTec's definition)
    double aupro_per_image{0};    ///< RD4AD's definition: mean over anomalous images; NaN if no image has both kinds of pixel
    double error_bound{0};        ///< of auroc, average_precision, best_f1 and aupro; 0 if exact
};

/// Computes all pixel metrics from maps and masks that are added one by one. Keeps counts of the scores, not the maps.
///
/// Memory: at most 2.5 bytes per normal pixel and 7.5 bytes per defect pixel, and at most 512 KiB (1 MiB) for each 1/128 octave
/// in which normal (defect) pixels have scores; so it stops growing with the number of maps, and the metrics are exact. If the
/// counts exceed the memory budget, neighbouring scores are merged to bins (of a relative width of 2^-22, then twice that, ...),
/// and error_bound bounds the error of the worst metric. The scores may be any finite numbers; they are neither scaled nor
/// clamped.
class pixel_accumulator {
   public:
    /// memory_budget: bytes for the counts.
    explicit pixel_accumulator(std::size_t memory_budget = score_histogram::default_budget) : scores_{memory_budget} {}

    /// Adds a map. map: height rows of width finite scores. mask: as many values, 0 normal, any other value defect; or empty for
    /// an image without a defect. limit: the upper limit of the false-positive rate in aupro_per_image. inside: as many values, 0
    /// where a pixel does not count, neither as normal nor as defect; empty: all pixels count.
    /// Throws shape_error (sizes), numeric_error (a score is not finite; the message states the map and the index) and
    /// option_error (limit). An exception leaves the counts unchanged.
    void add(std::span<const float> map, std::span<const std::uint8_t> mask, std::size_t width, std::size_t height,
             double limit = 0.3, std::span<const std::uint8_t> inside = {}) {
        const auto name = text("pixel metrics: map ", maps_);
        require_limit(name, limit);
        if (map.size() != width * height || (!mask.empty() && mask.size() != map.size()))
            throw shape_error{text(name, " has ", map.size(), " scores and its mask has ", mask.size(), " pixels; ", width, " x ",
                                   height, " needs ", width * height)};
        require_finite(name, map);
        if (!inside.empty()) return add_inside(map, mask, width, height, limit, inside);
        const bool defect = std::any_of(mask.begin(), mask.end(), [](std::uint8_t pixel) { return pixel != 0; });
        if (defect)
            add_defects(map, label_components(mask, width, height), limit);
        else
            for (const float score : map) scores_.add_negative(score);
        ++maps_;
        scores_.keep_budget();
    }

    /// The metrics of all maps added so far. limit: the upper limit of the false-positive rate in aupro, 0 < limit <= 1.
    /// threads: 0 for the default. More maps can be added afterwards.
    /// Throws numeric_error (no defect pixel, or no normal pixel), option_error (limit).
    [[nodiscard]] pixel_metrics_result result(double limit = 0.3, std::size_t threads = 0) const {
        require_limit("pixel metrics", limit);
        if (scores_.positives() == 0)
            throw numeric_error{text("pixel metrics: none of the ", scores_.negatives(), " pixels in ", maps_,
                                     " maps is a defect; at least one must be")};
        if (scores_.negatives() == 0)
            throw numeric_error{text("pixel metrics: all ", scores_.positives(), " pixels in ", maps_,
                                     " maps are defects; at least one must be normal")};
        estimate roc, precision, overlap;
        best_f1_result f1;
        parallel_for(4, threads, [&](std::size_t metric) {
            if (metric == 0) roc = metrics::auroc(scores_);
            if (metric == 1) precision = metrics::average_precision(scores_);
            if (metric == 2) f1 = metrics::best_f1(scores_);
            if (metric == 3) overlap = metrics::aupro(scores_, regions_, limit);
        });
        pixel_metrics_result all;
        all.auroc = roc.value;
        all.average_precision = precision.value;
        all.best_f1 = f1.f1;
        all.best_f1_threshold = f1.threshold;
        all.aupro = overlap.value;
        all.aupro_per_image = anomalous_images_ == 0 ? std::numeric_limits<double>::quiet_NaN()
                                                     : sum_per_image_ / static_cast<double>(anomalous_images_);
        all.error_bound = std::max({roc.error_bound, precision.error_bound, f1.error_bound, overlap.error_bound});
        return all;
    }

    /// The histogram of all pixels added so far, for curves.
    [[nodiscard]] const score_histogram& scores() const noexcept { return scores_; }
    /// Number of 8-connected defect regions added so far.
    [[nodiscard]] std::size_t regions() const noexcept { return regions_; }
    /// Number of maps added so far.
    [[nodiscard]] std::size_t maps() const noexcept { return maps_; }

   private:
    void add_defects(std::span<const float> map, const components& labelled, double limit) {
        regions_ += labelled.regions.size();
        if (std::find(labelled.labels.begin(), labelled.labels.end(), 0) != labelled.labels.end()) {
            sum_per_image_ += aupro_of_image(map, labelled, limit);
            ++anomalous_images_;
        }
        add_map(scores_, map, labelled);
    }

    /// Adds the pixels inside alone. Regions are those of the mask inside; beyond their labels the pixels' places don't matter.
    void add_inside(std::span<const float> map, std::span<const std::uint8_t> mask, std::size_t width, std::size_t height,
                    double limit, std::span<const std::uint8_t> inside) {
        if (inside.size() != map.size())
            throw shape_error{text("pixel metrics: map ", maps_, " has ", map.size(), " scores and its region of interest ",
                                   inside.size(), " pixels; both need the same size")};
        std::vector<std::uint8_t> defects(map.size(), 0);
        for (std::size_t i = 0; i < mask.size(); ++i) defects[i] = inside[i] != 0 && mask[i] != 0 ? 1 : 0;
        auto labelled = label_components(defects, width, height);
        std::vector<float> scores;
        std::size_t count = 0;
        for (std::size_t i = 0; i < map.size(); ++i) {
            if (inside[i] == 0) continue;
            scores.push_back(map[i]);
            labelled.labels[count++] = labelled.labels[i];
        }
        labelled.labels.resize(count);
        if (!labelled.regions.empty())
            add_defects(scores, labelled, limit);
        else
            for (const float score : scores) scores_.add_negative(score);
        ++maps_;
        scores_.keep_budget();
    }

    score_histogram scores_;
    std::size_t maps_{0}, regions_{0}, anomalous_images_{0};
    double sum_per_image_{0};
};

}  // namespace rd4ad::inline RD4AD_ABI::metrics
