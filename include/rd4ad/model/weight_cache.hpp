// rd4ad/model/weight_cache.hpp: ImageNet's weights by name, found in the cache where `rd4ad fetch` puts them. Twin:
// tests/model/weight_cache.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include <rd4ad/core/error.hpp>

namespace rd4ad {

/// A file of torchvision's with ImageNet's weights of an architecture.
struct imagenet_file {
    std::string_view arch, name;
    std::size_t bytes;

    /// What the file's SHA-256 begins with, in hexadecimal: its name says so.
    [[nodiscard]] constexpr std::string_view hash() const {
        const auto dash = name.rfind('-');
        return name.substr(dash + 1, name.rfind('.') - dash - 1);
    }
};

/// One for each architecture.
inline constexpr std::array<imagenet_file, 4> imagenet_files{{{"resnet18", "resnet18-f37072fd.pth", 46830571},
                                                              {"resnet34", "resnet34-b627a593.pth", 87319819},
                                                              {"resnet50", "resnet50-0676ba61.pth", 102530333},
                                                              {"wide_resnet50_2", "wide_resnet50_2-95faca4d.pth", 138223492}}};

/// Where torchvision keeps them.
inline constexpr const char* imagenet_address = "https://download.pytorch.org/models/";

/// What follows an architecture's name in the name of a teacher with ImageNet's weights.
inline constexpr std::string_view imagenet_suffix = "-imagenet";

/// The file for an architecture; option_error listing them for any other.
[[nodiscard]] inline const imagenet_file& imagenet_file_of(std::string_view arch) {
    std::string known;
    for (const auto& file : imagenet_files) {
        if (file.arch == arch) return file;
        known += (known.empty() ? "" : ", ") + std::string{file.arch};
    }
    throw option_error{"there are no weights for '" + std::string{arch} + "': expected one of " + known};
}

/// The folder of fetched weights: RD4AD_CACHE, else rd4ad within XDG_CACHE_HOME or ~/.cache. io_error where none is set.
[[nodiscard]] inline std::filesystem::path cache_folder() {
    const auto set = [](const char* name) {
        const char* value = std::getenv(name);
        return std::filesystem::path{value == nullptr ? "" : value};
    };
    if (auto own = set("RD4AD_CACHE"); !own.empty()) return own;
    if (const auto all = set("XDG_CACHE_HOME"); all.is_absolute()) return all / "rd4ad";
    if (const auto home = set("HOME"); !home.empty()) return home / ".cache" / "rd4ad";
    throw io_error{"no folder for fetched weights: set RD4AD_CACHE, XDG_CACHE_HOME or HOME"};
}

/// The file of a teacher: "resnet18-imagenet" and its like are looked for in the cache, anything else is a path. io_error
/// saying what to do where it is not in the cache.
[[nodiscard]] inline std::filesystem::path teacher_path(const std::string& teacher) {
    const std::string_view name = teacher;
    const auto file = std::find_if(imagenet_files.begin(), imagenet_files.end(), [&](const imagenet_file& one) {
        return name.starts_with(one.arch) && name.substr(one.arch.size()) == imagenet_suffix;
    });
    std::error_code ignored;
    if (file == imagenet_files.end() || std::filesystem::exists(teacher, ignored)) return teacher;
    auto path = cache_folder() / file->name;
    if (!std::filesystem::exists(path, ignored))
        throw io_error{path.string() + ": is not there; get it by rd4ad fetch " + std::string{file->arch} +
                       ", or copy torchvision's " + std::string{file->name} + " into that folder"};
    return path;
}

}  // namespace rd4ad
