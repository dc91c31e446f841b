// cli/compute_flags.hpp: the flags for computing: --threads, --backend, --algorithm, --no-verify. Twin: tests/cli/command.sh
#pragma once
#include <string>
#include <vector>

#include <rd4ad/io/safetensors.hpp>
#include <rd4ad/model/settings.hpp>

#include "options.hpp"

namespace cli {

/// The values of --algorithm.
inline const std::vector<std::string> algorithm_names{"auto", "im2col", "winograd", "winograd-2x2"};

/// The flags that `compute_options` and `with_backend` read.
[[nodiscard]] std::vector<flag> compute_flags();

/// The flag of the commands that load a checkpoint.
[[nodiscard]] flag no_verify_flag();

/// The model options by --threads, --algorithm and --no-verify. --threads also limits the threads that read images.
[[nodiscard]] rd4ad::model_options compute_options(const parsed_options& options);

/// How a checkpoint is read, by --no-verify.
[[nodiscard]] rd4ad::io::read_options read_options_of(const parsed_options& options);

}  // namespace cli
