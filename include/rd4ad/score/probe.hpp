// rd4ad/score/probe.hpp: paints synthetic defects into photographs of good parts, scores them and counts those found. Twin:
// tests/score/probe.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/random.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/data/synthetic_defects.hpp>
#include <rd4ad/image/crop.hpp>
#include <rd4ad/image/fit_transform.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/image/thumbnail.hpp>
#include <rd4ad/score/detection_result.hpp>
#include <rd4ad/score/options.hpp>
#include <rd4ad/score/probe_result.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Settings of a probe.
struct probe_options {
    data::defect_grid_options defects{};
    std::size_t max_runs{2200};             ///< the most photographs with a defect to score, at least 1
    std::size_t defects_per_photograph{0};  ///< 0: as many as max_runs allows; at most one of each of the grid
    double size_spread{2};  ///< the sizes of a cell lie within this factor, around the grid's size; 1: they equal it; at most 4
    std::size_t batch{8};   ///< images given to the scorer at once, at least 1
    map_size maps{map_size::image};  ///< the size of the maps that the scorer returns
    double tolerance{8};             ///< how far beside a defect the map's maximum may lie, in pixels of the preprocessed image
    std::size_t threads{0};          ///< that paint; 0: default_threads()
    std::uint64_t seed{1};
    std::uint32_t white_level{0};  ///< of the photographs, as in data::preprocessing
    /// The region of a photograph (its index and pixels) where defects may lie: 1 channel, 0 excluded. Empty: everywhere.
    std::function<image::image_u8(std::size_t, const image::image_u8&)> region{};
};

/// Scores images: `score(images)`, or `score(photograph, images)` with the index of the photograph into which the defects are
/// painted, so that a model that did not see it in training can score it. Returns one result per image, with raw score, map and
/// transform.
template <class F>
concept ProbeScorer = requires(const F& score, std::span<const image::image_u8> images) {
    { score(images) } -> std::convertible_to<std::vector<detection_result>>;
}
|| requires(const F& score, std::size_t photograph, std::span<const image::image_u8> images) {
    { score(photograph, images) } -> std::convertible_to<std::vector<detection_result>>;
};

/// Whether the map's maximum lies at most `tolerance` pixels of the preprocessed image beside a set pixel of the mask. mask: 1
/// channel, of the source image's size. maps: the size of the result's map. Throws shape_error for another size.
[[nodiscard]] inline bool peak_lies_on(const detection_result& result, const image::image_u8& mask, map_size maps,
                                       double tolerance);

/// Paints the grid's defects into the photographs, scores them and counts those found. A defect is found where the raw score of
/// its photograph is at least `threshold`. Scores each photograph without a defect, too. Every photograph gets the same number of
/// defects, every defect of the grid the same number of photographs (up to one). More photographs than max_runs: draws max_runs
/// of them. Defects lie inside the part of the photograph that the network sees, and inside options.region.
///
/// progress: receives the number of images scored and of all. The same arguments give the same result, as paint_defect does.
/// Memory: one photograph, and a batch of its copies and maps.
///
/// Throws data_error without a photograph, option_error for an option out of range, shape_error for a scorer that returns another
/// number of results or maps of another size, and as image::read, paint_defect and the scorer do.
template <ProbeScorer Score>
[[nodiscard]] probe_result probe_images(std::span<const std::filesystem::path> photographs, const Score& score, double threshold,
                                        const probe_options& options = {},
                                        const std::function<void(std::size_t, std::size_t)>& progress = {});

// Implementation.

