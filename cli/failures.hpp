// cli/failures.hpp: images that a command can't use: their rows, their number on the last line, and the exit status. Twin:
// tests/cli/cases/batch.sh
#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <rd4ad/core/outcome.hpp>
#include <rd4ad/io/json.hpp>

#include "options.hpp"

namespace cli {

/// The exit status of a command that did its work for some images only.
inline constexpr int partial_status = 3;

/// The flag --strict.
[[nodiscard]] std::vector<flag> strict_flags();

/// on_failure::stop with --strict, else skip.
[[nodiscard]] rd4ad::on_failure reaction_of(const parsed_options& options);

/// Help about images that can't be used, for the notes of a command with strict_flags().
extern const char* const failures_help;

/// Collects the images that a command can't use.
class failure_list {
   public:
    void add(const std::filesystem::path& path, const rd4ad::failure& reason) { failures_.push_back({path, reason}); }

    [[nodiscard]] std::size_t size() const noexcept { return failures_.size(); }

    /// A row without its line end: the path, "error" and the reason, separated by tabs, as io::row_text writes them.
    [[nodiscard]] static std::string row(const std::filesystem::path& path, const rd4ad::failure& reason);
    /// Prints a row per image on standard output.
    void print_rows() const;
    /// [{"path", "error"}, ...]
    [[nodiscard]] rd4ad::io::json to_json() const;

    /// Ends a command that did its work for `done` images. Without failures returns 0. Otherwise prints the numbers as the last
    /// line on standard error and returns partial_status; `work` is the participle, "scored". Throws data_error with the first
    /// reason if nothing was done.
    [[nodiscard]] int finish(std::size_t done, const char* work) const;

   private:
    struct entry {
        std::filesystem::path path;
        rd4ad::failure reason;
    };
    std::vector<entry> failures_{};
};

}  // namespace cli
