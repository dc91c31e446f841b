// cli/teachers.cpp: rd4ad teachers.
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <rd4ad/core/text.hpp>
#include <rd4ad/io/escaped.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/model/data_folders.hpp>
#include <rd4ad/model/teacher_weights.hpp>
#include <rd4ad/model/weight_cache.hpp>

#include "commands.hpp"
#include "console.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;

struct row {
    std::string teacher, arch, state, file;
    std::size_t bytes;
};

std::vector<row> all_teachers() {
    std::vector<row> rows;
    std::error_code ignored;
    for (const auto& folder : rd4ad::data_folders())
        if (const auto path = folder / rd4ad::built_in_teacher_file; rows.empty() && fs::exists(path, ignored))
            rows.push_back({"built-in", "resnet18", "built in", path.string(), static_cast<std::size_t>(fs::file_size(path))});
    for (const auto& file : rd4ad::imagenet_files) {
        const auto path = rd4ad::cache_folder() / file.name;
        const bool cached = fs::exists(path, ignored);
        const std::string arch{file.arch};
        rows.push_back({rd4ad::text(arch, rd4ad::imagenet_suffix), arch, cached ? "in the cache" : "rd4ad fetch " + arch,
                        cached ? path.string() : rd4ad::text(rd4ad::imagenet_address, file.name),
                        cached ? static_cast<std::size_t>(fs::file_size(path)) : file.bytes});
    }
    return rows;
}

}  // namespace

usage teachers_usage() {
    return {.synopsis = "[FLAGS...]",
            .flags = {{"json", "", "", "print JSON: objects with the keys teacher, arch, state, file and bytes"}},
            .notes = R"(A teacher is built in, in the cache, or available with the rd4ad fetch command in its line.

Example: the teachers on this machine and those that rd4ad fetch downloads.
  rd4ad teachers
)"};
}

int teachers(const parsed_options& options) {
    const bool as_json = options.has("json");
    auto all = rd4ad::io::json::array();
    for (const auto& one : all_teachers()) {
        all.push_back(
            {{"teacher", one.teacher}, {"arch", one.arch}, {"state", one.state}, {"file", one.file}, {"bytes", one.bytes}});
        if (!as_json)
            std::printf("%-26s%-28s%6s MB  %s\n", one.teacher.c_str(), one.state.c_str(),
                        megabytes(static_cast<double>(one.bytes)).c_str(), rd4ad::io::line_text(one.file).c_str());
    }
    if (as_json) std::printf("%s\n", rd4ad::io::dump_json(all, 2).c_str());
    return 0;
}

}  // namespace cli
