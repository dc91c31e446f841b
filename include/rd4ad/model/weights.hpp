// rd4ad/model/weights.hpp: a teacher's weights from a file, or the built-in teacher. Twin: tests/model/weights.cpp
#pragma once
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <rd4ad/io/read_tensors.hpp>
#include <rd4ad/model/arch.hpp>

namespace rd4ad {

/// Named tensors from torchvision's .pth (either form), a .safetensors file, or the authors' checkpoints.
[[nodiscard]] inline io::tensor_file load_weights(const std::filesystem::path& path) { return io::read_tensors(path); }

/// File name of the built-in teacher within the data folder.
inline constexpr const char* built_in_teacher_file = "teacher_resnet18.safetensors";

/// What the command and the results say of the built-in teacher.
inline constexpr const char* built_in_teacher_name = "built-in (resnet18, Tiny ImageNet)";

/// Folders in which the library's data may lie: RD4AD_DATA if set (then only that), else share/rd4ad beside the
/// executable's folder, then `extra` (the build tree's, say).
[[nodiscard]] inline std::vector<std::filesystem::path> data_folders(const std::filesystem::path& extra = {}) {
    if (const char* given = std::getenv("RD4AD_DATA"); given && *given) return {given};
    std::vector<std::filesystem::path> folders;
    std::error_code failed;
    if (const auto self = std::filesystem::read_symlink("/proc/self/exe", failed); !failed)
        folders.push_back(self.parent_path().parent_path() / "share" / "rd4ad");
    if (!extra.empty()) folders.push_back(extra);
    return folders;
}

/// The built-in teacher (resnet18, trained on Tiny ImageNet for this project; share/rd4ad/NOTICE.md). io_error naming
/// every place that was looked at.
[[nodiscard]] inline io::tensor_file built_in_teacher(const std::filesystem::path& extra = {}) {
    std::string tried;
    for (const auto& folder : data_folders(extra)) {
        const auto path = folder / built_in_teacher_file;
        if (std::filesystem::exists(path)) return io::read_safetensors(path);
        tried += (tried.empty() ? "" : ", ") + path.string();
    }
    throw io_error{"the built-in teacher is at none of " + tried +
                   ": set RD4AD_DATA to the folder that holds it, or give a teacher's weights as a file"};
}

}  // namespace rd4ad
