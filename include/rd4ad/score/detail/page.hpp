// rd4ad/score/detail/page.hpp: inserts JSON into the template of an HTML page. Twin: tests/score/report.cpp
#pragma once
#include <string>
#include <string_view>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/json.hpp>

namespace rd4ad::inline RD4AD_ABI::score_detail {

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
