// cli/dataset_flags.hpp: opens the data sets that the flags name, and finds their checkpoints. Twin: tests/cli/command.sh
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include <rd4ad/core/outcome.hpp>
#include <rd4ad/data/open.hpp>
#include <rd4ad/io/json.hpp>

#include "options.hpp"

namespace cli {

/// The flags that `open_datasets` reads.
[[nodiscard]] std::vector<flag> dataset_flags();

/// Opens the data set of --data: one data set, or one per class with --class-names, or with --multimodal one that joins all
/// classes and has the folder's name. States the files of each on standard error. bad_masks: for a command that uses masks, its
/// reaction to those that can't be read or are missing. needs_training: refuses a CSV list without training images. Throws as
/// rd4ad::data::open does.
[[nodiscard]] std::vector<rd4ad::data::dataset> open_datasets(const parsed_options& options,
                                                              rd4ad::on_failure bad_masks = rd4ad::on_failure::skip,
                                                              bool needs_training = true);

/// Opens a folder of images, or another data set, by the same flags. States its files on standard error.
[[nodiscard]] rd4ad::data::dataset open_dataset(const std::filesystem::path& root, const parsed_options& options);

/// Prints one line on standard error: the files found, used and left out, with the reasons. notes: how they are read, in a second
/// line if there are any.
void state_files(const std::string& name, const rd4ad::data::file_listing& files, const std::vector<std::string>& notes = {});

/// The same for --json: the listing with every file that is left out, and "notes".
[[nodiscard]] rd4ad::io::json files_json(const rd4ad::data::dataset& of);

/// A warning if test images have the same content as training images, which makes the metrics too good; "" if none have.
[[nodiscard]] std::string duplicates_warning(const rd4ad::data::dataset& of);

/// The checkpoint that training writes for a data set: FOLDER/<name>.safetensors, with the name as io::safe_name gives it.
[[nodiscard]] std::filesystem::path checkpoint_in(const std::filesystem::path& folder, const rd4ad::data::dataset& of);

/// The checkpoint of a data set: the file itself, or in a folder the file with the data set's name, or the folder's only
/// checkpoint. Throws io_error with the folder, its checkpoints and the expected name.
[[nodiscard]] std::filesystem::path find_checkpoint(const std::filesystem::path& file_or_folder, const rd4ad::data::dataset& of);

}  // namespace cli
