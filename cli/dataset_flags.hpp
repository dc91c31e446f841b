// cli/dataset_flags.hpp: opens the data sets that the flags name, and finds their checkpoints. Twin: tests/cli/command.sh
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include <rd4ad/data/open.hpp>

#include "options.hpp"

namespace cli {

/// The flags that `open_datasets` reads.
[[nodiscard]] std::vector<flag> dataset_flags();

/// Opens the data set of --data: one data set, or one per class with --class-names, or with --multimodal one that joins all
/// classes and has the folder's name. Throws as rd4ad::data::open does.
[[nodiscard]] std::vector<rd4ad::data::dataset> open_datasets(const parsed_options& options);

/// A warning if test images have the same content as training images, which makes the metrics too good; "" if none have.
[[nodiscard]] std::string duplicates_warning(const rd4ad::data::dataset& of);

/// The checkpoint that training writes for a data set: FOLDER/<name>.safetensors.
[[nodiscard]] std::filesystem::path checkpoint_in(const std::filesystem::path& folder, const rd4ad::data::dataset& of);

/// The checkpoint of a data set: the file itself, or in a folder the file with the data set's name, or the folder's only
/// checkpoint. Throws io_error with the folder, its checkpoints and the expected name.
[[nodiscard]] std::filesystem::path find_checkpoint(const std::filesystem::path& file_or_folder, const rd4ad::data::dataset& of);

}  // namespace cli
