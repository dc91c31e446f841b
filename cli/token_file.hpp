// cli/token_file.hpp: reads the token of --token-file. Twin: tests/cli/cases/serve.sh
#pragma once
#include <filesystem>
#include <string>

namespace cli {

/// The token in a file: its first line. Warns if others can read the file. Throws io_error, and data_error for a token that can
/// be guessed.
[[nodiscard]] std::string token_of(const std::filesystem::path& file);

}  // namespace cli
