// rd4ad/train/suspect_pictures.hpp: the suspects among the good images that calibrate a model, with their maps and regions. Twin:
// tests/train/suspect_pictures.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/data/kept_image.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/image/thumbnail.hpp>
#include <rd4ad/model/network_input.hpp>
#include <rd4ad/score/apply_calibration.hpp>
#include <rd4ad/score/calibration.hpp>
#include <rd4ad/score/detection_result.hpp>
#include <rd4ad/score/regions.hpp>
#include <rd4ad/score/suspect_image.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The limit for the thumbnails of all suspects, in bytes.
inline constexpr std::size_t suspect_thumbnail_bytes = 16'000'000;

/// Returns the deepest folder that holds all files; empty without one.
[[nodiscard]] inline std::filesystem::path common_folder(std::span<const std::filesystem::path> files) {
    if (files.empty()) return {};
    auto common = files.front().parent_path();
    const auto holds = [](const std::filesystem::path& folder, const std::filesystem::path& file) {
        return std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first == folder.end();
    };
    for (const auto& file : files)
        while (!common.empty() && !holds(common, file))
            common = common == common.parent_path() ? std::filesystem::path{} : common.parent_path();
    return common;
}

/// An image for people, and its source size.
struct suspect_photograph {
    image::image_u8 image{};
    image::size source{};
};

/// Reads a file, or decodes the picture of a kept image (null: a file). Throws as image::read does.
[[nodiscard]] inline suspect_photograph photograph_of(const std::filesystem::path& file, const data::kept_image* kept,
                                                      std::uint32_t white_level) {
    if (kept != nullptr) return {image::decode(kept->picture, file.string()), kept->source};
    suspect_photograph made{.image = image::read(file, white_level)};
    made.source = {made.image.width, made.image.height};
    return made;
}

/// Returns the suspects, the largest raw score first. files: all good images, whose common folder their names are relative to;
/// which: the suspects among them; p_values and results: of the suspects, by a student that was not trained on them, in the
/// model's units; by: the calibration of the others; white_level: of the images, as in data::preprocessing; kept: per file, null
/// for a file on disk; empty: all are.
///
/// The regions are the areas of the map that reach the threshold, or the middle between a typical good image's raw score and the
/// suspect's if that is lower: each suspect has one. Throws as image::read does.
[[nodiscard]] inline std::vector<suspect_image> picture_suspects(
    std::span<const std::filesystem::path> files, std::span<const std::size_t> which, std::span<const double> p_values,
    std::span<const detection_result> results, const calibration& by, std::uint32_t white_level = 0,
    std::span<const std::shared_ptr<const data::kept_image>> kept = {}) {
    const auto folder = common_folder(files);
    std::vector<suspect_image> made;
    for (std::size_t i = 0; i < which.size(); ++i) {
        const auto& file = files[which[i]];
        const auto raw_score = static_cast<double>(results[i].raw_score);
        const auto photograph = photograph_of(file, kept.empty() ? nullptr : kept[which[i]].get(), white_level);
        suspect_image one{.image = file,
                          .name = (folder.empty() ? file : file.lexically_relative(folder)).generic_string(),
                          .raw_score = raw_score,
                          .score = by(raw_score),
                          .p_value = p_values[i],
                          .width = photograph.source.width,
                          .height = photograph.source.height};
        one.regions = find_regions(results[i].map, results[i].transform, std::min(by.threshold, 0.5 * (by.typical + raw_score)));
        for (auto& area : one.regions) area.score = by(static_cast<double>(area.raw_score));
        std::stable_sort(one.regions.begin(), one.regions.end(),
                         [](const region& a, const region& b) { return a.raw_score > b.raw_score; });
        one.thumbnail = image::make_thumbnail(photograph.image, map_over_image(results[i]), std::nullopt,
                                              suspect_thumbnail_bytes / which.size());
        made.push_back(std::move(one));
    }
    std::stable_sort(made.begin(), made.end(), [](const auto& a, const auto& b) { return a.raw_score > b.raw_score; });
    return made;
}

}  // namespace rd4ad::inline RD4AD_ABI
