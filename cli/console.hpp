// cli/console.hpp: prints progress on standard error: a bar on a terminal, lines elsewhere. Twin: tests/cli/command.sh
#pragma once
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace cli {

/// "8 s", "3 min 20 s", "2 h 5 min".
[[nodiscard]] std::string duration_text(double seconds);

/// A number with `digits` digits after the point.
[[nodiscard]] std::string fixed(double value, int digits);

/// "12.3" for 12 345 678 bytes.
[[nodiscard]] std::string megabytes(double bytes, int digits = 1);

/// The text in bold if standard output is a terminal and NO_COLOR is not set.
[[nodiscard]] std::string bold(const std::string& text);

/// The message for a standard output that can't be written.
inline constexpr const char* output_failure = "standard output can't be written; is the disk full, or the reader gone?";

/// Prints a line on standard output, as io::line_text writes it: a name in it can't forge another line.
void print_line(std::string_view line);

/// Prints "warning: " and a text as a line on standard error, as print_line does.
void print_warning(std::string_view text);

/// Flushes standard output. Throws io_error if it can't be written: the results go nowhere, so the work may stop.
void flush_output();

/// Progress on standard error. A terminal shows one line that is redrawn; a log file gets one line per epoch.
class console {
   public:
    console();
    ~console() { clear(); }
    console(const console&) = delete;
    console& operator=(const console&) = delete;

    /// Draws a bar, filled to `share` of 0..1, followed by `text`; at most ten times per second. No-op without a terminal.
    void bar(double share, const std::string& text);
    /// Draws a bar for `done` of `total` images: "image 3/12", after "NAME: " if there is a name.
    void images(std::size_t done, std::size_t total, const std::string& name = "");
    /// Prints a line if there is no terminal.
    void log(const std::string& line);
    /// Prints a line, as io::line_text writes it.
    void line(const std::string& text);
    /// Removes the bar.
    void clear();

   private:
    bool terminal_, colour_, drawn_{false};
    std::chrono::steady_clock::time_point last_{};
};

}  // namespace cli
