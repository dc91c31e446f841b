// rd4ad/score/page_template.hpp: reads the template of an HTML page. Twin: tests/score/report.cpp
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/read_file.hpp>
#include <rd4ad/model/data_folders.hpp>

namespace rd4ad::inline RD4AD_ABI {

namespace score_detail {

/// Returns the content of a data file (see find_data_file).
[[nodiscard]] inline std::string data_file_text(const std::string& name, const std::string& purpose,
                                                const std::filesystem::path& extra) {
    const auto bytes = io::read_file(find_data_file(name, purpose, extra));
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace score_detail

/// Returns a page's template with the content of the data file NAME in place of each line "@RD4AD_INCLUDE NAME@". Throws io_error
/// that names every path searched.
[[nodiscard]] inline std::string page_template(const std::string& name, const std::string& purpose,
                                               const std::filesystem::path& extra = {}) {
    constexpr std::string_view begin{"@RD4AD_INCLUDE "}, end{"@\n"};
    auto page = score_detail::data_file_text(name, purpose, extra);
    for (std::size_t at = page.find(begin); at != page.npos; at = page.find(begin, at)) {
        const std::size_t last = page.find(end, at + begin.size());
        if (last == page.npos) throw format_error{text(name, ": a line that begins with ", begin, "must end in @")};
        const auto part = score_detail::data_file_text(page.substr(at + begin.size(), last - at - begin.size()), purpose, extra);
        page.replace(at, last + end.size() - at, part);
        at += part.size();
    }
    return page;
}

}  // namespace rd4ad::inline RD4AD_ABI
