// rd4ad/score/probe_report.hpp: a probe's result as one self-contained HTML page. Twin: tests/score/probe_report.cpp
#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <rd4ad/core/text.hpp>
#include <rd4ad/core/version.hpp>
#include <rd4ad/io/atomic_file.hpp>
#include <rd4ad/io/base64.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/score/detail/page.hpp>
#include <rd4ad/score/page_template.hpp>
#include <rd4ad/score/probe_result.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// File name of the page's template in the data folder (see data_folders).
inline constexpr const char* probe_template_file = "probe.html";

/// The mark in the template that the data replace.
inline constexpr std::string_view probe_mark = "@RD4AD_PROBE@";

/// The content of a probe's page.
struct probe_report {
    std::string title{};
    probe_result result{};
    std::string note{};  ///< sentences for the foot of the page: the model, which photographs
};

/// Returns the data of the page: {"title", "result" (see to_json of probe_result), "sentences", "examples", "footer"}. An example
/// has "group", "cell", "file", "size", "raw_score", "found", "localised", and "image" and "mask" (Base64 of a JPEG and a PNG).
[[nodiscard]] inline io::json to_json(const probe_report& from) {
    auto examples = io::json::array();
    for (const auto& one : from.result.examples)
        examples.push_back({{"group", one.group},
                            {"cell", one.cell},
                            {"file", one.file},
                            {"size", one.size},
                            {"raw_score", one.raw_score},
                            {"found", one.found},
                            {"localised", one.localised},
                            {"image", io::base64(one.picture.image)},
                            {"mask", io::base64(one.picture.mask)}});
    return {{"title", from.title},
            {"result", to_json(from.result)},
            {"sentences", sentences_of(from.result)},
            {"examples", std::move(examples)},
            {"footer", text("rd4ad ", version, '.', from.note.empty() ? "" : " ", from.note,
                            " This page loads nothing from the network.")}};
}

/// Returns the page: the template with the data in place of its mark, safe for any text as report_html is. Throws format_error
/// unless the template has exactly one mark.
[[nodiscard]] inline std::string probe_html(const probe_report& of, std::string_view page_template) {
    return score_detail::page_of(page_template, probe_mark, to_json(of), probe_template_file);
}

/// Returns the page's template from the library's data folder, with the parts that pages share. Throws io_error
/// that names every path searched.
[[nodiscard]] inline std::string probe_template(const std::filesystem::path& extra = {}) {
    return page_template(probe_template_file, "the template of a probe's page", extra);
}

/// Writes the page atomically. Throws as probe_html, probe_template and io::write_atomically do.
inline void write_probe_report(const std::filesystem::path& path, const probe_report& of,
                               const std::filesystem::path& extra = {}) {
    io::write_atomically(path, std::string_view{probe_html(of, probe_template(extra))});
}

}  // namespace rd4ad::inline RD4AD_ABI
