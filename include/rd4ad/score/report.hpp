// rd4ad/score/report.hpp: a test's results as one self-contained HTML page. Twin: tests/score/report.cpp
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include <rd4ad/io/atomic_file.hpp>
#include <rd4ad/score/detail/page.hpp>
#include <rd4ad/score/page_template.hpp>
#include <rd4ad/score/report_json.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// File name of the page's template in the data folder (see data_folders).
inline constexpr const char* report_template_file = "report.html";

/// The mark in the template that the data replace.
inline constexpr std::string_view report_mark = "@RD4AD_REPORT@";

/// Returns the page: the template with the report's data in place of its mark. No text of the report can end the page's script or
/// become markup: each "<" is written as an escape, and the page inserts all texts as text. Names that are not UTF-8 are
/// escaped as io::utf8_text does. Throws option_error as to_json does, format_error unless the template has exactly one
/// mark.
[[nodiscard]] inline std::string report_html(const report& of, std::string_view page_template) {
    return score_detail::page_of(page_template, report_mark, to_json(of), report_template_file);
}

/// Returns the page's template from the library's data folder, with the parts that pages share. Throws io_error
/// that names every path searched.
[[nodiscard]] inline std::string report_template(const std::filesystem::path& extra = {}) {
    return page_template(report_template_file, "the report's template", extra);
}

/// Writes the page atomically. Throws as report_html, report_template and io::write_atomically do.
inline void write_report(const std::filesystem::path& path, const report& of, const std::filesystem::path& extra = {}) {
    io::write_atomically(path, std::string_view{report_html(of, report_template(extra))});
}

}  // namespace rd4ad::inline RD4AD_ABI
