// cli/train_flags.hpp: the flags of rd4ad train. Twin: tests/cli/command.sh
#pragma once
#include <vector>

#include <rd4ad/train/options.hpp>

#include "options.hpp"

namespace cli {

/// The flags of a training's recipe, calibration, guards and files.
[[nodiscard]] std::vector<flag> training_flags();

/// The options that the flags give, without the checkpoint, the region of interest and the callbacks. Throws usage_error and
/// option_error that name the flags.
[[nodiscard]] rd4ad::train_options train_options_of(const parsed_options& options);

}  // namespace cli
