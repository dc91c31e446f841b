// cli/white_level.hpp: the level of white of 16-bit files. Twin: tests/cli/cases/pixels.sh
#pragma once
#include <filesystem>
#include <span>

#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/preprocessing.hpp>
#include <rd4ad/train/options.hpp>

#include "options.hpp"

namespace cli {

/// Prints the warning of rd4ad::image::white_level_warning for a model's preprocessing on standard error, if there is one.
void warn_of_white_level(std::span<const std::filesystem::path> files, const rd4ad::data::preprocessing& by);

/// The same for the test images of a data set, or for its training images if there are none.
void warn_of_white_level(const rd4ad::data::dataset& set, const rd4ad::data::preprocessing& by);

/// With --white-level auto, sets the level of white of a training to the one of the training images, and states it.
void set_white_level(rd4ad::train_options& training, const parsed_options& options, const rd4ad::data::dataset& set);

}  // namespace cli
