// rd4ad/metrics/boxes.hpp: COCO mean average precision of boxes. Twin: tests/metrics/boxes.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>

namespace rd4ad::metrics {

/// A box with its upper left corner, in any one unit (pixels, or shares of the image), and its confidence.
struct box {
    double x{0}, y{0}, width{0}, height{0};
    double score{0};  ///< ignored for true boxes
};

/// One image's true and found boxes.
struct image_boxes {
    std::vector<box> truth, found;
};

/// COCO's box metrics, each 0..1: mean over IoU 0.50, 0.55, ..., 0.95; at 0.50; at 0.75.
struct box_metrics {
    double map{0}, map_50{0}, map_75{0};
};

/// Intersection over union of two boxes, 0 where they don't overlap.
[[nodiscard]] inline double box_iou(const box& a, const box& b) noexcept {
    const double width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
    const double height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
    if (width <= 0 || height <= 0) return 0.0;
    const double both = width * height;
    return both / (a.width * a.height + b.width * b.height - both);
}

namespace detail {

struct scored_match {
    double score;
    bool hit;
};

// One image's found boxes in falling order of score, each matched to the free true box that it overlaps most, if by at
// least `least`; of equal overlaps the later true box.
inline void match_boxes(const image_boxes& image, double least, std::vector<scored_match>& matches) {
    std::vector<std::size_t> order(image.found.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return image.found[a].score > image.found[b].score; });
    if (order.size() > 100) order.resize(100);
    std::vector<char> taken(image.truth.size(), 0);
    for (const std::size_t i : order) {
        double best = std::min(least, 1 - 1e-10);
        std::size_t match = image.truth.size();
        for (std::size_t j = 0; j < image.truth.size(); ++j) {
            if (taken[j] != 0) continue;
            if (const double overlap = box_iou(image.found[i], image.truth[j]); overlap >= best) {
                best = overlap;
                match = j;
            }
        }
        if (match < image.truth.size()) taken[match] = 1;
        matches.push_back({image.found[i].score, match < image.truth.size()});
    }
}

// Precision at recall 0, 0.01, ..., 1, made to fall with recall, and averaged.
inline double interpolated_precision(std::vector<scored_match> matches, std::size_t truths) {
    std::stable_sort(matches.begin(), matches.end(),
                     [](const scored_match& a, const scored_match& b) { return a.score > b.score; });
    std::vector<double> recalls, precisions;
    double hits = 0, misses = 0;
    for (const auto& match : matches) {
        (match.hit ? hits : misses) += 1;
        recalls.push_back(hits / static_cast<double>(truths));
        precisions.push_back(hits / (hits + misses + std::numeric_limits<double>::epsilon()));
    }
    for (std::size_t i = precisions.size(); i-- > 1;) precisions[i - 1] = std::max(precisions[i - 1], precisions[i]);
    double sum = 0;
    for (int i = 0; i <= 100; ++i) {
        const double recall = i == 100 ? 1.0 : i * 0.01;
        const auto at = std::lower_bound(recalls.begin(), recalls.end(), recall) - recalls.begin();
        if (static_cast<std::size_t>(at) < precisions.size()) sum += precisions[static_cast<std::size_t>(at)];
    }
    return sum / 101;
}

}  // namespace detail

/// Mean average precision as pycocotools computes it for boxes of one category, of all areas, with at most 100 found
/// boxes an image. Images in the order of their ids (it decides between equal scores).
/// Throws numeric_error: a number that is not finite, a negative size, or no true box at all.
[[nodiscard]] inline box_metrics coco_box_metrics(std::span<const image_boxes> images) {
    std::size_t truths = 0;
    for (std::size_t i = 0; i < images.size(); ++i) {
        truths += images[i].truth.size();
        for (const auto* boxes : {&images[i].truth, &images[i].found})
            for (std::size_t j = 0; j < boxes->size(); ++j) {
                const box& b = (*boxes)[j];
                if (!(b.width >= 0 && b.height >= 0 && std::isfinite(b.x + b.y + b.width + b.height + b.score)))
                    throw numeric_error{"coco_box_metrics: image " + std::to_string(i) +
                                        (boxes == &images[i].truth ? ", true box " : ", found box ") + std::to_string(j) +
                                        " has a negative size or a number that is not finite"};
            }
    }
    if (truths == 0)
        throw numeric_error{"coco_box_metrics: none of the " + std::to_string(images.size()) +
                            " images has a true box; at least one must"};
    box_metrics result;
    for (int i = 0; i < 10; ++i) {
        const double least = i == 9 ? 0.95 : 0.5 + i * ((0.95 - 0.5) / 9);
        std::vector<detail::scored_match> matches;
        for (const auto& image : images) detail::match_boxes(image, least, matches);
        const double precision = detail::interpolated_precision(std::move(matches), truths);
        result.map += precision / 10;
        if (i == 0) result.map_50 = precision;
        if (i == 5) result.map_75 = precision;
    }
    return result;
}

}  // namespace rd4ad::metrics
