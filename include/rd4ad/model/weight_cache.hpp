// rd4ad/model/weight_cache.hpp: ImageNet weights by name, in the cache that `rd4ad fetch` fills. Twin:
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
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// torchvision's file of ImageNet weights for one architecture.
struct imagenet_file {
    std::string_view arch, name;
    std::size_t bytes;

    /// The first digits of the file's SHA-256, in hexadecimal; the file's name states them.
    [[nodiscard]] constexpr std::string_view hash() const {
        const auto dash = name.rfind('-');
        return name.substr(dash + 1, name.rfind('.') - dash - 1);
    }
};

/// One file per architecture.
inline constexpr std::array<imagenet_file, 4> imagenet_files{{{"resnet18", "resnet18-f37072fd.pth", 46830571},
                                                              {"resnet34", "resnet34-b627a593.pth", 87319819},
                                                              {"resnet50", "resnet50-0676ba61.pth", 102530333},
                                                              {"wide_resnet50_2", "wide_resnet50_2-95faca4d.pth", 138223492}}};

/// torchvision's folder of weight files.
inline constexpr const char* imagenet_address = "https://download.pytorch.org/models/";

/// Suffix of an architecture's name that selects the teacher with ImageNet weights.
inline constexpr std::string_view imagenet_suffix = "-imagenet";

/// The file for an architecture. Throws option_error, with the known names, for any other.
[[nodiscard]] inline const imagenet_file& imagenet_file_of(std::string_view arch) {
    std::string known;
    for (const auto& file : imagenet_files) {
        if (file.arch == arch) return file;
        known += (known.empty() ? "" : ", ") + std::string{file.arch};
    }
    throw option_error{text("no ImageNet weights for '", arch, "'; expected one of ", known)};
}

/// The folder of fetched weights: RD4AD_CACHE, else rd4ad in XDG_CACHE_HOME or ~/.cache. Throws io_error where none is set.
[[nodiscard]] inline std::filesystem::path cache_folder() {
    const auto set = [](const char* name) {
        const char* value = std::getenv(name);
        return std::filesystem::path{value == nullptr ? "" : value};
    };
    if (auto own = set("RD4AD_CACHE"); !own.empty()) return own;
    if (const auto all = set("XDG_CACHE_HOME"); all.is_absolute()) return all / "rd4ad";
    if (const auto home = set("HOME"); !home.empty()) return home / ".cache" / "rd4ad";
    throw io_error{"no folder for fetched weights; set RD4AD_CACHE, XDG_CACHE_HOME or HOME"};
}

/// The file of a teacher. "resnet18-imagenet" and the like select a file in the cache; any other text is a path. Throws io_error
/// with the remedy where there is no such file: for a name in the cache the command that fetches it.
[[nodiscard]] inline std::filesystem::path teacher_path(const std::string& teacher) {
    const std::string_view name = teacher;
    const auto file = std::find_if(imagenet_files.begin(), imagenet_files.end(), [&](const imagenet_file& one) {
        return name.starts_with(one.arch) && name.substr(one.arch.size()) == imagenet_suffix;
    });
    std::error_code ignored;
    if (std::filesystem::exists(teacher, ignored)) return teacher;
    if (file == imagenet_files.end()) {
        const bool is_arch =
            std::any_of(imagenet_files.begin(), imagenet_files.end(), [&](const imagenet_file& one) { return name == one.arch; });
        const std::string arch = is_arch ? teacher : "resnet18";
        throw io_error{
            text(teacher, ": no such file",
                 is_arch ? ", and the name of an architecture is no teacher; give " : "; give a file of weights, or ", arch,
                 imagenet_suffix, " for ImageNet's weights (after rd4ad fetch ", arch,
                 arch == "resnet18" ? "), built-in for those of this project, or none" : "), or none for no training")};
    }
    auto path = cache_folder() / file->name;
    if (!std::filesystem::exists(path, ignored))
        throw io_error{text(path, ": no such file; fetch it by rd4ad fetch ", file->arch, ", or copy torchvision's ", file->name,
                            " into that folder")};
    return path;
}

}  // namespace rd4ad::inline RD4AD_ABI
