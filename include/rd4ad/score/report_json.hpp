// rd4ad/score/report_json.hpp: the data of a report page as JSON. Twin: tests/score/report_json.cpp
#pragma once
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/version.hpp>
#include <rd4ad/io/base64.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/score/detail/format.hpp>
#include <rd4ad/score/results.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The content of a report page.
struct report {
    std::string title;
    std::vector<tested_set> sets{};  ///< at least one
    std::string note{};              ///< a sentence for the foot of the page
};

namespace score_detail {

[[nodiscard]] inline io::json curve_json(const std::vector<metrics::curve_point>& curve) {
    auto points = io::json::array();
    for (const auto& [x, y] : curve) points.push_back({x, y});
    return points;
}

[[nodiscard]] inline io::json metrics_json(const named_metrics& from) {
    auto pairs = io::json::array();
    for (const auto& [name, value] : from) pairs.push_back({name, io::number_or_null(value)});
    return pairs;
}

/// The outline is in thousandths of the image's sides, the precision of a thumbnail.
[[nodiscard]] inline io::json region_json(const region& from, std::size_t width, std::size_t height) {
    auto outline = io::json::array();
    for (const auto& [x, y] : from.outline)
        for (const double share : {x / static_cast<double>(width), y / static_cast<double>(height)})
            outline.push_back(std::lround(1000 * share));
    const auto& box = from.box;
    return {{"box", {std::lround(box.x), std::lround(box.y), std::lround(box.width), std::lround(box.height)}},
            {"raw_score", from.raw_score},
            {"score", io::number_or_null(from.score)},
            {"area", std::lround(from.area)},
            {"outline", std::move(outline)}};
}

[[nodiscard]] inline io::json image_json(const tested_image& one) {
    auto regions = io::json::array();
    for (const auto& r : one.regions) regions.push_back(region_json(r, one.width, one.height));
    return {{"file", one.file},
            {"kind", one.kind},
            {"is_anomalous", one.is_anomalous},
            {"raw_score", one.raw_score},
            {"score", io::number_or_null(one.score)},
            {"ms", io::number_or_null(one.ms)},
            {"width", one.width},
            {"height", one.height},
            {"regions", std::move(regions)},
            {"image", io::base64(one.thumbnail.image)},
            {"map", io::base64(one.thumbnail.map)},
            {"low", one.thumbnail.low},
            {"high", one.thumbnail.high},
            {"mask", io::base64(one.thumbnail.mask)}};
}

/// "axis" names the key of the images' values on the page's axis: "score" if the set is calibrated, otherwise "raw_score".
/// "threshold" is a value on that axis.
[[nodiscard]] inline io::json set_json(const tested_set& set) {
    auto curves = io::json::object();
    if (set.curves)
        curves = {{"roc", curve_json(set.curves->roc)},
                  {"precision_recall", curve_json(set.curves->precision_recall)},
                  {"pro", curve_json(set.curves->pro)},
                  {"pro_limit", set.pro_limit}};
    auto settings = io::json::array(), images = io::json::array(), losses = io::json::array();
    for (const auto& [name, value] : set.settings) settings.push_back({name, value});
    for (const auto& one : set.images) images.push_back(image_json(one));
    for (const double loss : set.losses) losses.push_back(loss);
    auto suspects = io::json::array();
    for (const auto& one : set.suspects) suspects.push_back(to_json(one));
    return {{"name", set.name},
            {"summary", set.summary},
            {"metrics", metrics_json(set.metrics)},
            {"axis", set.is_calibrated ? "score" : "raw_score"},
            {"threshold", set.threshold},
            {"threshold_origin", set.threshold_origin},
            {"good_scores", set.good_scores},
            {"suspects", std::move(suspects)},
            {"colours", set.colours ? io::json{set.colours->low, set.colours->high} : io::json()},
            {"curves", std::move(curves)},
            {"limits", set.limits ? to_json(*set.limits) : io::json()},
            {"losses", std::move(losses)},
            {"settings", std::move(settings)},
            {"images", std::move(images)}};
}

inline void check_set(const tested_set& set) {
    if (set.images.empty()) throw option_error{text("report: set '", set.name, "' has no images, expected at least one")};
    for (const auto& one : set.images) {
        if (set.is_calibrated && !one.score)
            throw option_error{text("report: image '", one.file, "' of the calibrated set '", set.name,
                                    "' has no score; expected a score for every image")};
        if (!std::isfinite(one.raw_score) || (one.score && !std::isfinite(*one.score)))
            throw option_error{text("report: a score of image '", one.file, "' of set '", set.name, "' is not finite")};
    }
}

}  // namespace score_detail

/// Returns the data of a page: {"title", "sets", "mean", "footer"}. Throws option_error if there is no set, if a set has no
/// images, if an image of a calibrated set has no score, or if a score is not finite.
[[nodiscard]] inline io::json to_json(const report& from) {
    if (from.sets.empty()) throw option_error{"report: found no set of images, expected at least one"};
    std::size_t bytes = 0;
    auto sets = io::json::array();
    for (const auto& set : from.sets) {
        score_detail::check_set(set);
        for (const auto& one : set.images) bytes += one.thumbnail.bytes();
        sets.push_back(score_detail::set_json(set));
    }
    return {{"title", from.title},
            {"sets", std::move(sets)},
            {"mean", score_detail::metrics_json(mean_metrics(from.sets))},
            {"footer", text("rd4ad ", version, ". Thumbnails: ", decimal_text(static_cast<double>(bytes) / 1e6, 1), " MB.",
                            from.note.empty() ? "" : " ", from.note, " This page loads nothing from the network.")}};
}

}  // namespace rd4ad::inline RD4AD_ABI
