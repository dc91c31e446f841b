// rd4ad/score/report.hpp: a test's results as one page to look at, with nothing fetched from elsewhere. Twin:
// tests/score/report.cpp
#pragma once
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/core/version.hpp>
#include <rd4ad/io/base64.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/model/weights.hpp>
#include <rd4ad/score/results.hpp>

namespace rd4ad {

/// All that a page shows.
struct report {
    std::string title;
    std::vector<tested_set> sets{};  ///< at least one
    std::string note{};              ///< a sentence for the page's foot
};

/// File name of the page's template within the data folder (see data_folders).
inline constexpr const char* report_template_file = "report.html";

/// What takes the data's place in the template.
inline constexpr std::string_view report_mark = "@RD4AD_REPORT@";

namespace detail {

[[nodiscard]] inline io::json points_json(const std::vector<metrics::curve_point>& curve) {
    auto points = io::json::array();
    for (const auto& [x, y] : curve) points.push_back({x, y});
    return points;
}

[[nodiscard]] inline io::json metrics_json(const named_metrics& from) {
    auto pairs = io::json::array();
    for (const auto& [name, value] : from) pairs.push_back({name, io::number_or_null(value)});
    return pairs;
}

[[nodiscard]] inline io::json image_json(const tested_image& one) {
    auto regions = io::json::array();
    for (const auto& r : one.regions) {
        auto outline = io::json::array();  // in thousandths of the photograph, which is what a thumbnail can show
        for (const auto& [x, y] : r.outline)
            for (const double share : {x / static_cast<double>(one.width), y / static_cast<double>(one.height)})
                outline.push_back(std::lround(1000 * share));
        const auto whole = [](double length) { return std::lround(length); };
        regions.push_back({{"box", {whole(r.box.x), whole(r.box.y), whole(r.box.width), whole(r.box.height)}},
                           {"score", r.score.value_or(static_cast<double>(r.peak))},
                           {"area", whole(r.area)},
                           {"outline", std::move(outline)}});
    }
    return {{"file", one.file},
            {"kind", one.kind},
            {"anomalous", one.anomalous},
            {"raw", one.raw},
            {"score", io::number_or_null(one.score)},
            {"ms", io::number_or_null(one.ms)},
            {"width", one.width},
            {"height", one.height},
            {"regions", std::move(regions)},
            {"photograph", io::base64(one.pictures.photograph)},
            {"map", io::base64(one.pictures.map)},
            {"low", one.pictures.low},
            {"high", one.pictures.high},
            {"mask", io::base64(one.pictures.mask)}};
}

[[nodiscard]] inline io::json set_json(const tested_set& set) {
    auto curves = io::json::object();
    if (set.curves)
        curves = {{"roc", points_json(set.curves->roc)},
                  {"precision_recall", points_json(set.curves->precision_recall)},
                  {"pro", points_json(set.curves->pro)},
                  {"pro_limit", set.pro_limit}};
    auto settings = io::json::array(), images = io::json::array(), losses = io::json::array();
    for (const auto& [name, value] : set.settings) settings.push_back({name, value});
    for (const auto& one : set.images) images.push_back(image_json(one));
    for (const double loss : set.losses) losses.push_back(loss);
    return {{"name", set.name},
            {"summary", set.summary},
            {"metrics", metrics_json(set.metrics)},
            {"calibrated", set.calibrated},
            {"threshold", set.threshold},
            {"curves", std::move(curves)},
            {"losses", std::move(losses)},
            {"settings", std::move(settings)},
            {"images", std::move(images)}};
}

}  // namespace detail

/// The page's text. page: the template. No text within the report can end its script or become markup: each "<" is
/// written as an escape, and the page puts all of them into place as text. What is not UTF-8 in a file's name is shown as a
/// replacement character. Throws option_error (no set, a set without images, a calibrated set with an image that has no
/// score, a score that is not finite), format_error where the template has not exactly one mark.
[[nodiscard]] inline std::string report_html(const report& of, std::string_view page) {
    if (of.sets.empty()) throw option_error{"report: there is no set of images, expected at least one"};
    std::size_t bytes = 0;
    auto sets = io::json::array();
    for (const auto& set : of.sets) {
        if (set.images.empty()) throw option_error{"report: set '" + set.name + "' has no images, expected at least one"};
        for (const auto& one : set.images) {
            if (set.calibrated && !one.score)
                throw option_error{"report: " + one.file + " has no calibrated score, but its set '" + set.name +
                                   "' is calibrated"};
            if (!std::isfinite(one.raw) || (one.score && !std::isfinite(*one.score)))
                throw option_error{"report: the score of " + one.file + " is not finite"};
            bytes += one.pictures.bytes();
        }
        sets.push_back(detail::set_json(set));
    }
    const auto at = page.find(report_mark);
    if (at == page.npos || page.find(report_mark, at + 1) != page.npos)
        throw format_error{std::string{report_template_file} + ": expected exactly one " + std::string{report_mark} +
                           "; install rd4ad's share folder again"};
    const io::json data{
        {"title", of.title},
        {"sets", std::move(sets)},
        {"mean", detail::metrics_json(mean_metrics(of.sets))},
        {"footer", std::string{"rd4ad "} + version + ". Thumbnails: " + detail::decimal(static_cast<double>(bytes) / 1e6, 1) +
                       " MB." + (of.note.empty() ? "" : " " + of.note) + " Nothing on this page is fetched from elsewhere."}};
    const auto text = data.dump(-1, ' ', false, io::json::error_handler_t::replace);
    std::string html{page.substr(0, at)};
    html.reserve(page.size() + text.size() + text.size() / 64);
    for (const char letter : text) {
        if (letter == '<')
            html += "\\u003c";
        else
            html += letter;
    }
    html += page.substr(at + report_mark.size());
    return html;
}

/// The page's template from the library's data folder. io_error naming every place that was looked at.
[[nodiscard]] inline std::string report_template(const std::filesystem::path& extra = {}) {
    std::string tried;
    for (const auto& folder : data_folders(extra)) {
        const auto path = folder / report_template_file;
        if (std::filesystem::exists(path)) {
            const io::mapped_file file{path};
            return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
        }
        tried += (tried.empty() ? "" : ", ") + path.string();
    }
    throw io_error{"the report's template is at none of " + tried + ": set RD4AD_DATA to rd4ad's share folder"};
}

/// Writes the page, atomically. Throws as report_html, report_template and io::write_atomically do.
inline void write_report(const std::filesystem::path& path, const report& of, const std::filesystem::path& extra = {}) {
    io::write_atomically(path, std::string_view{report_html(of, report_template(extra))});
}

}  // namespace rd4ad
