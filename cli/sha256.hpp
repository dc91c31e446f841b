// cli/sha256.hpp: a file's SHA-256. Twin: tests/cli
#pragma once
#include <filesystem>
#include <string>

namespace cli {

/// In lower-case hexadecimal. Throws io_error where the file can't be read.
[[nodiscard]] std::string sha256_of(const std::filesystem::path& path);

}  // namespace cli
