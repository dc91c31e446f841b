// rd4ad/model/teacher_weights.hpp: a teacher's weights from a file, or the built-in teacher. Twin:
// tests/model/teacher_weights.cpp
#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include <rd4ad/io/read_tensors.hpp>
#include <rd4ad/io/safetensors.hpp>
#include <rd4ad/model/data_folders.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Named tensors from torchvision's .pth (zip or legacy form), a .safetensors file, or the authors' checkpoints. Throws
/// io_error, format_error.
[[nodiscard]] inline io::tensor_file load_weights(const std::filesystem::path& path) { return io::read_tensors(path); }

/// Named tensors from the bytes of such a file, for make_model or load_teacher. name: starts the messages, in place of a path.
/// The tensors are views of the bytes: `owner` keeps these alive; without an owner they must outlive the result. Throws
/// format_error.
[[nodiscard]] inline io::tensor_file load_weights(std::span<const std::byte> bytes, const std::string& name,
                                                  const std::shared_ptr<const void>& owner = {}) {
    return io::parse_tensors(bytes, owner, name);
}

/// File name of the built-in teacher in the data folder.
inline constexpr const char* built_in_teacher_file = "teacher_resnet18.safetensors";

/// Name of the built-in teacher in settings and results.
inline constexpr const char* built_in_teacher_name = "built-in (resnet18, Tiny ImageNet)";

/// The built-in teacher (resnet18, trained on Tiny ImageNet for this project; share/rd4ad/NOTICE.md). Throws io_error naming
/// every place searched.
[[nodiscard]] inline io::tensor_file built_in_teacher(const std::filesystem::path& extra = {}) {
    return io::read_safetensors(
        find_data_file(built_in_teacher_file, "the built-in teacher (or give a teacher's weights as a file)", extra));
}

}  // namespace rd4ad::inline RD4AD_ABI
