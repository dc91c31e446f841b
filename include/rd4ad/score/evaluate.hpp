// rd4ad/score/evaluate.hpp: a detector over a test set: scores, and every metric the data allow. Twin: tests/score/evaluate.cpp
#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/pipeline.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/metrics/average_precision.hpp>
#include <rd4ad/metrics/curves.hpp>
#include <rd4ad/metrics/f1.hpp>
#include <rd4ad/metrics/pixel_metrics.hpp>
#include <rd4ad/metrics/roc.hpp>
#include <rd4ad/score/calibration.hpp>
#include <rd4ad/score/detector.hpp>

namespace rd4ad {

/// Good images of a test that reach the threshold, beside how many of them those that set it let one expect.
struct counted_alarms {
    std::size_t count{0}, good{0};
    metrics::count_interval predicted{};  ///< see predicted_alarms
};

/// Metrics of a test set, each 0..1; what the data don't allow is empty (one kind of image only, no masks).
struct evaluation {
    std::vector<float> scores;                     ///< raw, one a test item, in the set's order
    std::vector<double> calibrated;                ///< the same on the scale of 0 to 1; none without a calibration
    std::optional<double> false_alarms, detected;  ///< shares of the good images and of the others that reach the threshold
    std::optional<counted_alarms> alarms;          ///< none without good images or a calibration
    std::optional<double> image_auroc, image_ap, best_f1, best_f1_threshold;
    std::optional<metrics::pixel_metrics_result> pixels;
    std::optional<metrics::pixel_curves> curves;
    std::vector<double> ms;  ///< of scoring, one a test item: its batch's time in equal parts, without reading
    double seconds{0};
};

/// Called with each item in order, on a thread of its own while others are scored: its photograph, its finding, its mask as the
/// photograph is fitted, which is the map's size where the detector gives maps at the network's (none: unknown).
using item_scored = std::function<void(std::size_t index, const image::picture& photograph, const finding& found,
                                       const std::optional<image::picture>& mask)>;

/// Scores a test set and computes the metrics; `by` must give maps at the network's size. Masks are fitted as their
/// photographs are, by the nearest pixel; pixels are counted where maps show the photograph, not a border. data_error where
/// there are no test images, a mask is missing though others are there, or has another size than its photograph; option_error
/// for a batch of 0.
template <Backend B>
[[nodiscard]] evaluation evaluate(const detector<B>& by, const data::dataset& set, std::size_t batch = 8,
                                  const item_scored& scored = {}) {
    if (set.test.empty())
        throw data_error{"data set '" + set.name + "' has no test images: expected test/good and test/<defect>"};
    if (batch == 0) throw option_error{"evaluate: batch 0, expected at least 1"};
    const auto began = std::chrono::steady_clock::now();
    const bool masks = data::has_masks(set);
    const auto& view = by.settings().view;
    evaluation result;
    std::vector<std::uint8_t> labels;
    metrics::pixel_accumulator pixels;
    std::size_t good = 0, bad = 0, false_alarms = 0, detected = 0;

    struct loaded {
        std::vector<image::picture> photographs;
        std::vector<fitted_photograph> fitted;
        std::vector<std::optional<image::picture>> masks;
    };
    struct scored_part {
        loaded from;
        std::vector<finding> found;
    };
    const auto read = [&](std::size_t first, std::size_t count) {
        loaded part{std::vector<image::picture>(count), std::vector<fitted_photograph>(count),
                    std::vector<std::optional<image::picture>>(count)};
        parallel_for(count, 0, [&](std::size_t i) {
            const auto& item = set.test[first + i];
            auto& photograph = part.photographs[i] = image::read(item.image);
            part.fitted[i] = fit_photograph(photograph, view);
            if (masks)
                part.masks[i] =
                    image::fit_mask(part.fitted[i].how.place, data::load_mask(item, photograph.width, photograph.height));
        });
        return part;
    };
    const auto score = [&](std::size_t, loaded part) {
        const auto scoring = std::chrono::steady_clock::now();
        auto found = by.score_fitted(part.fitted);
        result.ms.insert(result.ms.end(), found.size(),
                         std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - scoring).count() /
                             static_cast<double>(found.size()));
        return scored_part{std::move(part), std::move(found)};
    };
    const auto count = [&](std::size_t first, const scored_part& part) {
        for (std::size_t i = 0; i < part.found.size(); ++i) {
            const auto& one = part.found[i];
            const auto& mask = part.from.masks[i];
            const bool anomalous = set.test[first + i].anomalous;
            result.scores.push_back(one.score);
            labels.push_back(anomalous ? 1 : 0);
            ++(anomalous ? bad : good);
            if (one.calibrated) result.calibrated.push_back(*one.calibrated);
            if (one.anomalous().value_or(false)) ++(anomalous ? detected : false_alarms);
            if (mask) {
                const auto seen = image::pixels_inside(one.place);
                pixels.add(data::extract(one.map, seen).pixels, data::extract(*mask, seen).pixels, seen.width, seen.height);
            }
            if (scored) scored(first + i, part.from.photographs[i], one, mask);
        }
    };
    pipeline(making::ahead, set.test.size(), photographs_at_once(view, batch, set.test.front().image), read, score, count);
    const bool any_good = good > 0, any_bad = bad > 0;
    if (by.scale()) {
        if (any_good) {
            result.false_alarms = static_cast<double>(false_alarms) / static_cast<double>(good);
            result.alarms = {false_alarms, good, predicted_alarms(*by.scale(), good)};
        }
        if (any_bad) result.detected = static_cast<double>(detected) / static_cast<double>(bad);
    }
    if (any_good && any_bad) {
        result.image_auroc = metrics::auroc(result.scores, labels);
        result.image_ap = metrics::average_precision(result.scores, labels);
        const auto f1 = metrics::best_f1(result.scores, labels);
        result.best_f1 = f1.f1;
        result.best_f1_threshold = f1.threshold;
    }
    if (masks && any_bad) {
        result.pixels = pixels.result();
        result.curves = metrics::pixel_curves_of(pixels.scores(), pixels.regions());
    }
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    return result;
}

}  // namespace rd4ad
