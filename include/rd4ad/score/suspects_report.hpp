// rd4ad/score/suspects_report.hpp: the suspects of a training, with their pictures, as one self-contained HTML page. Twin:
// tests/score/suspects_report.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/version.hpp>
#include <rd4ad/io/atomic_file.hpp>
#include <rd4ad/io/base64.hpp>
#include <rd4ad/io/escaped.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/output_folder.hpp>
#include <rd4ad/io/read_file.hpp>
#include <rd4ad/io/safe_name.hpp>
#include <rd4ad/score/calibration.hpp>
#include <rd4ad/score/colour_range.hpp>
#include <rd4ad/score/detail/page.hpp>
#include <rd4ad/score/page_template.hpp>
#include <rd4ad/score/report_json.hpp>
#include <rd4ad/score/suspect_image.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// File name of the page's template in the data folder (see data_folders).
inline constexpr const char* suspects_template_file = "suspects.html";

/// The mark in the template that the data replace.
inline constexpr std::string_view suspects_mark = "@RD4AD_SUSPECTS@";

/// The content of a page of suspects.
struct suspects_report {
    std::string title{};
    std::vector<suspect_image> suspects{};
    calibration by{};      ///< of the other good images: threshold, colours and raw scores
    bool left_out{false};  ///< the model was trained without the suspects
};

/// The page beside a checkpoint: part.safetensors has part.suspects.html, a model of several products part.PRODUCT.suspects.html,
/// where PRODUCT is as io::safe_name writes it.
[[nodiscard]] inline std::filesystem::path suspects_path(std::filesystem::path checkpoint, const std::string& product = {}) {
    return checkpoint.replace_extension(text(product.empty() ? "" : "." + io::safe_name(product), ".suspects.html"));
}

/// "2 of 40 good images look unlike the others"
[[nodiscard]] inline std::string headline_of(const suspects_report& of) {
    const std::size_t found = of.suspects.size();
    return text(found, " of ", found + of.by.good_scores.size(), found == 1 ? " good images looks" : " good images look",
                " unlike the others");
}

/// Sentences that explain the suspects and state the remedy.
[[nodiscard]] inline std::vector<std::string> advice_of(const suspects_report& of) {
    if (of.left_out)
        return {"The model was trained without them, and they did not set its threshold.",
                "An image that is good after all belongs to the training: train again without --without-suspects."};
    if (of.by.source == score_source::hold_out)
        return {"They were held out of the training and did not set the threshold.",
                "Look at them, and remove those that show a defect from the good images."};
    return {
        "They did not set the threshold, but the model was trained on them.",
        "Look at them. If they show a defect, run the same rd4ad train command with --without-suspects, or remove them from the "
        "good images and train again."};
}

/// One line for people: name, raw score, region.
[[nodiscard]] inline std::string suspect_line(const suspect_image& of) {
    const auto json = to_json(of);
    const auto& box = json.at("box");
    const auto edge = [&](std::size_t i) { return box.at(i).get<long>(); };
    const auto where = box.is_null() ? std::string{} : text(", region ", edge(2), " x ", edge(3), " at ", edge(0), ", ", edge(1));
    return text(io::row_text(of.image.empty() ? of.name : of.image.string()), ": raw score ", decimal_text(of.raw_score, 4),
                ", one good image in ", one_in(of.p_value), " has as much", where);
}

/// Returns the data of the page: {"title", "headline", "advice", "threshold", "colours", "good_scores", "suspects", "footer"}. A
/// suspect has the keys of its to_json, and "width", "height", "regions", "picture" and "map" (Base64 of JPEGs), "low" and
/// "high".
[[nodiscard]] inline io::json to_json(const suspects_report& from) {
    auto suspects = io::json::array();
    for (const auto& one : from.suspects) {
        auto entry = to_json(one);
        auto regions = io::json::array();
        for (const auto& r : one.regions) regions.push_back(score_detail::region_json(r, one.width, one.height));
        entry.update({{"width", one.width},
                      {"height", one.height},
                      {"regions", std::move(regions)},
                      {"picture", io::base64(one.thumbnail.image)},
                      {"map", io::base64(one.thumbnail.map)},
                      {"low", one.thumbnail.low},
                      {"high", one.thumbnail.high}});
        suspects.push_back(std::move(entry));
    }
    const auto colours = colours_of(from.by);
    return {{"title", from.title},
            {"headline", headline_of(from)},
            {"advice", advice_of(from)},
            {"threshold", from.by.threshold},
            {"colours", {colours.low, colours.high}},
            {"good_scores", from.by.good_scores},
            {"suspects", std::move(suspects)},
            {"footer", text("rd4ad ", version, ". This page loads nothing from the network.")}};
}

/// Returns the page: the template with the data in place of its mark, safe for any text as report_html is. Throws format_error
/// unless the template has exactly one mark.
[[nodiscard]] inline std::string suspects_html(const suspects_report& of, std::string_view page_template) {
    return score_detail::page_of(page_template, suspects_mark, to_json(of), suspects_template_file);
}

/// Returns the page's template from the library's data folder, with the parts that pages share. Throws io_error that names every
/// path searched.
[[nodiscard]] inline std::string suspects_template(const std::filesystem::path& extra = {}) {
    return page_template(suspects_template_file, "the template of the suspects' page", extra);
}

/// Whether a file is a page that update_suspects_report wrote.
[[nodiscard]] inline bool is_suspects_report(const std::filesystem::path& path) {
    constexpr std::size_t head = 4096;
    try {
        const auto bytes = io::read_prefix(path, head);
        const std::string_view begin{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
        return begin.starts_with("<!DOCTYPE html>") && begin.find("<title>rd4ad suspects</title>") != begin.npos;
    } catch (const error&) {
        return false;
    }
}

/// Writes the page atomically if there are suspects. Else removes the page of an earlier training. Returns whether there is a
/// page. A file that is no such page is not replaced without `overwrite`, and never removed. Throws as io::check_replaceable,
/// suspects_html, suspects_template and io::write_atomically do, and io_error for a page that can't be removed.
inline bool update_suspects_report(const std::filesystem::path& path, const suspects_report& of, bool overwrite = false,
                                   const std::filesystem::path& extra = {}) {
    if (!of.suspects.empty()) {
        io::check_replaceable(path, overwrite, is_suspects_report);
        io::write_atomically(path, std::string_view{suspects_html(of, suspects_template(extra))});
        return true;
    }
    if (!is_suspects_report(path)) return false;
    std::error_code failed;
    std::filesystem::remove(path, failed);
    if (failed)
        throw io_error{text(path, ": the page of an earlier training can't be removed: ", failed.message(), "; remove it")};
    return false;
}

}  // namespace rd4ad::inline RD4AD_ABI
