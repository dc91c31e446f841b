// cli/console.cpp: draws the progress bar.
#include "console.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <sys/ioctl.h>
#include <unistd.h>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/escaped.hpp>

namespace cli {

namespace {

bool is_terminal(int file) {
    const char* kind = std::getenv("TERM");
    return ::isatty(file) != 0 && (kind == nullptr || std::strcmp(kind, "dumb") != 0);
}

bool use_colour() {
    const char* refused = std::getenv("NO_COLOR");
    return refused == nullptr || *refused == '\0';
}

std::size_t columns() {
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

std::string fixed(double value, int digits) { return rd4ad::decimal_text(value, digits); }

std::string duration_text(double seconds) {
    if (!std::isfinite(seconds) || seconds < 0) return "?";
    const auto whole = static_cast<long long>(seconds + 0.5);
    if (whole < 60) return rd4ad::text(whole, " s");
    if (whole < 3600) return rd4ad::text(whole / 60, " min ", whole % 60, " s");
    return rd4ad::text(whole / 3600, " h ", whole % 3600 / 60, " min");
}

std::string megabytes(double bytes, int digits) { return fixed(bytes / 1e6, digits); }

std::string bold(const std::string& text) {
    return is_terminal(STDOUT_FILENO) && use_colour() ? "\x1b[1m" + text + "\x1b[0m" : text;
}

void print_line(std::string_view line) {
    const auto shown = rd4ad::io::line_text(line) + '\n';
    std::fwrite(shown.data(), 1, shown.size(), stdout);
}

void print_warning(std::string_view text) { console{}.line(rd4ad::text("warning: ", text)); }

void flush_output() {
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) throw rd4ad::io_error{output_failure};
}

console::console() : terminal_{is_terminal(STDERR_FILENO)}, colour_{use_colour()} {}

void console::bar(double share, const std::string& text) {
    using namespace std::chrono_literals;
    const auto now = std::chrono::steady_clock::now();
    if (!terminal_ || (drawn_ && share < 1.0 && now - last_ < 100ms)) return;
    last_ = now;
    drawn_ = true;
    const std::size_t room = columns();
    const std::size_t width = room > text.size() + 14 ? std::min<std::size_t>(30, room - text.size() - 4) : 0;
    const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(width));
    std::string line = "\r";
    if (width > 0)
        line += '[' + std::string{colour_ ? "\x1b[32m" : ""} + std::string(full, '=') + std::string{colour_ ? "\x1b[0m" : ""} +
                std::string(width - full, ' ') + "] ";
    line += rd4ad::io::line_text(text).substr(0, room - 1) + "\x1b[K";
    std::fputs(line.c_str(), stderr);
    std::fflush(stderr);
}

void console::images(std::size_t done, std::size_t total, const std::string& name) {
    bar(static_cast<double>(done) / static_cast<double>(total),
        rd4ad::text(name, name.empty() ? "" : ": ", "image ", done, '/', total));
}

void console::log(const std::string& line_text) {
    if (!terminal_) line(line_text);
}

void console::line(const std::string& text) {
    clear();
    std::fprintf(stderr, "%s\n", rd4ad::io::line_text(text).c_str());
    std::fflush(stderr);
}

void console::clear() {
    if (!drawn_) return;
    std::fputs("\r\x1b[K", stderr);
    std::fflush(stderr);
    drawn_ = false;
}

}  // namespace cli
