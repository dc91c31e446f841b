// rd4ad/metrics/boxes.hpp: COCO's average precision of boxes. Twin: tests/metrics/boxes.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::metrics {

/// A box: its upper left corner and its size, in one unit (pixels, or fractions of the image), and its confidence.
struct box {
    double x{0}, y{0}, width{0}, height{0};
    double score{0};  ///< ignored for true boxes
};

/// One image's true boxes and detections.
struct image_boxes {
    std::vector<box> truth, detections;
};

/// COCO's average precision, 0..1: `ap` is the mean over the IoU thresholds 0.50, 0.55, ..., 0.95; `ap50` is at IoU 0.50, `ap75`
/// at IoU 0.75.
struct box_metrics {
    double ap{0}, ap50{0}, ap75{0};
};

/// Intersection over union of two boxes. 0 if they don't overlap.
[[nodiscard]] inline double box_iou(const box& a, const box& b) noexcept {
    const double width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
    const double height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
    if (width <= 0 || height <= 0) return 0.0;
    const double both = width * height;
    return both / (a.width * a.height + b.width * b.height - both);
}

namespace detail {

/// COCO's largest number of detections per image.
inline constexpr std::size_t max_detections = 100;

/// A detection's score, and whether it matches a true box.
struct scored_match {
    double score;
    bool is_match;
};

/// Appends one image's detections, sorted by falling score. A detection matches the unmatched true box of the largest IoU, if
/// that is at least `min_iou`; among equal IoUs, it matches the later true box.
inline void match_boxes(const image_boxes& image, double min_iou, std::vector<scored_match>& matches) {
    std::vector<std::size_t> order(image.detections.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return image.detections[a].score > image.detections[b].score; });
    if (order.size() > max_detections) order.resize(max_detections);
    std::vector<char> taken(image.truth.size(), 0);
    for (const std::size_t i : order) {
        double best = std::min(min_iou, 1 - 1e-10);
        std::size_t match = image.truth.size();
        for (std::size_t j = 0; j < image.truth.size(); ++j) {
            if (taken[j] != 0) continue;
            if (const double overlap = box_iou(image.detections[i], image.truth[j]); overlap >= best) {
                best = overlap;
                match = j;
            }
        }
        if (match < image.truth.size()) taken[match] = 1;
        matches.push_back({image.detections[i].score, match < image.truth.size()});
    }
}

/// Mean precision at recall 0, 0.01, ..., 1. The precision at a recall is the largest at this or a higher recall.
inline double interpolated_precision(std::vector<scored_match> matches, std::size_t truths) {
    std::stable_sort(matches.begin(), matches.end(),
                     [](const scored_match& a, const scored_match& b) { return a.score > b.score; });
    std::vector<double> recalls, precisions;
    double tp = 0, fp = 0;
    for (const auto& match : matches) {
        (match.is_match ? tp : fp) += 1;
        recalls.push_back(tp / static_cast<double>(truths));
        precisions.push_back(tp / (tp + fp + std::numeric_limits<double>::epsilon()));
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

/// The number of true boxes. Throws numeric_error as coco_box_metrics does.
[[nodiscard]] inline std::size_t count_true_boxes(std::span<const image_boxes> images) {
    std::size_t truths = 0;
    for (std::size_t i = 0; i < images.size(); ++i) {
        truths += images[i].truth.size();
        for (const auto* boxes : {&images[i].truth, &images[i].detections})
            for (std::size_t j = 0; j < boxes->size(); ++j) {
                const box& b = (*boxes)[j];
                if (!(b.width >= 0 && b.height >= 0 && std::isfinite(b.x + b.y + b.width + b.height + b.score)))
                    throw numeric_error{text("box metrics: image ", i, boxes == &images[i].truth ? ", true box " : ", detection ",
                                             j, " has a negative size or a number that is not finite")};
            }
    }
    if (truths == 0)
        throw numeric_error{
            text("box metrics: none of the ", images.size(), " images has a true box; at least one image needs one")};
    return truths;
}

}  // namespace detail

/// COCO's average precision as pycocotools computes it for boxes of one category and all areas, with at most 100 detections per
/// image. images: in the order of their ids, which decides between equal scores.
/// Throws numeric_error for a number that is not finite, a negative size, or no true box in any image.
[[nodiscard]] inline box_metrics coco_box_metrics(std::span<const image_boxes> images) {
    const std::size_t truths = detail::count_true_boxes(images);
    box_metrics result;
    for (int i = 0; i < 10; ++i) {
        const double min_iou = i == 9 ? 0.95 : 0.5 + i * ((0.95 - 0.5) / 9);
        std::vector<detail::scored_match> matches;
        for (const auto& image : images) detail::match_boxes(image, min_iou, matches);
        const double precision = detail::interpolated_precision(std::move(matches), truths);
        result.ap += precision / 10;
        if (i == 0) result.ap50 = precision;
        if (i == 5) result.ap75 = precision;
    }
    return result;
}

}  // namespace rd4ad::inline RD4AD_ABI::metrics
