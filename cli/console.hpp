// cli/console.hpp: how far things are, on standard error: a bar on a terminal, plain lines elsewhere. Twin: tests/cli
#pragma once
#include <chrono>
#include <cstddef>
#include <string>

namespace cli {

/// "8 s", "3 min 20 s", "2 h 5 min".
[[nodiscard]] std::string duration(double seconds);

/// A number with so many digits behind the point, whatever the locale.
[[nodiscard]] std::string fixed(double value, int digits);

/// The text in bold where standard output is a terminal and NO_COLOR is not set.
[[nodiscard]] std::string bold(const std::string& text);

/// Progress on standard error. On a terminal one line is drawn over and over; elsewhere each step that matters is a line.
class console {
   public:
    console();
    ~console() { clear(); }
    console(const console&) = delete;
    console& operator=(const console&) = delete;

    /// Draws a bar, `text` behind it: at most ten times a second. Nothing where there is no terminal.
    void bar(double share, const std::string& text);
    /// A line where there is no terminal, for those who read a log.
    void plain(const std::string& line);
    /// A line in any case.
    void line(const std::string& text);
    /// Takes the bar away.
    void clear();

   private:
    bool terminal_, colour_, drawn_{false};
    std::chrono::steady_clock::time_point last_{};
};

}  // namespace cli
