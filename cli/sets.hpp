// cli/sets.hpp: the data sets that the flags name, and each one's checkpoint. Twin: tests/cli
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include <rd4ad/data/open.hpp>

#include "arguments.hpp"

namespace cli {

/// The flags that `open_sets` reads.
[[nodiscard]] std::vector<flag> set_flags();

/// One data set, or with --class-names one a class, or with --multimodal all of these in one, named after the folder. Throws as
/// rd4ad::data::open does.
[[nodiscard]] std::vector<rd4ad::data::dataset> open_sets(const arguments& given);

/// A line for people where training images lie in the test set as well, by content: they flatter its metrics. "" where none do.
[[nodiscard]] std::string duplicates_warning(const rd4ad::data::dataset& of);

/// Where training leaves a set's checkpoint: DIR/<name>.safetensors.
[[nodiscard]] std::filesystem::path checkpoint_in(const std::filesystem::path& folder, const rd4ad::data::dataset& of);

/// The checkpoint of a set: the file given, or within the folder given the one named after the set, or the only one.
/// Throws io_error naming the folder, what it holds and what was expected.
[[nodiscard]] std::filesystem::path find_checkpoint(const std::filesystem::path& file_or_folder, const rd4ad::data::dataset& of);

}  // namespace cli
