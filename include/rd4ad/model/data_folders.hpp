// rd4ad/model/data_folders.hpp: the folders that may hold the library's data files. Twin: tests/model/teacher_weights.cpp
#pragma once
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The folders that may hold the library's data, in order: RD4AD_DATA alone if it is set; else share/rd4ad beside the
/// executable's folder, then `extra` (a build tree's, for example).
[[nodiscard]] inline std::vector<std::filesystem::path> data_folders(const std::filesystem::path& extra = {}) {
    if (const char* folder = std::getenv("RD4AD_DATA"); folder && *folder) return {folder};
    std::vector<std::filesystem::path> folders;
    std::error_code failed;
    if (const auto self = std::filesystem::read_symlink("/proc/self/exe", failed); !failed)
        folders.push_back(self.parent_path().parent_path() / "share" / "rd4ad");
    if (!extra.empty()) folders.push_back(extra);
    return folders;
}

/// The path of a data file in the first folder that holds it. purpose: names the file in the message. Throws io_error naming
/// every place searched.
[[nodiscard]] inline std::filesystem::path find_data_file(const std::string& name, const std::string& purpose,
                                                          const std::filesystem::path& extra = {}) {
    std::string searched;
    for (const auto& folder : data_folders(extra)) {
        auto path = folder / name;
        std::error_code ignored;
        if (std::filesystem::exists(path, ignored)) return path;
        searched += (searched.empty() ? "" : ", ") + path.string();
    }
    throw io_error{text(purpose, " not found; searched ", searched, ": set RD4AD_DATA to the folder that holds it")};
}

}  // namespace rd4ad::inline RD4AD_ABI
