// rd4ad/score/suspect_image.hpp: a good image that may show a defect, for logs, checkpoints and pages. Twin:
// tests/score/suspects_report.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <rd4ad/image/thumbnail_data.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/score/regions.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// A good image whose raw score, by a student that was not trained on it, does not belong to those of the others.
struct suspect_image {
    std::filesystem::path image{};  ///< the file; empty if only its name is known
    std::string name{};             ///< for people: the file below the folder that holds all good images
    std::string product{};          ///< of a model of several products
    double raw_score{0};            ///< in the model's units
    std::optional<double> score{};  ///< the calibrated raw score, 0..1
    double p_value{1};              ///< probability that a good image scores as high
    std::size_t width{1}, height{1};
    std::vector<region> regions{};  ///< the areas of its map that stand out, the highest first
    image::thumbnail thumbnail{};   ///< with its map
};

/// The number of good images of which one has as high a raw score: 1 / p_value, at most a million.
[[nodiscard]] inline std::size_t one_in(double p_value) {
    return static_cast<std::size_t>(std::lround(1 / std::clamp(p_value, 1e-6, 1.0)));
}

/// {"image" (the name), "raw_score", "score" (or null), "p_value", "one_in", "box" (left, top, width, height of the first region
/// in whole pixels, or null)}: what checkpoints, reports and pages state of a suspect.
[[nodiscard]] inline io::json to_json(const suspect_image& from) {
    io::json box;
    if (!from.regions.empty()) {
        const auto& of = from.regions.front().box;
        box = {std::lround(of.x), std::lround(of.y), std::lround(of.width), std::lround(of.height)};
    }
    return {{"image", from.name},      {"raw_score", from.raw_score},    {"score", io::number_or_null(from.score)},
            {"p_value", from.p_value}, {"one_in", one_in(from.p_value)}, {"box", std::move(box)}};
}

/// The suspects that a checkpoint's training metadata (training_of) name, without pictures; none in other JSON.
[[nodiscard]] inline std::vector<suspect_image> suspects_in(const io::json& training) {
    std::vector<suspect_image> found;
    const auto list = training.is_object() ? training.value("suspects", io::json::array()) : io::json::array();
    for (const auto& one : list) {
        if (!one.is_object()) continue;
        const auto number = [&](const char* key) {
            const auto at = one.find(key);
            return at != one.end() && at->is_number() ? std::optional{at->get<double>()} : std::nullopt;
        };
        const auto name = one.find("image");
        suspect_image made{.name = name != one.end() && name->is_string() ? name->get<std::string>() : std::string{},
                           .raw_score = number("raw_score").value_or(0),
                           .score = number("score"),
                           .p_value = number("p_value").value_or(1)};
        const auto box = one.find("box");
        if (box != one.end() && box->is_array() && box->size() == 4 &&
            std::all_of(box->begin(), box->end(), [](const auto& edge) { return edge.is_number(); })) {
            const auto edges = box->get<std::array<double, 4>>();
            made.regions.push_back({.box = {edges[0], edges[1], edges[2], edges[3]}});
        }
        found.push_back(std::move(made));
    }
    return found;
}

}  // namespace rd4ad::inline RD4AD_ABI
