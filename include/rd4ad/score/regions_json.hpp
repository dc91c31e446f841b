// rd4ad/score/regions_json.hpp: results and regions as JSON, regions as COCO results. Twin: tests/score/regions_json.cpp
#pragma once
#include <filesystem>
#include <span>
#include <utility>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/score/detection_result.hpp>
#include <rd4ad/score/regions.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Returns {"box": [x, y, width, height], "relative": the same as shares of the image, "area", "raw_score", "score": null without
/// a calibration, "polygon": [[x, y], ...]}.
[[nodiscard]] inline io::json to_json(const region& from) {
    auto polygon = io::json::array();
    for (const auto& corner : from.outline) polygon.push_back({corner.x, corner.y});
    const auto numbers = [](const image::rectangle& r) { return io::json{r.x, r.y, r.width, r.height}; };
    return {{"box", numbers(from.box)},
            {"relative", numbers(from.relative)},
            {"area", from.area},
            {"raw_score", from.raw_score},
            {"score", from.score ? io::json(*from.score) : io::json()},
            {"polygon", std::move(polygon)}};
}

/// Returns {"raw_score", "score", "is_anomalous", "regions"}: score and is_anomalous are null without a calibration.
[[nodiscard]] inline io::json to_json(const detection_result& from) {
    auto regions = io::json::array();
    for (const auto& one : from.regions) regions.push_back(to_json(one));
    const auto verdict = from.is_anomalous();
    return {{"raw_score", from.raw_score},
            {"score", io::number_or_null(from.score)},
            {"is_anomalous", verdict ? io::json(*verdict) : io::json()},
            {"regions", std::move(regions)}};
}

/// Returns an image's regions as entries of a COCO results file: image_id, category_id 1, bbox, score, raw_score, segmentation
/// (one polygon), area. The file is the array of all images' entries. Throws option_error for a region without a score: COCO
/// requires a score, and a raw score has another range.
[[nodiscard]] inline io::json coco_results(const io::json& image_id, std::span<const region> regions) {
    auto entries = io::json::array();
    for (const auto& one : regions) {
        if (!one.score)
            throw option_error{text("coco_results: a region of image ", image_id.dump(),
                                    " has no score, which COCO results require; calibrate the model with rd4ad calibrate")};
        auto polygon = io::json::array();
        for (const auto& corner : one.outline) {
            polygon.push_back(corner.x);
            polygon.push_back(corner.y);
        }
        entries.push_back({{"image_id", image_id},
                           {"category_id", 1},
                           {"bbox", {one.box.x, one.box.y, one.box.width, one.box.height}},
                           {"score", *one.score},
                           {"raw_score", one.raw_score},
                           {"segmentation", io::json::array({std::move(polygon)})},
                           {"area", one.area}});
    }
    return entries;
}

/// Whether a file holds an array of entries as coco_results makes them, by its first entry.
[[nodiscard]] inline bool is_coco_results(const std::filesystem::path& path) {
    try {
        const auto found = io::read_json(path);
        return found.is_array() && (found.empty() || (found.front().contains("image_id") && found.front().contains("raw_score")));
    } catch (const error&) {
        return false;
    }
}

}  // namespace rd4ad::inline RD4AD_ABI
