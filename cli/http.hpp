// cli/http.hpp: HTTP requests through libcurl, with proxies from its environment variables. Twin: tests/cli/command.sh
#pragma once
#include <cstddef>
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

/// The parts and limits of a request.
struct http_request_options {
    std::vector<std::string> headers{};
    const std::string* body{nullptr};  ///< POST sends it; without one the request is a GET
    long seconds{300};                 ///< until the whole answer has arrived
    std::size_t largest{16 << 20};     ///< bytes of an answer's body; its headers have 256 KiB
};

/// Sends a request. Throws io_error with the address if no answer arrives in time, or if it is larger than the limit.
[[nodiscard]] http_answer http_request(const std::string& url, const http_request_options& options = {});

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
