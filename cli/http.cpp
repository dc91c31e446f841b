// cli/http.cpp: sends requests with libcurl; no other file includes it.
#include "http.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include <curl/curl.h>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/version.hpp>

namespace cli {

namespace {

struct curl_closer {
    void operator()(CURL* handle) const noexcept { ::curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const noexcept { ::curl_slist_free_all(list); }
};

using curl_handle = std::unique_ptr<CURL, curl_closer>;

constexpr long connect_seconds = 20;

curl_handle open(const std::string& url, char* error) {
    static const bool ready = ::curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    curl_handle made{ready ? ::curl_easy_init() : nullptr};
    if (!made) throw rd4ad::io_error{url + ": libcurl can't be initialised"};
    ::curl_easy_setopt(made.get(), CURLOPT_URL, url.c_str());
    ::curl_easy_setopt(made.get(), CURLOPT_ERRORBUFFER, error);
    ::curl_easy_setopt(made.get(), CURLOPT_NOSIGNAL, 1L);
    ::curl_easy_setopt(made.get(), CURLOPT_CONNECTTIMEOUT, connect_seconds);
    ::curl_easy_setopt(made.get(), CURLOPT_USERAGENT, rd4ad::text("rd4ad/", rd4ad::version).c_str());
#if LIBCURL_VERSION_NUM >= 0x075500
    ::curl_easy_setopt(made.get(), CURLOPT_PROTOCOLS_STR, "http,https");
    ::curl_easy_setopt(made.get(), CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
    ::curl_easy_setopt(made.get(), CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
    ::curl_easy_setopt(made.get(), CURLOPT_REDIR_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    return made;
}

std::string reason(CURLcode code, const char* detail) { return *detail != '\0' ? detail : ::curl_easy_strerror(code); }

constexpr std::size_t largest_headers = 256 << 10;

/// An answer that arrives, and the bytes that its parts may still have.
struct answer_state {
    http_answer answer{};
    std::size_t body_left{0}, headers_left{largest_headers};
    bool is_too_large{false};

    /// Takes `size` bytes from what is left. Returns false, and notes it, if there are fewer.
    bool take(std::size_t& left, std::size_t size) {
        is_too_large = is_too_large || size > left;
        left -= std::min(size, left);
        return !is_too_large;
    }
};

std::size_t keep_body(const char* bytes, std::size_t size, std::size_t count, void* to) {
    auto& state = *static_cast<answer_state*>(to);
    if (!state.take(state.body_left, size * count)) return 0;
    state.answer.body.append(bytes, size * count);
    return size * count;
}

std::size_t keep_header(const char* bytes, std::size_t size, std::size_t count, void* to) {
    auto& state = *static_cast<answer_state*>(to);
    if (!state.take(state.headers_left, size * count)) return 0;
    auto& headers = state.answer.headers;
    const std::string_view line{bytes, size * count};
    if (line.starts_with("HTTP/")) headers.clear();
    if (const auto colon = line.find(':'); colon != std::string_view::npos) {
        std::string name{line.substr(0, colon)}, value{line.substr(colon + 1)};
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
        const auto begin = value.find_first_not_of(" \t"), end = value.find_last_not_of(" \t\r\n");
        headers[name] = begin == std::string::npos ? "" : value.substr(begin, end - begin + 1);
    }
    return size * count;
}

/// The state of a running request.
struct request_state {
    CURL* handle;
    const http_sink* to;
    bool begun{false}, stopped{false};

    bool begin() {
        if (begun) return !stopped;
        begun = true;
        long status = 0;
        curl_off_t announced = -1;
        ::curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
        ::curl_easy_getinfo(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
        stopped = !to->begin(status, announced);
        return !stopped;
    }
};

std::size_t forward(const char* bytes, std::size_t size, std::size_t count, void* to) {
    auto& job = *static_cast<request_state*>(to);
    if (!job.begin()) return 0;
    if (job.to->data({bytes, size * count})) return size * count;
    job.stopped = true;
    return 0;
}

}  // namespace

std::string http_library() { return rd4ad::text("libcurl ", ::curl_version_info(CURLVERSION_NOW)->version); }

http_answer http_request(const std::string& url, const http_request_options& options) {
    char error[CURL_ERROR_SIZE] = "";
    const auto handle = open(url, error);
    answer_state state{.body_left = options.largest};
    std::unique_ptr<curl_slist, curl_closer> list;
    for (const auto& header : options.headers) list.reset(::curl_slist_append(list.release(), header.c_str()));
    list.reset(::curl_slist_append(list.release(), "Expect:"));
    ::curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, list.get());
    if (options.body != nullptr) {
        ::curl_easy_setopt(handle.get(), CURLOPT_POST, 1L);
        ::curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDS, options.body->data());
        ::curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(options.body->size()));
    }
    ::curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT, options.seconds);
    ::curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, &keep_body);
    ::curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &state);
    ::curl_easy_setopt(handle.get(), CURLOPT_HEADERFUNCTION, &keep_header);
    ::curl_easy_setopt(handle.get(), CURLOPT_HEADERDATA, &state);
    const auto code = ::curl_easy_perform(handle.get());
    if (state.is_too_large)
        throw rd4ad::io_error{rd4ad::text(url, ": the answer is larger than expected (at most ", options.largest, " bytes, and ",
                                          largest_headers, " bytes of headers); check the address")};
    if (code != CURLE_OK) throw rd4ad::io_error{rd4ad::text(url, ": no answer: ", reason(code, error))};
    ::curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &state.answer.status);
    return std::move(state.answer);
}

http_end http_download(const std::string& url, std::int64_t first, long stall_seconds, const http_sink& to) {
    char error[CURL_ERROR_SIZE] = "";
    const auto handle = open(url, error);
    request_state job{handle.get(), &to};
    ::curl_easy_setopt(handle.get(), CURLOPT_FOLLOWLOCATION, 1L);
    ::curl_easy_setopt(handle.get(), CURLOPT_MAXREDIRS, 10L);
    const auto range = rd4ad::text(first, '-');
    if (first > 0)  // not CURLOPT_RESUME_FROM, which fails if the server ignores it
        ::curl_easy_setopt(handle.get(), CURLOPT_RANGE, range.c_str());
    ::curl_easy_setopt(handle.get(), CURLOPT_LOW_SPEED_LIMIT, 1L);
    ::curl_easy_setopt(handle.get(), CURLOPT_LOW_SPEED_TIME, stall_seconds);
    ::curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, &forward);
    ::curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &job);
    const auto code = ::curl_easy_perform(handle.get());
    if (!job.begun && code == CURLE_OK) job.begin();  // an answer without a body
    if (job.stopped) return {.stopped = true};
    return {.problem = code == CURLE_OK ? "" : reason(code, error)};
}

}  // namespace cli
