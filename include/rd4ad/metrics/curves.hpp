// rd4ad/metrics/curves.hpp: the curves behind the pixel metrics, thinned to be drawn. Twin: tests/metrics/curves.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include <rd4ad/metrics/histogram.hpp>

namespace rd4ad::metrics {

/// A place of a curve, both in 0..1.
struct curve_point {
    double x{0}, y{0};
};

/// Curves over the pixels of a data set, each from the highest threshold to the lowest.
struct pixel_curves {
    std::vector<curve_point> roc;               ///< false-positive rate, true-positive rate; from (0, 0) to (1, 1)
    std::vector<curve_point> precision_recall;  ///< recall, precision; to recall 1
    std::vector<curve_point> pro;               ///< false-positive rate, mean overlap of the regions; from (0, 0) to (1, 1)
};

/// The curves of counted pixels whose positives carry their region's area. regions: their number. A point is kept where it
/// lies at least 1 / points from the last one kept in either direction, for `pro` 0.3 / points along the rate; so the
/// number of points doesn't grow with the number of pixels.
/// Throws numeric_error where there is no defect pixel or no normal one.
[[nodiscard]] inline pixel_curves pixel_curves_of(const score_histogram& pixels, std::size_t regions, std::size_t points = 200) {
    require_positives("pixel_curves", pixels);
    require_negatives("pixel_curves", pixels);
    const auto positives = static_cast<double>(pixels.positives()), negatives = static_cast<double>(pixels.negatives());
    const double step = 1.0 / static_cast<double>(points);
    pixel_curves made{{{0, 0}}, {}, {{0, 0}}};
    const auto keep = [](std::vector<curve_point>& curve, curve_point next, double x_step, double y_step) {
        if (curve.empty() || std::abs(next.x - curve.back().x) >= x_step || std::abs(next.y - curve.back().y) >= y_step)
            curve.push_back(next);
    };
    double found = 0, false_alarms = 0, overlap = 0;
    curve_point recall_precision;
    pixels.for_each_positive_score([&](const score_step& at) {
        found += static_cast<double>(at.positives);
        false_alarms += static_cast<double>(at.negatives);
        overlap += at.weight;
        const double rate = false_alarms / negatives;
        recall_precision = {found / positives, found / (found + false_alarms)};
        keep(made.roc, {rate, found / positives}, step, step);
        if (at.positives > 0) keep(made.precision_recall, recall_precision, step, step);
        keep(made.pro, {rate, std::min(overlap / static_cast<double>(regions), 1.0)}, 0.3 * step, step);
    });
    for (auto* curve : {&made.roc, &made.pro})
        if (curve->back().x < 1 || curve->back().y < 1) curve->push_back({1, 1});
    if (made.precision_recall.back().x < 1) made.precision_recall.push_back(recall_precision);
    return made;
}

}  // namespace rd4ad::metrics
