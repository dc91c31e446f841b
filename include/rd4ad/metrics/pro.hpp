// rd4ad/metrics/pro.hpp: area under the per-region overlap curve, two definitions. Twin: tests/metrics/pro.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/metrics/components.hpp>
#include <rd4ad/metrics/histogram.hpp>

namespace rd4ad::metrics {

/// Throws option_error unless 0 < limit <= 1.
inline void require_limit(const std::string& metric, double limit) {
    if (!(limit > 0 && limit <= 1))
        throw option_error{metric + ": the false-positive rate limit is " + std::to_string(limit) +
                           "; it must be above 0 and at most 1"};
}

/// Counts a map's pixels: those outside every region as negatives, the others as positives with their region's area.
/// map: finite scores, as many as regions.labels.
inline void add_map(score_histogram& to, std::span<const float> map, const components& regions) {
    for (std::size_t i = 0; i < map.size(); ++i) {
        if (const auto label = regions.labels[i]; label == 0)
            to.add_negative(map[i]);
        else
            to.add_positive(map[i], static_cast<std::uint32_t>(regions.regions[static_cast<std::size_t>(label) - 1].area));
    }
}

/// Area under the per-region overlap curve of a histogram whose positives carry their region's area, MVTec's definition
/// (see aupro below). regions: their number, at least 1. Error bound, 0 where exact: the curve rises within each bin.
[[nodiscard]] inline bounded aupro(const score_histogram& scores, std::size_t regions, double limit) {
    require_limit("aupro", limit);
    require_positives("aupro", scores);
    require_negatives("aupro", scores);
    const auto negatives = static_cast<double>(scores.negatives()), count = static_cast<double>(regions);
    double false_alarms = 0, weight = 0, rate = 0, overlap = 0, area = 0, error = 0;
    scores.for_each_positive_score([&](const score_step& at) {
        if (rate >= limit) return;
        false_alarms += static_cast<double>(at.negatives);
        weight += at.weight;
        const double next_rate = false_alarms / negatives, next_overlap = std::min(weight / count, 1.0);
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

/// Area under the per-region overlap curve over a whole data set, as MVTec's evaluation code defines it: for each
/// distinct score as threshold (>=), the false-positive rate over all normal pixels and the mean over all 8-connected
/// regions of all masks of the share of the region that is found; the curve starts at (0, 0), is integrated by
/// trapezoids up to the limit, interpolated there, and divided by the limit. 0..1. Exact.
/// maps, masks: any number of images, one after another, each height rows of width pixels; masks 0 or not. For maps of
/// several sizes, or too many to hold, use pixel_accumulator. limit: 0 < limit <= 1.
/// Throws shape_error (sizes), numeric_error (a score is not finite, no defect or no normal pixel), option_error (limit).
[[nodiscard]] inline double aupro(std::span<const float> maps, std::span<const std::uint8_t> masks, std::size_t width,
                                  std::size_t height, double limit = 0.3) {
    require_limit("aupro", limit);
    require_same_length("aupro", maps.size(), masks.size());
    const std::size_t pixels = width * height;
    if (pixels == 0 || maps.size() % pixels != 0)
        throw shape_error{"aupro: " + std::to_string(maps.size()) + " scores are not a whole number of maps of " +
                          std::to_string(width) + " x " + std::to_string(height)};
    require_finite("aupro", maps);
    score_histogram counted{std::numeric_limits<std::size_t>::max()};
    std::size_t regions = 0;
    for (std::size_t first = 0; first < maps.size(); first += pixels) {
        const auto found = label_components(masks.subspan(first, pixels), width, height);
        add_map(counted, maps.subspan(first, pixels), found);
        regions += found.regions.size();
    }
    return aupro(counted, regions, limit).value;
}

/// One image's area under the per-region overlap curve as RD4AD's authors compute it (compute_pro in their test.py):
/// 200 thresholds (> each) from the map's smallest score in equal steps, overlap as the mean over the mask's regions,
/// the thresholds with a false-positive rate below the limit, rates divided by the largest kept, area by trapezoids from
/// the smallest kept rate. Coarser than MVTec's, and not comparable with it. Two cases in which their code stops: a
/// constant map gives 0; where no kept threshold raises a false alarm, the result is the best overlap among them.
/// map: finite; regions: of the image's mask, at least one region and one pixel outside. limit: 0 < limit <= 1.
[[nodiscard]] inline double aupro_of_image(std::span<const float> map, const components& regions, double limit = 0.3) {
    const auto [lowest, highest] = std::minmax_element(map.begin(), map.end());
    const double low = *lowest, step = (static_cast<double>(*highest) - low) / 200;
    if (!(step > 0)) return 0.0;
    // numpy.arange(low, high, step): its length and its values, rounding included.
    const double spacing = (low + step) - low;
    const auto count = static_cast<std::size_t>(std::ceil((static_cast<double>(*highest) - low) / step));
    std::vector<double> thresholds(count), false_alarms(count + 1), overlaps(count + 1);
    for (std::size_t i = 0; i < count; ++i) thresholds[i] = low + static_cast<double>(i) * spacing;
    double normal = 0;
    for (std::size_t i = 0; i < map.size(); ++i) {
        const double score = map[i];
        auto below = std::min(count, static_cast<std::size_t>((score - low) / step));  // thresholds that the score exceeds
        while (below < count && thresholds[below] < score) ++below;
        while (below > 0 && !(thresholds[below - 1] < score)) --below;
        if (const auto label = regions.labels[i]; label == 0) {
            ++normal;
            ++false_alarms[below];
        } else {
            overlaps[below] += 1.0 / static_cast<double>(regions.regions[static_cast<std::size_t>(label) - 1].area);
        }
    }
    double rate = 0, overlap = 0, area = 0, best = 0, last_rate = 0, last_overlap = 0;
    bool kept = false;
    for (std::size_t i = count; i-- > 0;) {  // from the highest threshold down
        rate += false_alarms[i + 1];
        overlap += overlaps[i + 1];
        const double x = rate / normal, y = overlap / static_cast<double>(regions.regions.size());
        if (!(x < limit)) break;
        if (kept) area += (x - last_rate) * (y + last_overlap) / 2;
        kept = true;
        last_rate = x;
        last_overlap = y;
        best = y;
    }
    return last_rate > 0 ? area / last_rate : best;
}

/// The authors' pixel metric: the mean over anomalous images of aupro_of_image. Images without a defect don't count,
/// nor does one that is all defect (it has no false-positive rate).
/// Arguments and errors as aupro's; numeric_error where no image counts.
[[nodiscard]] inline double aupro_per_image(std::span<const float> maps, std::span<const std::uint8_t> masks, std::size_t width,
                                            std::size_t height, double limit = 0.3) {
    require_limit("aupro_per_image", limit);
    require_same_length("aupro_per_image", maps.size(), masks.size());
    const std::size_t pixels = width * height;
    if (pixels == 0 || maps.size() % pixels != 0)
        throw shape_error{"aupro_per_image: " + std::to_string(maps.size()) + " scores are not a whole number of maps of " +
                          std::to_string(width) + " x " + std::to_string(height)};
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
        throw numeric_error{"aupro_per_image: none of the " + std::to_string(maps.size() / pixels) +
                            " masks has both a defect and a normal pixel; at least one must"};
    return sum / static_cast<double>(images);
}

}  // namespace rd4ad::metrics
