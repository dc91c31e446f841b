// rd4ad/score/report.hpp: a test's results as one self-contained HTML page. Twin: tests/score/report.cpp
#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/atomic_file.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/mapped_file.hpp>
#include <rd4ad/model/data_folders.hpp>
#include <rd4ad/score/report_json.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// File name of the page's template in the data folder (see data_folders).
inline constexpr const char* report_template_file = "report.html";

/// The mark in the template that the data replace.
inline constexpr std::string_view report_mark = "@RD4AD_REPORT@";

/// Returns the page: the template with the report's data in place of its mark. No text of the report can end the page's script or
/// become markup: each "<" is written as an escape, and the page inserts all texts as text. Bytes of a file name that are not
/// UTF-8 become replacement characters. Throws option_error as to_json does, format_error unless the template has exactly one
/// mark.
[[nodiscard]] inline std::string report_html(const report& of, std::string_view page_template) {
    const auto data = to_json(of);
    const auto at = page_template.find(report_mark);
    if (at == page_template.npos || page_template.find(report_mark, at + 1) != page_template.npos)
        throw format_error{text(report_template_file, ": expected exactly one ", report_mark,
                                ", found none or several; install rd4ad's share folder again")};
    const auto json = data.dump(-1, ' ', false, io::json::error_handler_t::replace);
    std::string html{page_template.substr(0, at)};
    html.reserve(page_template.size() + json.size() + json.size() / 64);
    for (const char letter : json) {
        if (letter == '<')
            html += "\\u003c";
        else
            html += letter;
    }
    html += page_template.substr(at + report_mark.size());
    return html;
}

/// Returns the page's template from the library's data folder. Throws io_error that names every path searched.
[[nodiscard]] inline std::string report_template(const std::filesystem::path& extra = {}) {
    const io::mapped_file file{find_data_file(report_template_file, "the report's template", extra)};
    return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

/// Writes the page atomically. Throws as report_html, report_template and io::write_atomically do.
inline void write_report(const std::filesystem::path& path, const report& of, const std::filesystem::path& extra = {}) {
    io::write_atomically(path, std::string_view{report_html(of, report_template(extra))});
}

}  // namespace rd4ad::inline RD4AD_ABI
