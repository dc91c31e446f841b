// cli/sha256.hpp: computes a file's SHA-256. Twin: tests/cli/command.sh
#pragma once
#include <filesystem>
#include <string>

namespace cli {

/// The SHA-256 of a file in lower-case hexadecimal. Throws io_error if the file can't be read.
[[nodiscard]] std::string sha256_of(const std::filesystem::path& path);

}  // namespace cli
