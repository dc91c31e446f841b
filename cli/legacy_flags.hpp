// cli/legacy_flags.hpp: translates a command line with the RD4AD fork's flags (--action-type). Twin: tests/cli/command.sh
#pragma once
#include <string>
#include <vector>

namespace cli {

/// A translated command line.
struct legacy_translation {
    std::vector<std::string> args;     ///< the command's name first
    std::vector<std::string> ignored;  ///< flags of the fork without effect here
};

/// True if a command line begins with a flag and contains a flag of the fork.
[[nodiscard]] bool has_legacy_flags(const std::vector<std::string>& args);

/// Translates the fork's flags; docs/legacy-flags.md has the table. Forwards flags of rd4ad unchanged; these take precedence.
/// Throws usage_error for an unknown action, a flag without its value, and a flag that has no translation.
[[nodiscard]] legacy_translation from_legacy(const std::vector<std::string>& args);

}  // namespace cli
