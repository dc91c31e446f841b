// rd4ad/score/compare.hpp: two detectors on the same images: boxes, verdicts, segmentation, and how sure the difference is.
// Twin: tests/score/compare.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/image/geometry.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/metrics/bootstrap.hpp>
#include <rd4ad/metrics/boxes.hpp>
#include <rd4ad/metrics/components.hpp>
#include <rd4ad/metrics/overlap.hpp>
#include <rd4ad/metrics/verdicts.hpp>
#include <rd4ad/score/regions.hpp>

namespace rd4ad {

/// What one detector says of an image: boxes in pixels of the photograph, and how their pixels overlap the true mask's.
struct boxes_judged {
    std::vector<metrics::box> boxes;
    metrics::mask_counts overlap;  ///< first: the true mask; second: what was found

    /// An image with a box was called a defect.
    [[nodiscard]] bool called() const noexcept { return !boxes.empty(); }
};

/// One image that both may have judged.
struct compared_image {
    bool anomalous{false};
    std::vector<metrics::box> truth;  ///< boxes around the true mask's regions, in pixels of the photograph
    boxes_judged ours;
    std::optional<boxes_judged> theirs;
};

/// The metrics of a comparison, in this order; each 0..1.
inline constexpr std::array<const char*, 9> comparison_metrics{"map",    "map_50",   "map_75",          "f1",  "precision",
                                                               "recall", "accuracy", "segmentation_f1", "dice"};
using comparison_values = std::array<double, comparison_metrics.size()>;

/// Boxes around the parts of a map (see label_map), in pixels of the photograph; a box's score is the map's maximum within it.
[[nodiscard]] inline std::vector<metrics::box> boxes_of_map(const image::plane& map, const image::placement& place,
                                                            double threshold) {
    const auto parts = label_map(map, place, threshold);
    std::vector<metrics::box> boxes;
    for (const auto& part : parts.found.regions) {
        float peak = -std::numeric_limits<float>::infinity();
        const std::size_t left = parts.within.x + part.x, top = parts.within.y + part.y;
        for (std::size_t y = top; y < top + part.height; ++y)
            peak = std::max(peak, *std::max_element(map.at(left, y), map.at(left, y) + part.width));
        const auto home = parts.home(place, {part.x, part.y, part.width, part.height});
        boxes.push_back({home.x, home.y, home.width, home.height, static_cast<double>(peak)});
    }
    return boxes;
}

/// Boxes around the 8-connected regions of a mask, in its pixels.
[[nodiscard]] inline std::vector<metrics::box> boxes_of_mask(const image::picture& mask) {
    image::check_image(mask, 1, "boxes_of_mask");
    std::vector<metrics::box> boxes;
    for (const auto& r : metrics::label_components(mask.pixels, mask.width, mask.height).regions)
        boxes.push_back(
            {static_cast<double>(r.x), static_cast<double>(r.y), static_cast<double>(r.width), static_cast<double>(r.height), 0});
    return boxes;
}

/// A mask with the pixels set whose centre lies within a box.
[[nodiscard]] inline image::picture mask_of_boxes(std::span<const metrics::box> boxes, std::size_t width, std::size_t height) {
    auto mask = image::make_image<std::uint8_t>(width, height, 1);
    const auto pixel = [](double edge, std::size_t most) {
        return static_cast<std::size_t>(std::clamp(std::ceil(edge - 0.5), 0.0, static_cast<double>(most)));
    };
    for (const auto& b : boxes)
        for (std::size_t y = pixel(b.y, height); y < pixel(b.y + b.height, height); ++y)
            std::fill(mask.at(pixel(b.x, width), y), mask.at(pixel(b.x + b.width, width), y), std::uint8_t{1});
    return mask;
}

/// The metrics of one side over some of the images, in the order of comparison_metrics. Boxes: NaN without a true one.
/// segmentation_f1 is over all pixels, dice the mean over images (1 where neither has a pixel). ours false: theirs, which every
/// image then must have.
[[nodiscard]] inline comparison_values compare_side(std::span<const compared_image> images, std::span<const std::size_t> among,
                                                    bool ours) {
    std::vector<metrics::image_boxes> boxes;
    metrics::verdicts verdicts;
    metrics::mask_counts pixels;
    double dice = 0;
    std::size_t truths = 0;
    for (const std::size_t i : among) {
        const auto& image = images[i];
        const auto& side = ours ? image.ours : *image.theirs;
        boxes.push_back({image.truth, side.boxes});
        truths += image.truth.size();
        verdicts.add(image.anomalous, side.called());
        const auto& o = side.overlap;
        pixels = {pixels.both + o.both, pixels.first + o.first, pixels.second + o.second};
        dice += o.first + o.second == 0 ? 1.0 : 2.0 * static_cast<double>(o.both) / static_cast<double>(o.first + o.second);
    }
    constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
    const auto precision = truths > 0 ? metrics::coco_box_metrics(boxes) : metrics::box_metrics{unknown, unknown, unknown};
    const auto all = static_cast<double>(pixels.first + pixels.second);
    return {precision.map,
            precision.map_50,
            precision.map_75,
            verdicts.f1(),
            verdicts.precision(),
            verdicts.recall(),
            verdicts.accuracy(),
            all > 0 ? 2.0 * static_cast<double>(pixels.both) / all : unknown,
            among.empty() ? unknown : dice / static_cast<double>(among.size())};
}

/// Two detectors beside each other.
struct comparison {
    std::size_t shared{0};                              ///< images that both have judged
    comparison_values ours_on_all{}, ours{}, theirs{};  ///< the latter two on the shared images
    std::array<std::optional<metrics::interval>, comparison_metrics.size()> difference{};  ///< ours less theirs; none: NaN
    std::vector<std::size_t> only_ours_right{}, only_theirs_right{};  ///< images that one alone judged rightly
    std::vector<comparison_values> draws{};                           ///< differences of each draw, NaN where a draw has none
};

/// Compares over the images that both have judged, and states ours over all. The difference has a bootstrap interval over
/// images, both sides on the same draws. Throws data_error where they share no image, option_error as metrics::bootstrap.
[[nodiscard]] inline comparison compare(std::span<const compared_image> images, const metrics::bootstrap_options& options = {}) {
    std::vector<std::size_t> all(images.size()), shared;
    std::iota(all.begin(), all.end(), std::size_t{0});
    std::copy_if(all.begin(), all.end(), std::back_inserter(shared), [&](std::size_t i) { return images[i].theirs.has_value(); });
    if (shared.empty())
        throw data_error{"compare: the other detector has judged none of the " + std::to_string(images.size()) +
                         " test images; check that its names are those of the files"};
    comparison made{.shared = shared.size(), .ours_on_all = compare_side(images, all, true)};
    made.ours = compare_side(images, shared, true);
    made.theirs = compare_side(images, shared, false);
    for (const std::size_t i : shared) {
        const bool we = images[i].ours.called() == images[i].anomalous, they = images[i].theirs->called() == images[i].anomalous;
        if (we && !they) made.only_ours_right.push_back(i);
        if (they && !we) made.only_theirs_right.push_back(i);
    }
    // Every metric sees the same draws, so each draw is judged once; the first is of the images themselves.
    auto& draws = made.draws;
    for (std::size_t metric = 0; metric < comparison_metrics.size(); ++metric) {
        std::size_t call = 0;
        const auto statistic = [&](std::span<const std::size_t> drawn) {
            if (call == draws.size()) {
                std::vector<std::size_t> among;
                for (const std::size_t i : drawn) among.push_back(shared[i]);
                const auto ours = compare_side(images, among, true), theirs = compare_side(images, among, false);
                auto& difference = draws.emplace_back();
                for (std::size_t m = 0; m < difference.size(); ++m) difference[m] = ours[m] - theirs[m];
            }
            return draws[call++][metric];
        };
        if (!std::isnan(made.ours[metric] - made.theirs[metric]))
            made.difference[metric] = metrics::bootstrap(shared.size(), statistic, options);
    }
    draws.erase(draws.begin());
    return made;
}

/// Several classes as one: each value and difference is the mean over the classes that have it. An interval is of the means of
/// the classes' draws, so they must have drawn as often, each by a seed of its own. Throws option_error where there is no class
/// or the numbers of draws differ.
[[nodiscard]] inline comparison mean_comparison(std::span<const comparison> classes, double confidence = 0.95) {
    for (const auto& one : classes)
        if (one.draws.size() != classes.front().draws.size())
            throw option_error{"mean_comparison: classes of " + std::to_string(classes.front().draws.size()) + " and of " +
                               std::to_string(one.draws.size()) + " draws; expected as many"};
    if (classes.empty()) throw option_error{"mean_comparison: there is no class, expected at least one"};
    comparison made;
    for (const auto& one : classes) made.shared += one.shared;
    const auto mean_of = [&](std::size_t metric, const auto& values_of) {
        double sum = 0, count = 0;
        for (const auto& one : classes)
            if (const double value = values_of(one)[metric]; !std::isnan(value)) sum += value, ++count;
        return count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
    };
    for (std::size_t metric = 0; metric < comparison_metrics.size(); ++metric) {
        made.ours_on_all[metric] = mean_of(metric, [](const comparison& one) { return one.ours_on_all; });
        made.ours[metric] = mean_of(metric, [](const comparison& one) { return one.ours; });
        made.theirs[metric] = mean_of(metric, [](const comparison& one) { return one.theirs; });
        double value = 0, count = 0;
        std::vector<double> means(classes.front().draws.size(), 0.0);
        for (const auto& one : classes) {
            if (!one.difference[metric]) continue;
            value += one.difference[metric]->value;
            ++count;
            for (std::size_t i = 0; i < means.size(); ++i) means[i] += one.draws[i][metric];
        }
        if (count == 0) continue;
        for (double& mean : means) mean /= count;
        std::erase_if(means, [](double mean) { return std::isnan(mean); });
        if (!means.empty()) made.difference[metric] = metrics::percentile_interval(value / count, std::move(means), confidence);
    }
    return made;
}

}  // namespace rd4ad
