// cli/http_server.cpp: serves with cpp-httplib; no other file includes it.
#include "http_server.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <exception>
#include <thread>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <httplib.h>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/json.hpp>

namespace cli {

namespace {

using server_clock = std::chrono::steady_clock;

/// Waits until a socket is ready. Returns false at the deadline.
bool is_ready(int socket, short events, server_clock::time_point deadline) {
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - server_clock::now()).count();
        if (left <= 0) return false;
        ::pollfd one{socket, events, 0};
        const int found = ::poll(&one, 1, static_cast<int>(left));
        if (found > 0) return true;
        if (found < 0 && errno != EINTR) return false;
    }
}

/// Ends a connection so that the client gets the answer even if it still sends: closes the sending side, and drops what arrives
/// for a short while.
void close_gently(int socket) {
    ::shutdown(socket, SHUT_WR);
    const auto deadline = server_clock::now() + std::chrono::milliseconds{500};
    char dropped[16384];
    std::size_t left = std::size_t{4} << 20;
    while (left > 0 && is_ready(socket, POLLIN, deadline)) {
        const auto count = ::recv(socket, dropped, sizeof dropped, 0);
        if (count <= 0) break;
        left -= std::min(left, static_cast<std::size_t>(count));
    }
    ::close(socket);
}

/// The Content-Length of a request with a body; none unless it is one plain number.
std::optional<std::size_t> length_of(const httplib::Request& request) {
    if (request.get_header_value_count("Content-Length") != 1) return std::nullopt;
    const auto digits = request.get_header_value("Content-Length");
    if (digits.empty() || digits.size() > 15 || digits.find_first_not_of("0123456789") != digits.npos) return std::nullopt;
    return std::stoull(digits);
}

server_answer refusal(int status, const std::string& reason) {
    return {.status = status, .body = rd4ad::io::dump_json({{"error", reason}}) + '\n'};
}

server_request request_of(const httplib::Request& from) {
    server_request made{.method = from.method, .path = from.path, .peer = from.remote_addr};
    for (const auto& [name, value] : from.params) made.query.emplace(name, value);
    for (const auto& [name, value] : from.headers) {
        auto lower = name;
        std::transform(lower.begin(), lower.end(), lower.begin(),
                       [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
        auto& to = made.headers[lower];
        to += (to.empty() ? "" : ", ") + value;
    }
    return made;
}

void put(const server_answer& from, httplib::Response& to) {
    to.status = from.status;
    for (const auto& [name, value] : from.headers) to.set_header(name, value);
    to.set_header("X-Content-Type-Options", "nosniff");
    to.set_header("Cache-Control", "no-store");
    to.set_content(from.body, from.type);
}

}  // namespace

/// A connection's bytes, with a limit of bytes and a deadline for the headers, then for the body, then for the answer.
class limited_stream final : public httplib::Stream {
   public:
    limited_stream(int socket, const server_limits& limits)
        : socket_{socket}, limits_{limits}, budget_{limits.max_header}, deadline_{server_clock::now() + limits.header_time} {}

    /// Allows the body's bytes and time.
    void begin_body() {
        budget_ += limits_.max_body;
        deadline_ = server_clock::now() + limits_.body_time;
    }

    [[nodiscard]] bool is_readable() const override { return next_ < filled_ || is_ready(socket_, POLLIN, deadline_); }
    [[nodiscard]] bool is_writable() const override {
        return is_ready(socket_, POLLOUT, server_clock::now() + limits_.write_time);
    }

    ::ssize_t read(char* to, std::size_t size) override {
        if (next_ == filled_ && !fill()) return -1;
        if (filled_ == 0) return 0;
        const std::size_t count = std::min(size, filled_ - next_);
        std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(next_), count, to);
        next_ += count;
        return static_cast<::ssize_t>(count);
    }

    ::ssize_t write(const char* from, std::size_t size) override {
        if (sent_ == 0) write_deadline_ = server_clock::now() + limits_.write_time;
        if (!is_ready(socket_, POLLOUT, write_deadline_)) return -1;
        const auto count = ::send(socket_, from, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
        sent_ += static_cast<std::size_t>(count);
        return count;
    }

    void get_remote_ip_and_port(std::string& ip, int& port) const override { address(::getpeername, ip, port); }
    void get_local_ip_and_port(std::string& ip, int& port) const override { address(::getsockname, ip, port); }
    [[nodiscard]] socket_t socket() const override { return socket_; }

    [[nodiscard]] std::size_t received() const noexcept { return received_; }
    [[nodiscard]] std::size_t sent() const noexcept { return sent_; }
    [[nodiscard]] bool is_late() const { return server_clock::now() >= deadline_; }

   private:
    /// Reads into the empty buffer. Returns false for an error, the deadline, or no budget; an end leaves the buffer empty.
    bool fill() {
        next_ = filled_ = 0;
        const std::size_t allowed = std::min(buffer_.size(), budget_);
        if (allowed == 0 || !is_ready(socket_, POLLIN, deadline_)) return false;
        const auto count = ::recv(socket_, buffer_.data(), allowed, 0);
        if (count < 0) return false;
        filled_ = static_cast<std::size_t>(count);
        budget_ -= filled_;
        received_ += filled_;
        return true;
    }

    template <class Get>
    void address(const Get& get, std::string& ip, int& port) const {
        ::sockaddr_storage found{};
        ::socklen_t length = sizeof found;
        if (get(socket_, reinterpret_cast<::sockaddr*>(&found), &length) != 0) return;
        char host[NI_MAXHOST] = "", service[NI_MAXSERV] = "";
        if (::getnameinfo(reinterpret_cast<::sockaddr*>(&found), length, host, sizeof host, service, sizeof service,
                          NI_NUMERICHOST | NI_NUMERICSERV) != 0)
            return;
        ip = host;
        port = std::atoi(service);
    }

    int socket_;
    const server_limits& limits_;
    std::size_t budget_, next_{0}, filled_{0}, received_{0}, sent_{0};
    server_clock::time_point deadline_, write_deadline_{};
    std::array<char, 16384> buffer_{};
};

std::string http_server_library() { return rd4ad::text("cpp-httplib ", CPPHTTPLIB_VERSION); }

std::string server_request::header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
}

