// rd4ad/score/detail/page.hpp: reads the template of an HTML page and inserts JSON into it. Twin: tests/score/report.cpp
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/read_file.hpp>
#include <rd4ad/model/data_folders.hpp>

namespace rd4ad::inline RD4AD_ABI::score_detail {

/// Returns the content of a data file (see find_data_file).
[[nodiscard]] inline std::string data_file_text(const std::string& name, const std::string& purpose,
                                                const std::filesystem::path& extra) {
    const auto bytes = io::read_file(find_data_file(name, purpose, extra));
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Returns a page's template with the content of the data file NAME in place of each line "@RD4AD_INCLUDE NAME@". Throws io_error
/// that names every path searched.
[[nodiscard]] inline std::string load_page_template(const std::string& name, const std::string& purpose,
                                                    const std::filesystem::path& extra) {
    constexpr std::string_view begin{"@RD4AD_INCLUDE "}, end{"@\n"};
    auto page = data_file_text(name, purpose, extra);
    for (std::size_t at = page.find(begin); at != page.npos; at = page.find(begin, at)) {
        const std::size_t last = page.find(end, at + begin.size());
        if (last == page.npos) throw format_error{text(name, ": a line that begins with ", begin, "must end in @")};
        const auto part = data_file_text(page.substr(at + begin.size(), last - at - begin.size()), purpose, extra);
        page.replace(at, last + end.size() - at, part);
        at += part.size();
    }
    return page;
}

/// Returns the template with the data in place of its mark. No text of the data can end the page's script or become markup: each
/// "<" is written as an escape, and the page inserts all texts as text. Strings that are not UTF-8 are escaped as io::utf8_text
/// does. Throws format_error, which names `file`, unless the template has exactly one mark.
[[nodiscard]] inline std::string page_of(std::string_view page_template, std::string_view mark, const io::json& data,
                                         std::string_view file) {
    const auto at = page_template.find(mark);
    if (at == page_template.npos || page_template.find(mark, at + 1) != page_template.npos)
        throw format_error{
            text(file, ": expected exactly one ", mark, ", found none or several; install rd4ad's share folder again")};
    const auto json = io::dump_json(data);
    std::string html{page_template.substr(0, at)};
    html.reserve(page_template.size() + json.size() + json.size() / 64);
    for (const char letter : json) {
        if (letter == '<')
            html += "\\u003c";
        else
            html += letter;
    }
    html += page_template.substr(at + mark.size());
    return html;
}

}  // namespace rd4ad::inline RD4AD_ABI::score_detail
