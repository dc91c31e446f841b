// cli/process.hpp: another program, run to its end. Twin: tests/cli
#pragma once
#include <string>
#include <vector>

namespace cli {

/// Runs a program (found in PATH) with its arguments, its output going where this command's standard error goes. Throws
/// io_error where it can't be started or ends with another status than 0; its own words are then on standard error.
void run_program(const std::vector<std::string>& words);

}  // namespace cli