std::string server_request::parameter(const std::string& name) const {
    const auto found = query.find(name);
    return found == query.end() ? "" : found->second;
}

class http_server::implementation final : public httplib::Server {
   public:
    implementation(const server_limits& limits, server_functions functions) : limits_{limits}, functions_{std::move(functions)} {
        new_task_queue = [count = limits.connections] { return new httplib::ThreadPool(count); };
        set_tcp_nodelay(true);
        set_socket_options([](socket_t socket) {  // without SO_REUSEPORT, by which two servers would share a port unnoticed
            const int on = 1;
            ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        });
        set_payload_max_length(limits.max_body);
        set_expect_100_continue_handler([this](const httplib::Request& request, httplib::Response& response) {
            return refuse(request, response) ? response.status : 100;
        });
        set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
            if (!refuse(request, response)) {
                if (request.method == "POST") return HandlerResponse::Unhandled;
                current_->is_whole = true;
                put(functions_.answer(request_of(request)), response);
            }
            return HandlerResponse::Handled;
        });
        Post(".*", [this](const httplib::Request& request, httplib::Response& response, const httplib::ContentReader& reader) {
            put(answer_post(request, reader), response);
        });
        set_exception_handler([](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
            put(refusal(500, "the request failed"), response);
        });
        set_logger([this](const httplib::Request& request, const httplib::Response& response) {
            auto& by = *current_;
            functions_.done({request.method, request.path, request.remote_addr, response.status, by.stream.received(),
                             by.stream.sent(), std::chrono::duration<double>(server_clock::now() - by.began).count()});
        });
    }

    /// Listens on a port, 0: on a free one. Returns the port, or a negative number.
    int bind(const std::string& host, int port) {
        const int bound = port == 0 ? bind_to_any_port(host) : bind_to_port(host, port) ? port : -1;
        constexpr int backlog = 512;  // cpp-httplib's is 5: more clients that connect at once would wait a second
        return bound > 0 && ::listen(svr_sock_, backlog) == 0 ? bound : -1;
    }

   private:
    struct connection {
        limited_stream stream;
        server_clock::time_point began{server_clock::now()};
        bool is_whole{false};  ///< the request was read to its end
    };

    /// The calling thread's connection.
    static thread_local connection* current_;

    bool process_and_close_socket(socket_t socket) override {
        connection own{limited_stream{socket, limits_}};
        current_ = &own;
        bool was_closed = false, is_answered = false;
        try {
            is_answered = process_request(own.stream, true, was_closed, [&](httplib::Request& request) {
                request.ranges.clear();
                own.stream.begin_body();
            });
        } catch (const std::exception&) {  // of a request that cpp-httplib can't read
        }
        current_ = nullptr;
        if (own.is_whole)
            ::close(socket);
        else
            close_gently(socket);
        return is_answered;
    }

    /// Puts the answer to a request that is refused before its body is read.
    bool refuse(const httplib::Request& request, httplib::Response& response) const {
        auto found = functions_.allow(request_of(request));
        if (!found && request.method == "POST") found = refuse_body(request);
        if (found) put(*found, response);
        return found.has_value();
    }

    [[nodiscard]] std::optional<server_answer> refuse_body(const httplib::Request& request) const {
        if (request.has_header("Transfer-Encoding") || !request.has_header("Content-Length"))
            return refusal(411, "the request has no Content-Length; send the body's length, not chunks");
        const auto length = length_of(request);
        if (!length) return refusal(400, "Content-Length is no number; send the bytes of the body once");
        if (*length > limits_.max_body)
            return refusal(413, rd4ad::text("the body has ", *length, " bytes, this server takes ", limits_.max_body));
        if (request.has_header("Content-Encoding") || request.is_multipart_form_data())
            return refusal(415, "the body is encoded; send the bytes as they are, without Content-Encoding and not as a form");
        return std::nullopt;
    }

    [[nodiscard]] server_answer answer_post(const httplib::Request& from, const httplib::ContentReader& reader) {
        auto request = request_of(from);
        const auto length = length_of(from).value_or(0);
        std::size_t held = 0;
        bool is_full = false;
        const auto give_back = [&] { bodies_ -= held; };
        reader([&](const char* bytes, std::size_t count) {
            held += count;
            is_full = bodies_.fetch_add(count) + count > limits_.max_bodies;
            if (is_full || held > limits_.max_body) return false;
            request.body.append(bytes, count);
            return true;
        });
        struct at_end {
            const decltype(give_back)& run;
            ~at_end() { run(); }
        } const guard{give_back};
        if (is_full) {
            auto busy = refusal(503, "the server holds too many bodies; try again");
            busy.headers.emplace_back("Retry-After", "1");
            return busy;
        }
        if (request.body.size() != length)
            return current_->stream.is_late()
                       ? refusal(408,
                                 rd4ad::text("the body did not arrive in time: ", request.body.size(), " of ", length, " bytes"))
                       : refusal(400, rd4ad::text("the body ended after ", request.body.size(), " of ", length, " bytes"));
        current_->is_whole = true;
        return functions_.answer(request);
    }

    server_limits limits_;
    server_functions functions_;
    std::atomic<std::size_t> bodies_{0};
};

thread_local http_server::implementation::connection* http_server::implementation::current_ = nullptr;

http_server::http_server(const server_limits& limits, server_functions functions)
    : impl_{std::make_unique<implementation>(limits, std::move(functions))} {}
http_server::~http_server() = default;

int http_server::bind(const std::string& host, int port) {
    const int bound = impl_->bind(host, port);
    if (bound <= 0)
        throw rd4ad::io_error{rd4ad::text("can't listen on ", host, ", port ", port,
                                          ": the port is taken, needs root, or the host is no address of this machine")};
    return bound;
}

void http_server::run() { impl_->listen_after_bind(); }

void http_server::stop() {
    while (!impl_->is_running()) std::this_thread::sleep_for(std::chrono::milliseconds{1});  // `run` has not begun to listen
    impl_->stop();
}

}  // namespace cli
