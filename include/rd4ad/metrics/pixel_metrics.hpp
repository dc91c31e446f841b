// rd4ad/metrics/pixel_metrics.hpp: all pixel metrics, map by map, in bounded memory. Twin: tests/metrics/pixel_metrics.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/metrics/average_precision.hpp>
#include <rd4ad/metrics/components.hpp>
#include <rd4ad/metrics/f1.hpp>
#include <rd4ad/metrics/histogram.hpp>
#include <rd4ad/metrics/pro.hpp>
#include <rd4ad/metrics/roc.hpp>

namespace rd4ad::metrics {

/// Pixel metrics of a data set, each 0..1.
struct pixel_metrics_result {
    double auroc{0}, average_precision{0}, best_f1{0};
    double best_f1_threshold{0};  ///< score >= threshold gives best_f1
    double aupro{0};              ///< over the data set: MVTec's definition
    double aupro_per_image{0};    ///< the authors': mean over anomalous images; NaN where no image has both kinds of pixel
    double error_bound{0};        ///< of auroc, average_precision, best_f1 and aupro: 0 if exact
};

/// Takes maps and masks one by one, keeps counts of scores instead of the maps, and gives all pixel metrics.
///
/// State: at most 2.5 bytes a normal pixel and 7.5 a defect pixel, and no more than 512 KiB (1 MiB) for each 1/128 octave
/// that the scores visit, so that it stops growing with the number of maps; then the metrics are exact. Where that
/// passes the memory budget, neighbouring scores are joined (bins of 2^-22 of their size, then twice that, ...), and
/// error_bound states how far the worst metric can be off. Any finite scores; nothing is squashed or clamped.
class pixel_accumulator {
   public:
    /// memory_budget: bytes of state.
    explicit pixel_accumulator(std::size_t memory_budget = score_histogram::default_budget) : scores_{memory_budget} {}

    /// Counts one map. map: height rows of width finite scores; mask: as many, 0 normal, anything else defect, or empty
    /// for an image without a defect. limit: of the false-positive rate in aupro_per_image.
    /// Throws shape_error (sizes), numeric_error (a score is not finite; map and index in the message), option_error
    /// (limit); the state is then as before.
    void add(std::span<const float> map, std::span<const std::uint8_t> mask, std::size_t width, std::size_t height,
             double limit = 0.3) {
        const std::string name = "pixel metrics: map " + std::to_string(maps_);
        require_limit(name, limit);
        if (map.size() != width * height || (!mask.empty() && mask.size() != map.size()))
            throw shape_error{name + " has " + std::to_string(map.size()) + " scores and its mask " +
                              std::to_string(mask.size()) + " pixels; " + std::to_string(width) + " x " + std::to_string(height) +
                              " are " + std::to_string(width * height)};
        require_finite(name, map);
        const bool defect = std::any_of(mask.begin(), mask.end(), [](std::uint8_t pixel) { return pixel != 0; });
        if (defect) {
            const auto found = label_components(mask, width, height);
            regions_ += found.regions.size();
            if (std::find(mask.begin(), mask.end(), std::uint8_t{0}) != mask.end()) {
                sum_per_image_ += aupro_of_image(map, found, limit);
                ++images_;
            }
            add_map(scores_, map, found);
        } else {
            for (const float score : map) scores_.add_negative(score);
        }
        ++maps_;
        scores_.keep_budget();
    }

    /// The metrics of all maps added so far. limit: of the false-positive rate in aupro, 0 < limit <= 1.
    /// threads: 0 for the default. The state stays, so more maps can follow.
    /// Throws numeric_error (no defect pixel, or no normal pixel), option_error (limit).
    [[nodiscard]] pixel_metrics_result result(double limit = 0.3, std::size_t threads = 0) const {
        require_limit("pixel metrics", limit);
        if (scores_.positives() == 0)
            throw numeric_error{"pixel metrics: none of the " + std::to_string(scores_.negatives()) + " pixels in " +
                                std::to_string(maps_) + " maps is a defect; at least one mask must have one"};
        if (scores_.negatives() == 0)
            throw numeric_error{"pixel metrics: all " + std::to_string(scores_.positives()) + " pixels in " +
                                std::to_string(maps_) + " maps are defects; at least one must be normal"};
        bounded roc, precision, overlap;
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
        all.aupro_per_image =
            images_ == 0 ? std::numeric_limits<double>::quiet_NaN() : sum_per_image_ / static_cast<double>(images_);
        all.error_bound = std::max({roc.error_bound, precision.error_bound, f1.error_bound, overlap.error_bound});
        return all;
    }

    /// The counts so far, for curves.
    [[nodiscard]] const score_histogram& scores() const noexcept { return scores_; }
    /// 8-connected defect regions so far.
    [[nodiscard]] std::size_t regions() const noexcept { return regions_; }
    /// Maps so far.
    [[nodiscard]] std::size_t maps() const noexcept { return maps_; }

   private:
    score_histogram scores_;
    std::size_t maps_{0}, regions_{0}, images_{0};
    double sum_per_image_{0};
};

}  // namespace rd4ad::metrics
