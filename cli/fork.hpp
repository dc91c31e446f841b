// cli/fork.hpp: another program's spelling of the command line (--action-type), put into this one's. Twin: tests/cli
#pragma once
#include <string>
#include <vector>

namespace cli {

/// A verb with its flags.
struct translated {
    std::vector<std::string> words;    ///< the verb first
    std::vector<std::string> ignored;  ///< flags that were given and change nothing here
};

/// Whether a command line is in that spelling: no verb, and one of its flags.
[[nodiscard]] bool is_fork_spelling(const std::vector<std::string>& words);

/// The same in this program's words; docs/fork.md has the table. Flags that are this program's own are handed on. Throws
/// usage_error for an unknown action, a flag without its value, and what has no counterpart.
[[nodiscard]] translated from_fork_spelling(const std::vector<std::string>& words);

}  // namespace cli
