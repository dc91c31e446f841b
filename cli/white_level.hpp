// cli/white_level.hpp: warns of images whose values were stored unscaled.
#pragma once
#include <filesystem>
#include <span>

#include <rd4ad/data/items.hpp>

namespace cli {

/// Prints the warning of rd4ad::image::white_level_warning on standard error, if there is one.
void warn_of_white_level(std::span<const std::filesystem::path> files);

/// The same for a data set's training images, or its test images where it has none.
void warn_of_white_level(const rd4ad::data::dataset& of);

}  // namespace cli