namespace score_detail {

/// The sizes of a cell are spread over this many values.
inline constexpr std::size_t probe_steps = 8;

/// One defect to paint, and its place in the result.
struct probe_job {
    data::defect_description defect;
    std::size_t group, cell;
};

inline void check_probe(std::size_t photographs, double threshold, const probe_options& options) {
    if (photographs == 0) throw data_error{"probe: there are no photographs of good parts; expected at least one"};
    if (!std::isfinite(threshold)) throw option_error{text("probe: the threshold is ", threshold, "; expected a raw score")};
    if (options.max_runs == 0 || options.batch == 0)
        throw option_error{
            text("probe: max_runs is ", options.max_runs, ", batch is ", options.batch, "; both must be at least 1")};
    if (!(options.size_spread >= 1 && options.size_spread <= 4))
        throw option_error{text("probe: size_spread is ", options.size_spread, "; expected 1 to 4")};
    if (!(options.tolerance >= 0))
        throw option_error{text("probe: the tolerance is ", options.tolerance, "; expected 0 or more")};
}

/// The groups and cells of a grid, empty, and a job for each cell.
[[nodiscard]] inline std::vector<probe_job> probe_jobs(const data::defect_grid_options& grid, std::vector<probe_group>& groups) {
    std::vector<probe_job> jobs;
    for (const auto& defect : data::defect_grid(grid)) {
        if (groups.empty() || groups.back().kind != defect.kind || groups.back().contrast != defect.contrast)
            groups.push_back({.kind = defect.kind, .contrast = defect.contrast});
        groups.back().cells.push_back({.size = defect.size});
        jobs.push_back({defect, groups.size() - 1, groups.back().cells.size() - 1});
    }
    return jobs;
}

/// The pixels of a photograph that the network sees: those of `region` (all, if it is empty) inside the crop. Empty: all of them.
[[nodiscard]] inline image::image_u8 visible_region(const image::fit_transform& transform, image::image_u8 region) {
    if (!transform.crops()) return region;
    if (region.width == 0) region = image::make_image<std::uint8_t>(transform.source_width, transform.source_height, 1, 1);
    const auto seen =
        image::restore_box(transform, {0, 0, static_cast<double>(transform.width), static_cast<double>(transform.height)});
    for (std::size_t y = 0; y < region.height; ++y)
        for (std::size_t x = 0; x < region.width; ++x) {
            const double u = static_cast<double>(x) + 0.5, v = static_cast<double>(y) + 0.5;
            if (u < seen.x || u > seen.x + seen.width || v < seen.y || v > seen.y + seen.height) *region.at(x, y) = 0;
        }
    return region;
}

/// A square around a defect, at most 240 pixels wide, and its mask.
[[nodiscard]] inline image::thumbnail example_picture(const data::painted_defect& of, double size) {
    const std::size_t shorter = std::min(of.image.width, of.image.height);
    const auto side =
        std::clamp<std::size_t>(static_cast<std::size_t>(std::max(2.5 * size, 0.3) * static_cast<double>(shorter)), 16, shorter);
    const auto first = [&](double centre, std::size_t length) {
        return static_cast<std::size_t>(
            std::clamp(centre - static_cast<double>(side) / 2, 0.0, static_cast<double>(length - side)));
    };
    const image::pixel_box box{first(of.centre.x, of.image.width), first(of.centre.y, of.image.height), side, side};
    return image::make_thumbnail(image::no_larger_than(image::crop(of.image, box), 240), image::make_image<float>(1, 1, 1),
                                 image::crop(of.mask, box), 40'000);
}

/// The results of a photograph's images. Throws numeric_error naming the photograph if a score is not finite.
template <class Score>
[[nodiscard]] std::vector<detection_result> scored(const Score& score, std::size_t photograph, const std::filesystem::path& file,
                                                   std::span<const image::image_u8> images) {
    std::vector<detection_result> results;
    try {
        if constexpr (std::invocable<const Score&, std::size_t, std::span<const image::image_u8>>)
            results = score(photograph, images);
        else
            results = score(images);
    } catch (const numeric_error& problem) {
        throw numeric_error{text(file, ": ", problem.what())};
    }
    for (const auto& one : results)
        if (!std::isfinite(one.raw_score))
            throw numeric_error{
                text(file, ": its raw score is ", one.raw_score, ", expected a finite number; the scorer is damaged")};
    if (results.size() != images.size())
        throw shape_error{text("probe: the scorer returned ", results.size(), " results for ", images.size(), " images")};
    return results;
}

}  // namespace score_detail

inline bool peak_lies_on(const detection_result& result, const image::image_u8& mask, map_size maps, double tolerance) {
    const auto& transform = result.transform;
    image::check_image(mask, 1, "peak_lies_on");
    image::check_size(mask.width, mask.height, transform.source_width, transform.source_height, "peak_lies_on");
    image::check_image(result.map, 1, "peak_lies_on");
    const bool restored = maps == map_size::image;
    image::check_size(result.map.width, result.map.height, restored ? transform.source_width : transform.width,
                      restored ? transform.source_height : transform.height, "peak_lies_on");
    const auto inside = restored ? image::pixel_box{0, 0, result.map.width, result.map.height} : image::pixels_inside(transform);
    std::size_t at_x = inside.x, at_y = inside.y;
    for (std::size_t y = inside.y; y < inside.y + inside.height; ++y)
        for (std::size_t x = inside.x; x < inside.x + inside.width; ++x)
            if (*result.map.at(x, y) > *result.map.at(at_x, at_y)) at_x = x, at_y = y;
    image::point peak{static_cast<double>(at_x) + 0.5, static_cast<double>(at_y) + 0.5};
    if (!restored) peak = image::restore_point(transform, peak);
    for (std::size_t y = 0; y < mask.height; ++y)
        for (std::size_t x = 0; x < mask.width; ++x) {
            if (*mask.at(x, y) == 0) continue;
            // Beyond the pixel's own half width.
            const double dx = std::max(0.0, std::abs(static_cast<double>(x) + 0.5 - peak.x) - 0.5) / transform.scale_x();
            const double dy = std::max(0.0, std::abs(static_cast<double>(y) + 0.5 - peak.y) - 0.5) / transform.scale_y();
            if (dx * dx + dy * dy <= tolerance * tolerance) return true;
        }
    return false;
}

template <ProbeScorer Score>
probe_result probe_images(std::span<const std::filesystem::path> photographs, const Score& score, double threshold,
                          const probe_options& options, const std::function<void(std::size_t, std::size_t)>& progress) {
    using score_detail::probe_steps;
    score_detail::check_probe(photographs.size(), threshold, options);
    probe_result found{.threshold = threshold, .size_spread = options.size_spread, .seed = options.seed};
    auto jobs = score_detail::probe_jobs(options.defects, found.groups);
    random source{hash_name("probe") ^ options.seed};
    const auto order = shuffled_order(photographs.size(), source);
    shuffle(std::span{jobs}, source);
    found.photographs = std::min(photographs.size(), options.max_runs);
    const std::size_t possible = std::clamp<std::size_t>(options.max_runs / found.photographs, 1, jobs.size());
    const std::size_t each = options.defects_per_photograph == 0 ? possible : std::min(options.defects_per_photograph, possible);
    const std::size_t all = found.photographs * (each + 1);
    std::vector<std::uint8_t> shown(jobs.size(), 0);
    std::size_t done = 0, next = 0;
    const auto report = [&](std::size_t scored) {
        done += scored;
        if (progress) progress(done, all);
    };
    for (std::size_t i = 0; i < found.photographs; ++i) {
        const std::size_t photograph = order[i];
        const auto good = image::read(photographs[photograph], options.white_level);
        const auto untouched = score_detail::scored(score, photograph, photographs[photograph], std::span{&good, 1});
        if (static_cast<double>(untouched.front().raw_score) >= threshold) ++found.false_alarms;
        report(1);
        const auto region = score_detail::visible_region(untouched.front().transform,
                                                         options.region ? options.region(photograph, good) : image::image_u8{});
        for (std::size_t first = 0; first < each; first += options.batch) {
            const std::size_t count = std::min(options.batch, each - first);
            std::vector<score_detail::probe_job> batch;
            std::vector<std::size_t> which;
            for (std::size_t j = 0; j < count; ++j, ++next) {
                which.push_back(next % jobs.size());
                batch.push_back(jobs[which.back()]);
                // 5 is coprime to the number of steps: a cell's defects take all sizes in turn, the middle one first.
                const auto step = static_cast<double>((next / jobs.size() * 5 + probe_steps / 2) % probe_steps);
                batch.back().defect.size *= std::pow(options.size_spread, (step + 0.5) / static_cast<double>(probe_steps) - 0.5);
                batch.back().defect.seed = random{options.seed + 0x9E3779B9ULL * (next + 1)}.next();
            }
            std::vector<data::painted_defect> painted(count);
            parallel_for(count, options.threads,
                         [&](std::size_t j) { painted[j] = data::paint_defect(good, batch[j].defect, region); });
            std::vector<image::image_u8> images;
            images.reserve(count);
            for (const auto& one : painted) images.push_back(one.image);
            const auto results = score_detail::scored(score, photograph, photographs[photograph], images);
            for (std::size_t j = 0; j < count; ++j) {
                const auto& [defect, group, cell] = batch[j];
                const bool hit = static_cast<double>(results[j].raw_score) >= threshold;
                const bool localised = hit && peak_lies_on(results[j], painted[j].mask, options.maps, options.tolerance);
                auto& counts = found.groups[group].cells[cell];
                ++counts.tried, counts.found += hit ? 1 : 0, counts.localised += localised ? 1 : 0;
                auto& outcomes = found.groups[group].outcomes;
                const auto same_size = [size = defect.size](const auto& one) { return one.size == size; };
                auto same = std::find_if(outcomes.begin(), outcomes.end(), same_size);
                if (same == outcomes.end()) same = outcomes.insert(outcomes.end(), {.size = defect.size});
                ++same->tried, same->found += hit ? 1 : 0;
                if (std::exchange(shown[which[j]], std::uint8_t{1}) != 0) continue;
                found.examples.push_back({.group = group,
                                          .cell = cell,
                                          .file = photographs[photograph].filename().string(),
                                          .size = defect.size,
                                          .raw_score = static_cast<double>(results[j].raw_score),
                                          .found = hit,
                                          .localised = localised,
                                          .picture = score_detail::example_picture(painted[j], defect.size)});
            }
            report(count);
        }
    }
    std::sort(found.examples.begin(), found.examples.end(), [](const auto& a, const auto& b) {
        return std::pair{a.group, a.cell} < std::pair{b.group, b.cell};
    });
    for (auto& group : found.groups) {
        std::sort(group.outcomes.begin(), group.outcomes.end(), [](const auto& a, const auto& b) { return a.size < b.size; });
        fit_curve(group);
    }
    return found;
}

}  // namespace rd4ad::inline RD4AD_ABI
