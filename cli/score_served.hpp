// cli/score_served.hpp: photographs scored by a model on a server, prepared here as its description says. Twin: tests/cli
#pragma once
#include <filesystem>
#include <functional>
#include <vector>

#include <rd4ad/score/finding.hpp>

#include "arguments.hpp"

namespace cli {

/// The flags that `score_served` reads.
[[nodiscard]] std::vector<flag> server_flags();

/// Called with what was found in each photograph (its map at the fitted size), and milliseconds.
using scored_photograph = std::function<void(const std::filesystem::path& path, const rd4ad::finding& found, double ms)>;

/// Scores the files on --server. Throws usage_error, io_error and format_error, messages beginning with the address.
int score_served(const arguments& given, const std::vector<std::filesystem::path>& files, const scored_photograph& show);

}  // namespace cli
