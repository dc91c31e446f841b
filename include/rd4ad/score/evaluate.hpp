// rd4ad/score/evaluate.hpp: a detector over a test set: scores, and every metric the data allow. Twin: tests/score/evaluate.cpp
#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include <rd4ad/data/dataset.hpp>
#include <rd4ad/metrics/average_precision.hpp>
#include <rd4ad/metrics/curves.hpp>
#include <rd4ad/metrics/f1.hpp>
#include <rd4ad/metrics/pixel_metrics.hpp>
#include <rd4ad/metrics/roc.hpp>
#include <rd4ad/score/detector.hpp>

namespace rd4ad {

/// Metrics of a test set, each 0..1; what the data don't allow is empty (one kind of image only, no masks).
struct evaluation {
    std::vector<float> scores;  ///< one a test item, in the set's order
    std::optional<double> image_auroc, image_ap, best_f1, best_f1_threshold;
    std::optional<metrics::pixel_metrics_result> pixels;
    std::optional<metrics::pixel_curves> curves;
    std::vector<double> ms;  ///< of scoring, one a test item: its batch's time in equal parts, without reading
    double seconds{0};
};

/// Called with each item as it is scored: its photograph, its finding (map at the network's size), its mask at the map's
/// size (none: unknown).
using item_scored = std::function<void(std::size_t index, const image::picture& photograph, const finding& found,
                                       const std::optional<image::picture>& mask)>;

/// Scores a test set and computes the metrics. Masks are brought to the map's size by nearest neighbour, as the paper's
/// code does. data_error where there are no test images, a mask is missing though others
/// are there, or has another size than its photograph; option_error for a batch of 0.
template <Backend B>
[[nodiscard]] evaluation evaluate(const detector<B>& by, const data::dataset& set, std::size_t batch = 8,
                                  const item_scored& scored = {}) {
    if (set.test.empty())
        throw data_error{"data set '" + set.name + "' has no test images: expected test/good and test/<defect>"};
    if (batch == 0) throw option_error{"evaluate: batch 0, expected at least 1"};
    const auto began = std::chrono::steady_clock::now();
    const bool masks = data::has_masks(set);
    const auto& settings = by.settings();
    const std::size_t each = settings.height * settings.width * 3;
    evaluation result;
    std::vector<std::uint8_t> labels;
    metrics::pixel_accumulator pixels;
    bool any_good = false, any_bad = false;

    struct loaded {
        std::vector<image::picture> photographs;
        std::vector<std::optional<image::picture>> masks;
        std::vector<float> inputs;
    };
    const auto read = [&](std::size_t first) {
        const std::size_t count = std::min(batch, set.test.size() - first);
        loaded part{std::vector<image::picture>(count), std::vector<std::optional<image::picture>>(count),
                    std::vector<float>(count * each)};
        parallel_for(count, 0, [&](std::size_t i) {
            const auto& item = set.test[first + i];
            part.photographs[i] = image::read(item.image);
            network_input(part.photographs[i], settings, std::span{part.inputs}.subspan(i * each, each));
            if (masks)
                part.masks[i] =
                    image::resize_nearest(data::load_mask(item, part.photographs[i].width, part.photographs[i].height),
                                          settings.width, settings.height);
        });
        return part;
    };
    auto next = std::async(std::launch::async, read, std::size_t{0});
    for (std::size_t first = 0; first < set.test.size(); first += batch) {
        const loaded part = next.get();
        if (first + batch < set.test.size()) next = std::async(std::launch::async, read, first + batch);
        const auto scoring = std::chrono::steady_clock::now();
        auto found = by.score_inputs(part.inputs);
        result.ms.insert(result.ms.end(), found.size(),
                         std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - scoring).count() /
                             static_cast<double>(found.size()));
        for (std::size_t i = 0; i < found.size(); ++i) {
            const auto& item = set.test[first + i];
            found[i].place = image::place({.size = settings.width, .height = settings.height}, part.photographs[i].width,
                                          part.photographs[i].height);
            result.scores.push_back(found[i].score);
            labels.push_back(item.anomalous ? 1 : 0);
            (item.anomalous ? any_bad : any_good) = true;
            if (part.masks[i]) pixels.add(found[i].map.pixels, part.masks[i]->pixels, settings.width, settings.height);
            if (scored) scored(first + i, part.photographs[i], found[i], part.masks[i]);
        }
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
