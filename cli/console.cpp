// cli/console.cpp: what is drawn on a terminal.
#include "console.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <sys/ioctl.h>
#include <unistd.h>

namespace cli {

namespace {

bool is_terminal(int file) {
    const char* kind = std::getenv("TERM");
    return ::isatty(file) != 0 && (kind == nullptr || std::strcmp(kind, "dumb") != 0);
}

bool colour_wanted() {
    const char* refused = std::getenv("NO_COLOR");
    return refused == nullptr || *refused == '\0';
}

std::size_t columns() {
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

std::string fixed(double value, int digits) {
    char text[64];
    const int length = std::snprintf(text, sizeof text, "%.*f", digits, value);
    return {text, static_cast<std::size_t>(std::clamp(length, 0, 63))};
}

std::string duration(double seconds) {
    if (!std::isfinite(seconds) || seconds < 0) return "?";
    const auto whole = static_cast<long long>(seconds + 0.5);
    if (whole < 60) return std::to_string(whole) + " s";
    if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
    return std::to_string(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min";
}

std::string bold(const std::string& text) {
    return is_terminal(STDOUT_FILENO) && colour_wanted() ? "\x1b[1m" + text + "\x1b[0m" : text;
}

console::console() : terminal_{is_terminal(STDERR_FILENO)}, colour_{colour_wanted()} {}

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
    line += text.substr(0, room - 1) + "\x1b[K";
    std::fputs(line.c_str(), stderr);
    std::fflush(stderr);
}

void console::plain(const std::string& text) {
    if (!terminal_) line(text);
}

void console::line(const std::string& text) {
    clear();
    std::fprintf(stderr, "%s\n", text.c_str());
    std::fflush(stderr);
}

void console::clear() {
    if (!drawn_) return;
    std::fputs("\r\x1b[K", stderr);
    std::fflush(stderr);
    drawn_ = false;
}

}  // namespace cli
