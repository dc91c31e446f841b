// cli/options.hpp: parses and checks a command's flags, and writes its help. Twin: tests/cli/command.sh
#pragma once
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <rd4ad/core/error.hpp>

namespace cli {

/// A wrong command line: exit status 2.
struct usage_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// One flag. `value` names its value in the help; a flag without `value` is a switch. `fallback` is the value of a flag that is
/// absent; "": none. A flag whose value names a FILE, PATH, MASK or DIR is an input, unless it is --out, --coco or --feedback.
struct flag {
    std::string name, value, fallback, help;
};

/// How a command is called.
struct usage {
    std::string synopsis;  ///< follows the command's name in "Usage:"
    std::vector<flag> flags;
    std::string notes;           ///< follows the flags, after a blank line: details and an example
    bool takes_operands{false};  ///< accepts arguments that belong to no flag
};

/// Concatenates lists of flags.
[[nodiscard]] std::vector<flag> join_flags(std::initializer_list<std::vector<flag>> lists);

/// Joins names: {"a", "b", "c"} is "a, b or c" with " or " as the last separator, and "a, b, c" without one.
[[nodiscard]] std::string join_names(const std::vector<std::string>& names, const std::string& last = ", ");

/// The whole text as a whole number of 0 or more; none for any other text.
[[nodiscard]] std::optional<std::size_t> parse_whole(std::string_view text);

/// The known name nearest to `found` by insertions, deletions and replacements; "" if none is near.
[[nodiscard]] std::string nearest(std::string_view found, const std::vector<std::string>& known);

/// Returns work(), and puts the flags at fault, such as "--inp 100", before the message of an error of the library; "" adds
/// nothing.
template <class Work>
auto naming_flags(const std::string& flags, const Work& work) {
    try {
        return work();
    } catch (const rd4ad::error& problem) {
        throw rd4ad::error{problem.code(), flags + (flags.empty() ? "" : ": ") + problem.what()};
    }
}

/// The parsed flags of one command line. Every function throws usage_error with the flag's name, the value found and the value
/// expected.
class parsed_options {
   public:
    /// `command` and `summary` begin the help; `args` is the command line after the command's name.
    parsed_options(const std::string& command, const std::string& summary, const usage& of, const std::vector<std::string>& args);

    /// True if the flag is on the command line.
    [[nodiscard]] bool has(const std::string& name) const { return values_.contains(name); }
    /// The flag's value, or its fallback.
    [[nodiscard]] std::string text(const std::string& name) const;
    /// As `text`, but must not be empty.
    [[nodiscard]] std::string required(const std::string& name) const;
    /// The most that `whole` takes by default: sums and products of counts stay far below an overflow.
    static constexpr std::size_t most_counted = 1'000'000'000;
    [[nodiscard]] std::size_t whole(const std::string& name, std::size_t min, std::size_t max = most_counted) const;
    /// A random seed: any whole number of 64 bits.
    [[nodiscard]] std::uint64_t seed() const { return whole("seed", 0, std::numeric_limits<std::size_t>::max()); }
    /// Any finite number.
    [[nodiscard]] double real(const std::string& name) const;
    /// A finite number of [min, max].
    [[nodiscard]] double real(const std::string& name, double min, double max = std::numeric_limits<double>::infinity()) const;
    /// A finite number of (0, max].
    [[nodiscard]] double positive(const std::string& name, double max = std::numeric_limits<double>::infinity()) const;
    /// A number of (0, 1).
    [[nodiscard]] double rate(const std::string& name) const;
    [[nodiscard]] std::string choice(const std::string& name, const std::vector<std::string>& allowed) const;
    /// The flags of these names that are on the command line, with their values: "--inp 100 --fit pad".
    [[nodiscard]] std::string given(const std::vector<std::string>& names) const;
    /// The value split at commas, without empty items.
    [[nodiscard]] std::vector<std::string> list(const std::string& name) const;
    /// The value split at commas: one or more whole numbers of [min, max].
    [[nodiscard]] std::vector<std::size_t> whole_list(const std::string& name, std::size_t min, std::size_t max) const;
    /// The arguments that belong to no flag.
    [[nodiscard]] const std::vector<std::string>& operands() const noexcept { return operands_; }

    /// The values of the flags that name an input file, and of those that name an input folder.
    [[nodiscard]] const std::vector<std::string>& input_files() const noexcept { return input_files_; }
    [[nodiscard]] const std::vector<std::string>& input_folders() const noexcept { return input_folders_; }

    /// The command's help.
    [[nodiscard]] const std::string& help_text() const noexcept { return help_; }

   private:
    std::map<std::string, std::string> values_, fallbacks_;
    std::vector<std::string> operands_, input_files_{}, input_folders_{};
    std::string help_;
};

}  // namespace cli
