// rd4ad/metrics/pro.hpp: area under the per-region overlap (PRO) curve, by two definitions. Twin: tests/metrics/pro.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/metrics/components.hpp>
#include <rd4ad/metrics/histogram.hpp>

namespace rd4ad::inline RD4AD_ABI::metrics {

/// Throws option_error unless 0 < limit <= 1. metric: starts the message.
inline void require_limit(const std::string& metric, double limit) {
    if (!(limit > 0 && limit <= 1))
        throw option_error{text(metric, ": the false-positive rate limit is ", limit, "; it must be above 0 and at most 1")};
}

/// Adds a map's pixels to a histogram: pixels outside all regions as negatives, pixels of a region as positives with its area.
/// map: finite scores, one per value of regions.labels.
inline void add_map(score_histogram& to, std::span<const float> map, const components& regions) {
    for (std::size_t i = 0; i < map.size(); ++i) {
        if (const auto label = regions.labels[i]; label == 0)
            to.add_negative(map[i]);
        else
            to.add_positive(map[i], static_cast<std::uint32_t>(regions.regions[static_cast<std::size_t>(label) - 1].area));
    }
}

/// Area under the PRO curve (MVTec's definition, see aupro below) of a histogram whose positives carry the area of their region.
/// regions: the number of regions, at least 1. Error bound (0 if exact): the curve may rise at any place within a bin.
/// Throws numeric_error unless both classes are present, and option_error (limit).
[[nodiscard]] inline estimate aupro(const score_histogram& scores, std::size_t regions, double limit) {
    require_limit("aupro", limit);
    require_positives("aupro", scores);
    require_negatives("aupro", scores);
    const auto negatives = static_cast<double>(scores.negatives()), count = static_cast<double>(regions);
    double fp = 0, weight = 0, rate = 0, overlap = 0, area = 0, error = 0;
    scores.for_each_positive_score([&](const score_step& at) {
        if (rate >= limit) return;
        fp += static_cast<double>(at.negatives);
        weight += at.weight;
        const double next_rate = fp / negatives, next_overlap = std::min(weight / count, 1.0);
        const double rise = next_overlap - overlap;
        if (next_rate > limit) {
            const double width = limit - rate, reached = overlap + rise * width / (next_rate - rate);
            area += (overlap + reached) / 2 * width;
            error += rise * width;
        } else {
            area += (overlap + next_overlap) / 2 * (next_rate - rate);
            error += rise * (next_rate - rate) / 2;
        }
        rate = next_rate;
        overlap = next_overlap;
    });
    return {area / limit, scores.exact() ? 0.0 : error / limit};
}

namespace detail {

/// Number of pixels per map. Throws shape_error unless there is one mask value per score and the scores are complete maps.
[[nodiscard]] inline std::size_t pixels_per_map(const std::string& metric, std::size_t scores, std::size_t mask_values,
                                                std::size_t width, std::size_t height) {
    require_same_length(metric, scores, mask_values);
    const std::size_t pixels = width * height;
    if (pixels == 0 || scores % pixels != 0)
        throw shape_error{text(metric, ": ", scores, " scores are not a whole number of maps of ", width, " x ", height)};
    return pixels;
}

}  // namespace detail

/// Area under the PRO curve over a data set, as MVTec's evaluation code defines it, 0..1, exact. Each distinct score is a
/// threshold (>=) and gives a point: x is the false-positive rate over all normal pixels, y the mean over all 8-connected regions
/// of all masks of the region's detected fraction. The curve starts at (0, 0). It is integrated by trapezoids up to the limit,
/// interpolated at the limit, and divided by the limit.
/// maps, masks: any number of images, one after another, each height rows of width pixels; mask values: 0 normal, any other value
/// defect. Use pixel_accumulator for maps of different sizes and for maps that exceed the memory. limit: 0 < limit <= 1.
/// Throws shape_error (sizes), numeric_error (a score is not finite, no defect or no normal pixel), option_error (limit).
[[nodiscard]] inline double aupro(std::span<const float> maps, std::span<const std::uint8_t> masks, std::size_t width,
                                  std::size_t height, double limit = 0.3) {
    require_limit("aupro", limit);
    const std::size_t pixels = detail::pixels_per_map("aupro", maps.size(), masks.size(), width, height);
    require_finite("aupro", maps);
    score_histogram histogram{std::numeric_limits<std::size_t>::max()};
    std::size_t regions = 0;
    for (std::size_t first = 0; first < maps.size(); first += pixels) {
        const auto labelled = label_components(masks.subspan(first, pixels), width, height);
        add_map(histogram, maps.subspan(first, pixels), labelled);
        regions += labelled.regions.size();
    }
    return aupro(histogram, regions, limit).value;
}

namespace detail {

/// Sums over an image's pixels, indexed by the number of thresholds that a pixel's score exceeds.
struct threshold_counts {
    double normal{0};              ///< the number of all normal pixels
    std::vector<double> fp;        ///< number of normal pixels
    std::vector<double> overlaps;  ///< sum of 1 / area over the regions' pixels
};

/// Counts an image's pixels between the thresholds numpy.arange(low, high, (high - low) / 200), rounding included.
/// step: (high - low) / 200, above 0.
[[nodiscard]] inline threshold_counts count_between_thresholds(std::span<const float> map, const components& regions, double low,
                                                               double high, double step) {
    const double spacing = (low + step) - low;  // as numpy.arange computes it
    const auto count = static_cast<std::size_t>(std::ceil((high - low) / step));
    std::vector<double> thresholds(count);
    for (std::size_t i = 0; i < count; ++i) thresholds[i] = low + static_cast<double>(i) * spacing;
    double normal = 0;
    std::vector<double> fp(count + 1), overlaps(count + 1);
    for (std::size_t i = 0; i < map.size(); ++i) {
        const double score = map[i];
        auto below = std::min(count, static_cast<std::size_t>((score - low) / step));  // thresholds that the score exceeds
        while (below < count && thresholds[below] < score) ++below;
        while (below > 0 && !(thresholds[below - 1] < score)) --below;
        if (const auto label = regions.labels[i]; label == 0) {
            ++normal;
            ++fp[below];
        } else {
            overlaps[below] += 1.0 / static_cast<double>(regions.regions[static_cast<std::size_t>(label) - 1].area);
        }
    }
    return {normal, std::move(fp), std::move(overlaps)};
}

}  // namespace detail

/// Area under one image's PRO curve, as RD4AD's authors compute it (compute_pro in their test.py). The thresholds (>) are 200
/// equal steps from the map's smallest score. Keeps the thresholds whose false-positive rate is below the limit, divides the
/// rates by the largest kept rate and integrates by trapezoids from the smallest kept rate. The definition is coarser than
/// MVTec's, and its values are not comparable with MVTec's.
/// In two cases the authors' code fails and this function gives a value: 0 for a constant map, and the largest overlap at a kept
/// threshold if the largest kept rate is 0.
/// map: finite scores. regions: the regions of the image's mask: at least one region and one pixel outside.
/// limit: 0 < limit <= 1.
[[nodiscard]] inline double aupro_of_image(std::span<const float> map, const components& regions, double limit = 0.3) {
    const auto [lowest, highest] = std::minmax_element(map.begin(), map.end());
    const double low = *lowest, high = *highest, step = (high - low) / 200;
    if (!(step > 0)) return 0.0;
    const auto counts = detail::count_between_thresholds(map, regions, low, high, step);
    double fp = 0, overlap = 0, area = 0, best = 0, last_rate = 0, last_overlap = 0;
    bool kept = false;
    for (std::size_t i = counts.fp.size(); i-- > 1;) {  // from the highest threshold down
        fp += counts.fp[i];
        overlap += counts.overlaps[i];
        const double x = fp / counts.normal, y = overlap / static_cast<double>(regions.regions.size());
        if (!(x < limit)) break;
        if (kept) area += (x - last_rate) * (y + last_overlap) / 2;
        kept = true;
        last_rate = x;
        last_overlap = y;
        best = y;
    }
    return last_rate > 0 ? area / last_rate : best;
}

/// The pixel metric of RD4AD's authors: the mean of aupro_of_image over the images with both defect and normal pixels. Other
/// images have no PRO curve.
/// Arguments and errors as aupro's; throws numeric_error if no image has both kinds of pixel.
[[nodiscard]] inline double aupro_per_image(std::span<const float> maps, std::span<const std::uint8_t> masks, std::size_t width,
                                            std::size_t height, double limit = 0.3) {
    require_limit("aupro_per_image", limit);
    const std::size_t pixels = detail::pixels_per_map("aupro_per_image", maps.size(), masks.size(), width, height);
    require_finite("aupro_per_image", maps);
    double sum = 0;
    std::size_t images = 0;
    for (std::size_t first = 0; first < maps.size(); first += pixels) {
        const auto mask = masks.subspan(first, pixels);
        const auto normal = std::count(mask.begin(), mask.end(), std::uint8_t{0});
        if (normal == 0 || static_cast<std::size_t>(normal) == pixels) continue;
        sum += aupro_of_image(maps.subspan(first, pixels), label_components(mask, width, height), limit);
        ++images;
    }
    if (images == 0)
        throw numeric_error{text("aupro_per_image: none of the ", maps.size() / pixels,
                                 " masks has both a defect and a normal pixel; at least one must")};
    return sum / static_cast<double>(images);
}

}  // namespace rd4ad::inline RD4AD_ABI::metrics
