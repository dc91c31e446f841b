// cli/failures.cpp: rows, numbers and exit status for images that can't be used.
#include "failures.hpp"

#include <cstdio>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/escaped.hpp>

namespace cli {

const char* const failures_help =
    R"(
An image that can't be used does not stop the others: it has a row with its path, "error" and the
reason (in JSON the key error), the last line on standard error has the numbers, and the exit status
is 3. Every other result is as without it. --strict stops at the first one, with exit status 1.
)";

std::vector<flag> strict_flags() {
    return {{"strict", "", "", "stop at the first image that can't be used, with exit status 1"}};
}

rd4ad::on_failure reaction_of(const parsed_options& options) {
    return options.has("strict") ? rd4ad::on_failure::stop : rd4ad::on_failure::skip;
}

std::string failure_list::row(const std::filesystem::path& path, const rd4ad::failure& reason) {
    return rd4ad::text(rd4ad::io::row_text(path.string()), "\terror\t", rd4ad::io::row_text(reason.message));
}

void failure_list::print_rows() const {
    for (const auto& [path, reason] : failures_) std::printf("%s\n", row(path, reason).c_str());
}

rd4ad::io::json failure_list::to_json() const {
    auto list = rd4ad::io::json::array();
    for (const auto& [path, reason] : failures_) list.push_back({{"path", path.string()}, {"error", reason.message}});
    return list;
}

int failure_list::finish(std::size_t done, const char* work) const {
    if (failures_.empty()) return 0;
    if (done == 0) {
        const auto& first = failures_.front().reason.message;
        throw rd4ad::data_error{
            failures_.size() == 1 ? first
                                  : rd4ad::text("none of ", failures_.size(), " images could be ", work, "; the first: ", first)};
    }
    std::fflush(stdout);
    std::fprintf(stderr, "rd4ad: %zu of %zu images %s, %zu failed\n", done, done + failures_.size(), work, failures_.size());
    return partial_status;
}

}  // namespace cli
