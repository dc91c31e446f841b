// cli/http.hpp: HTTP requests by libcurl, proxies as its environment variables say. Twin: tests/cli
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// What a server answered. Headers of the last answer, their names in lower case.
struct http_answer {
    long status{0};
    std::map<std::string, std::string> headers{};
    std::string body{};
};

/// GET, or POST where there is a body. Throws io_error naming the address where no answer comes within `seconds`.
[[nodiscard]] http_answer http_request(const std::string& url, const std::vector<std::string>& headers = {},
                                       const std::string* body = nullptr, long seconds = 300);

/// What a download asks of its caller.
struct http_sink {
    /// The answer's status and the bytes it announces (-1: unknown); called once, before any data. False stops it.
    std::function<bool(long status, std::int64_t announced)> begin;
    /// The next bytes. False stops it.
    std::function<bool(std::string_view bytes)> data;
};

/// How a download ended.
struct http_end {
    bool stopped{false};    ///< by the sink
    std::string problem{};  ///< of the connection; empty where the answer came whole
};

/// GET of a file from byte `first` on, redirects followed (not to other protocols than http and https). A connection that
/// brings less than a byte a second for `stall_seconds` is given up.
[[nodiscard]] http_end http_download(const std::string& url, std::int64_t first, long stall_seconds, const http_sink& to);

}  // namespace cli
