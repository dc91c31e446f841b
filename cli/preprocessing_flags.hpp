// cli/preprocessing_flags.hpp: the flags for preprocessing: fit, size, crop and patches. Twin: tests/cli/command.sh
#pragma once
#include <filesystem>
#include <vector>

#include <rd4ad/data/preprocessing.hpp>
#include <rd4ad/train/options.hpp>

#include "options.hpp"

namespace cli {

/// The flags that `set_preprocessing` reads.
[[nodiscard]] std::vector<flag> preprocessing_flags();

/// Sets the preprocessing of a training. Throws usage_error, and option_error as data::check_preprocessing does.
void set_preprocessing(rd4ad::train_options& training, const parsed_options& options);

/// The same flags for commands that read a checkpoint, which holds its preprocessing: the flags are optional there.
[[nodiscard]] std::vector<flag> checkpoint_preprocessing_flags();

/// Throws option_error with the checkpoint's path if a preprocessing flag differs from the checkpoint's preprocessing.
void check_preprocessing_flags(const parsed_options& options, const rd4ad::data::preprocessing& expected,
                               const std::filesystem::path& checkpoint);

}  // namespace cli
