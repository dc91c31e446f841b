// cli/process.hpp: runs another program. Twin: tests/cli/command.sh
#pragma once
#include <string>
#include <vector>

namespace cli {

/// Runs a program, found in PATH, with its arguments and waits for its end. Its output goes to this command's standard error.
/// Throws io_error if the program does not start or does not end with status 0.
void run_program(const std::vector<std::string>& args);

}  // namespace cli
