// cli/http_server.hpp: an HTTP server on cpp-httplib whose connections have limits of bytes and time. Twin:
// tests/cli/cases/serve.sh
#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cli {

/// The library and its version: "cpp-httplib 0.11.4".
[[nodiscard]] std::string http_server_library();

/// A request. `path` and the values of `query` are decoded; the names of headers are in lower case. Two headers of one name are
/// joined by ", ", as RFC 9110 has it.
struct server_request {
    std::string method{}, path{}, peer{};
    std::map<std::string, std::string> query{}, headers{};
    std::string body{};  ///< empty before `allow` let the request pass

    /// The value of a header or query parameter; "" without it.
    [[nodiscard]] std::string header(const std::string& name) const;
    [[nodiscard]] std::string parameter(const std::string& name) const;
};

/// An answer.
struct server_answer {
    int status{200};
    std::string type{"application/json"}, body{};
    std::vector<std::pair<std::string, std::string>> headers{};
};

/// What a request may cost.
struct server_limits {
    std::size_t max_header{32 << 10};                ///< bytes of request line and headers
    std::size_t max_body{std::size_t{64} << 20};     ///< bytes of a body
    std::size_t max_bodies{std::size_t{512} << 20};  ///< bytes of all bodies in memory
    std::size_t connections{64};                     ///< served at once; others wait
    std::chrono::milliseconds header_time{10000}, body_time{30000}, write_time{30000};
};

/// A request that was answered, for the log and the metrics.
struct server_event {
    std::string method, path, peer;
    int status;
    std::size_t received, sent;  ///< bytes
    double seconds;
};

/// The functions of a server; several threads call them at once.
struct server_functions {
    /// Refuses a request before its body is read, or lets it pass.
    std::function<std::optional<server_answer>(const server_request&)> allow;
    /// Answers a request that passed.
    std::function<server_answer(const server_request&)> answer;
    /// Receives every answered request.
    std::function<void(const server_event&)> done;
};

/// Serves one request per connection: an idle or slow client holds a thread no longer than the limits state. A request needs a
/// Content-Length where it has a body; encoded bodies are refused, since a small one can be large decoded; ranges are ignored.
class http_server {
   public:
    http_server(const server_limits& limits, server_functions functions);
    ~http_server();
    http_server(const http_server&) = delete;
    http_server& operator=(const http_server&) = delete;

    /// Listens on a port, 0: on a free one. Returns the port. Throws io_error if it can't.
    [[nodiscard]] int bind(const std::string& host, int port);
    /// Serves until `stop`; then answers the requests of all accepted connections, and returns.
    void run();
    /// Stops `run`, which another thread has called or calls soon.
    void stop();

   private:
    class implementation;
    std::unique_ptr<implementation> impl_;
};

}  // namespace cli
