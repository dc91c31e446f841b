// cli/http.hpp: HTTP requests through libcurl, with proxies from its environment variables. Twin: tests/cli/command.sh
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// The library and its version: "libcurl 7.88.1".
[[nodiscard]] std::string http_library();

/// A server's answer. Headers are those of the last answer after redirects, with names in lower case.
struct http_answer {
    long status{0};
    std::map<std::string, std::string> headers{};
    std::string body{};
};

/// Sends GET, or POST if there is a body. Throws io_error with the address if no answer arrives within `seconds`.
[[nodiscard]] http_answer http_request(const std::string& url, const std::vector<std::string>& headers = {},
                                       const std::string* body = nullptr, long seconds = 300);

/// The callbacks of a download.
struct http_sink {
    /// Receives the status and the announced number of bytes (-1: unknown), once, before any data. Returns false to stop.
    std::function<bool(long status, std::int64_t announced)> begin;
    /// Receives the next bytes. Returns false to stop.
    std::function<bool(std::string_view bytes)> data;
};

/// How a download ended.
struct http_end {
    bool stopped{false};    ///< a callback returned false
    std::string problem{};  ///< the connection's error; empty after a complete answer
};

/// Downloads a file from byte `first` on. Follows redirects to http and https only. Ends a connection that transfers less than
/// one byte per second for `stall_seconds`.
[[nodiscard]] http_end http_download(const std::string& url, std::int64_t first, long stall_seconds, const http_sink& to);

}  // namespace cli
