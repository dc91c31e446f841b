// rd4ad/io/read_tensors.hpp: reads a safetensors file or a PyTorch checkpoint, recognised by its content.
// Twin: tests/io/read_tensors.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/file_kind.hpp>
#include <rd4ad/io/pth.hpp>
#include <rd4ad/io/read_file.hpp>
#include <rd4ad/io/safetensors.hpp>
#include <rd4ad/io/tensor_file.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

namespace detail {

/// Whether the file's first bytes are a safetensors file's.
[[nodiscard]] inline bool is_safetensors(std::span<const std::byte> bytes) {
    constexpr std::size_t json_start = 8;
    return bytes.size() > json_start && bytes[json_start] == std::byte{'{'};
}

}  // namespace detail

/// Parses a safetensors file or a PyTorch checkpoint in memory, and drops the wrappers' parts of its names (drop_wrapper_names).
/// owner: keeps `bytes` alive. path: for messages. Throws format_error.
[[nodiscard]] inline tensor_file parse_tensors(std::span<const std::byte> bytes, const std::shared_ptr<const void>& owner,
                                               const std::filesystem::path& path, const read_options& options = {}) {
    if (detail::is_zip(bytes) || detail::is_stream_pth(bytes)) return parse_pth(bytes, owner, path);
    if (detail::is_safetensors(bytes)) {
        auto file = parse_safetensors(bytes, owner, path, options);
        drop_wrapper_names(file);
        return file;
    }
    throw format_error{text(path, ": is neither a safetensors file nor a PyTorch checkpoint (.pth): ", likely_kind(bytes))};
}

/// Reads a safetensors file or a PyTorch checkpoint. Ignores the file's extension. Throws as file_reader and parse_tensors do.
[[nodiscard]] inline tensor_file read_tensors(const std::filesystem::path& path, const read_options& options = {}) {
    const file_reader file{path};
    std::vector<std::byte> first(std::min<std::size_t>(file.size(), 64));  // so that no other kind of file is read whole
    file.read(first);
    if (!detail::is_zip(first) && !detail::is_stream_pth(first) && !detail::is_safetensors(first))
        return parse_tensors(first, {}, path);
    if (detail::is_zip(first)) detail::check_zip_end(file);
    const auto content = file.read_all();
    return parse_tensors(content.bytes, content.owner, path, options);
}

}  // namespace rd4ad::inline RD4AD_ABI::io
