// cli/components.hpp: the parts that this command was built with. Twin: tests/cli/command.sh
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace cli {

/// Name and value of each part: the JPEG decoder, the instruction sets, the backends with their BLAS, the HTTP library, the
/// export and the folder of the data files.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> components();

}  // namespace cli
