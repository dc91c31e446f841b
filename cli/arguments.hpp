// cli/arguments.hpp: a verb's flags: parsed, checked, explained. Twin: tests/cli
#pragma once
#include <cstddef>
#include <cstdio>
#include <initializer_list>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// The command line is wrong: exit status 2.
struct usage_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// One flag. Without `value` it is a switch; `fallback` is its value where it isn't given ("": none).
struct flag {
    std::string name, value, fallback, help;
};

/// What a verb takes, and how its help reads.
struct verb {
    std::string name;
    std::string synopsis;  ///< what follows the verb's name in "usage:"
    std::string what;      ///< what it does
    std::vector<flag> flags;
    bool takes_operands{false};
    std::string more;  ///< below the flags, a worked example among it
};

/// The known text nearest to `given` by insertions, deletions and replacements; "" where none is near.
[[nodiscard]] std::string nearest(std::string_view given, const std::vector<std::string>& known);

/// What was given for a verb. Every function throws usage_error with the flag's name, what was found and expected.
class arguments {
   public:
    arguments(const verb& of, const std::vector<std::string>& given);

    [[nodiscard]] bool help() const { return given("help"); }
    /// True if the flag was on the command line.
    [[nodiscard]] bool given(const std::string& name) const { return values_.contains(name); }
    /// Its value, or its fallback.
    [[nodiscard]] std::string text(const std::string& name) const;
    /// As text, but it must be there.
    [[nodiscard]] std::string required(const std::string& name) const;
    [[nodiscard]] std::size_t whole(const std::string& name, std::size_t least) const;
    [[nodiscard]] double real(const std::string& name) const;
    [[nodiscard]] std::string choice(const std::string& name, const std::vector<std::string>& among) const;
    /// Its value cut at commas.
    [[nodiscard]] std::vector<std::string> list(const std::string& name) const;
    [[nodiscard]] const std::vector<std::string>& operands() const noexcept { return operands_; }

    /// The verb's help.
    [[nodiscard]] std::string help_text() const { return help_; }

   private:
    std::map<std::string, std::string> values_, fallbacks_;
    std::vector<std::string> operands_;
    std::string help_;
};

/// Runs a verb on what was given for it, or prints its help where that was asked for. `run` returns the exit status.
template <class Run>
int run_verb(const verb& of, const std::vector<std::string>& words, const Run& run) {
    const arguments given{of, words};
    if (!given.help()) return run(given);
    std::fputs(given.help_text().c_str(), stdout);
    return 0;
}

}  // namespace cli
