// cli/sha256.hpp: computes SHA-256 of files and bytes. Twin: tests/cli/command.sh
#pragma once
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace cli {

/// The SHA-256 of a file in lower-case hexadecimal. Throws io_error if the file can't be read.
[[nodiscard]] std::string sha256_of(const std::filesystem::path& path);

/// The same of bytes in memory.
[[nodiscard]] std::string sha256_of(std::span<const std::byte> bytes);

}  // namespace cli
