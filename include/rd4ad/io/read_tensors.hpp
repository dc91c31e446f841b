// rd4ad/io/read_tensors.hpp: reads a safetensors file or a PyTorch checkpoint, recognised by its content.
// Twin: tests/io/read_tensors.cpp
#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/mapped_file.hpp>
#include <rd4ad/io/pth.hpp>
#include <rd4ad/io/safetensors.hpp>
#include <rd4ad/io/tensor_file.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

/// Parses a safetensors file or a PyTorch checkpoint in memory. owner: keeps `bytes` alive. path: for messages.
/// Throws format_error.
[[nodiscard]] inline tensor_file parse_tensors(std::span<const std::byte> bytes, const std::shared_ptr<const void>& owner,
                                               const std::filesystem::path& path) {
    if (detail::is_zip(bytes) || detail::is_stream_pth(bytes)) return parse_pth(bytes, owner, path);
    constexpr std::size_t json_start = 8;
    if (bytes.size() > json_start && bytes[json_start] == std::byte{'{'}) return parse_safetensors(bytes, owner, path);
    throw format_error{
        text(path, ": is neither a safetensors file nor a PyTorch checkpoint (.pth): ", detail::likely_kind(bytes))};
}

/// Reads a safetensors file or a PyTorch checkpoint. Ignores the file's extension. Throws io_error, format_error.
[[nodiscard]] inline tensor_file read_tensors(const std::filesystem::path& path) {
    const auto file = std::make_shared<const mapped_file>(path);
    return parse_tensors(file->bytes(), file, path);
}

}  // namespace rd4ad::inline RD4AD_ABI::io
