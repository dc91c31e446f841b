// rd4ad/io/read_file.hpp: reads a file, or its first bytes, into memory. Twin: tests/io/read_file.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <limits>
#include <system_error>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

/// The file's first `max_bytes` bytes, or the whole file if it is shorter.
/// Throws io_error if the file doesn't exist, is a folder, can't be opened or can't be read.
[[nodiscard]] inline std::vector<std::byte> read_prefix(const std::filesystem::path& path, std::size_t max_bytes) {
    std::error_code failure;
    const auto status = std::filesystem::status(path, failure);
    if (!std::filesystem::exists(status)) throw io_error{text(path, ": no such file; check the path")};
    if (std::filesystem::is_directory(status)) throw io_error{text(path, ": is a folder; give the path of a file")};
    std::ifstream file{path, std::ios::binary | std::ios::ate};
    if (!file) throw io_error{text(path, ": can't be opened for reading; check its permissions")};
    const std::streamoff size = file.tellg();
    if (size < 0) throw io_error{text(path, ": reading failed: its size is unknown; give the path of a regular file")};
    std::vector<std::byte> bytes(std::min(static_cast<std::size_t>(size), max_bytes));
    file.seekg(0);
    if (!file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size())))
        throw io_error{text(path, ": reading failed; check the disk and the connection to it")};
    return bytes;
}

/// The whole file. Throws io_error as read_prefix does.
[[nodiscard]] inline std::vector<std::byte> read_file(const std::filesystem::path& path) {
    return read_prefix(path, std::numeric_limits<std::size_t>::max());
}

}  // namespace rd4ad::inline RD4AD_ABI::io
