// cli/white_level.hpp: warns of images whose values were stored unscaled. Twin: tests/cli/cases/pixels.sh
#pragma once
#include <filesystem>
#include <span>

namespace cli {

/// Prints the warning of rd4ad::image::white_level_warning on standard error, if there is one.
void warn_of_white_level(std::span<const std::filesystem::path> files);

}  // namespace cli
