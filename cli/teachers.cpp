// cli/teachers.cpp: rd4ad teachers.
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <rd4ad/io/json.hpp>
#include <rd4ad/model/weight_cache.hpp>
#include <rd4ad/model/weights.hpp>

#include "arguments.hpp"
#include "console.hpp"
#include "verbs.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;

verb description() {
    return {.name = "teachers",
            .synopsis = "[FLAGS...]",
            .what = "Lists the teachers that rd4ad train --teacher knows by name: built in, in the cache, or to be fetched.",
            .flags = {{"json", "", "", "a JSON array of objects: teacher, arch, state, file, bytes"}},
            .takes_operands = false,
            .more = R"(
Example: what is here, and what rd4ad fetch would get.
  rd4ad teachers
)"};
}

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
        const bool here = fs::exists(path, ignored);
        const std::string arch{file.arch};
        rows.push_back({arch + std::string{rd4ad::imagenet_suffix}, arch, here ? "in the cache" : "rd4ad fetch " + arch,
                        here ? path.string() : rd4ad::imagenet_address + std::string{file.name},
                        here ? static_cast<std::size_t>(fs::file_size(path)) : file.bytes});
    }
    return rows;
}

}  // namespace

int teachers(const std::vector<std::string>& words) {
    return run_verb(description(), words, [](const arguments& given) -> int {
        auto all = rd4ad::io::json::array();
        for (const auto& one : all_teachers()) {
            all.push_back(
                {{"teacher", one.teacher}, {"arch", one.arch}, {"state", one.state}, {"file", one.file}, {"bytes", one.bytes}});
            if (!given.given("json"))
                std::printf("%-26s%-28s%6s MB  %s\n", one.teacher.c_str(), one.state.c_str(),
                            fixed(static_cast<double>(one.bytes) / 1e6, 1).c_str(), one.file.c_str());
        }
        if (given.given("json")) std::printf("%s\n", rd4ad::io::text_of(all, "teachers", 2).c_str());
        return 0;
    });
}

}  // namespace cli
