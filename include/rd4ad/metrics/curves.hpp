// rd4ad/metrics/curves.hpp: the curves of the pixel metrics, reduced to few points for plotting. Twin: tests/metrics/curves.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include <rd4ad/metrics/histogram.hpp>

namespace rd4ad::inline RD4AD_ABI::metrics {

/// A point of a curve, both coordinates in 0..1.
struct curve_point {
    double x{0}, y{0};
};

/// Curves over the pixels of a data set, each from the highest threshold to the lowest.
struct pixel_curves {
    std::vector<curve_point> roc;               ///< false-positive rate, true-positive rate; from (0, 0) to (1, 1)
    std::vector<curve_point> precision_recall;  ///< recall, precision; up to recall 1
    std::vector<curve_point> pro;               ///< false-positive rate, mean overlap of the regions; from (0, 0) to (1, 1)
};

/// The curves of a histogram whose positives carry the area of their region. regions: the number of regions. Keeps a point that
/// differs by at least 1 / points from the last kept point in x or y; for `pro`, by 0.3 / points in x. So the number of kept
/// points does not grow with the number of pixels. Throws numeric_error unless there are defect pixels and normal pixels.
[[nodiscard]] inline pixel_curves pixel_curves_of(const score_histogram& pixels, std::size_t regions, std::size_t points = 200) {
    require_positives("pixel_curves", pixels);
    require_negatives("pixel_curves", pixels);
    const auto positives = static_cast<double>(pixels.positives()), negatives = static_cast<double>(pixels.negatives());
    const double step = 1.0 / static_cast<double>(points);
    pixel_curves curves{{{0, 0}}, {}, {{0, 0}}};
    const auto keep = [](std::vector<curve_point>& curve, curve_point next, double x_step, double y_step) {
        if (curve.empty() || std::abs(next.x - curve.back().x) >= x_step || std::abs(next.y - curve.back().y) >= y_step)
            curve.push_back(next);
    };
    double tp = 0, fp = 0, overlap = 0;
    curve_point recall_precision;
    pixels.for_each_positive_score([&](const score_step& at) {
        tp += static_cast<double>(at.positives);
        fp += static_cast<double>(at.negatives);
        overlap += at.weight;
        const double rate = fp / negatives;
        recall_precision = {tp / positives, tp / (tp + fp)};
        keep(curves.roc, {rate, tp / positives}, step, step);
        if (at.positives > 0) keep(curves.precision_recall, recall_precision, step, step);
        keep(curves.pro, {rate, std::min(overlap / static_cast<double>(regions), 1.0)}, 0.3 * step, step);
    });
    for (auto* curve : {&curves.roc, &curves.pro})
        if (curve->back().x < 1 || curve->back().y < 1) curve->push_back({1, 1});
    if (curves.precision_recall.back().x < 1) curves.precision_recall.push_back(recall_precision);
    return curves;
}

}  // namespace rd4ad::inline RD4AD_ABI::metrics
