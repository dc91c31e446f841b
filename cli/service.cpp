// cli/service.cpp: who may ask the service, and its answers about itself and its models.
#include "service.hpp"

#include <algorithm>
#include <new>
#include <span>
#include <string_view>
#include <utility>

#include <openssl/crypto.h>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/version.hpp>
#include <rd4ad/io/json.hpp>

#include "service_answers.hpp"
#include "sha256.hpp"

namespace cli {

namespace {

/// The paths of the service. Those of a model hold its name, as /v2/models/NAME/infer.
enum class route { none, page, live, ready, server, models, metrics, model, model_ready, config, infer, score, feedback };

constexpr const char* route_names[]{"none",  "page",        "live",   "ready", "server", "models",  "metrics",
                                    "model", "model_ready", "config", "infer", "score",  "feedback"};

constexpr std::size_t max_name = 200;

/// A path and the model's name in it.
struct place {
    route where{route::none};
    std::string model{};
};

/// The place of a path. Names that no model can have are no place, so that no path of a request names a file.
place place_of(std::string_view path) {
    if (path == "/") return {route::page};
    if (path == "/metrics") return {route::metrics};
    if (path == "/v2" || path == "/v2/") return {route::server};
    if (path == "/v2/health/live") return {route::live};
    if (path == "/v2/health/ready") return {route::ready};
    if (path == "/v2/models") return {route::models};
    constexpr std::string_view models = "/v2/models/", version = "/versions/1";
    if (!path.starts_with(models)) return {};
    path.remove_prefix(models.size());
    const auto end = path.find('/');
    const std::string name{path.substr(0, end)};
    auto rest = end == path.npos ? std::string_view{} : path.substr(end);
    if (rest.starts_with(version)) rest.remove_prefix(version.size());
    if (name.size() > max_name || !rd4ad::is_model_name(name)) return {};
    if (rest.empty()) return {route::model, name};
    if (rest == "/ready") return {route::model_ready, name};
    if (rest == "/config") return {route::config, name};
    if (rest == "/infer") return {route::infer, name};
    if (rest == "/score") return {route::score, name};
    if (rest == "/feedback") return {route::feedback, name};
    return {};
}

bool is_posted(route at) { return at == route::infer || at == route::score || at == route::feedback; }

/// Whether everybody may see it: the page holds no data, and a watchdog has no token.
bool is_open(route at) { return at == route::page || at == route::live || at == route::ready; }

/// "host" of "host:port" and of "[address]:port".
std::string host_of(const std::string& authority) {
    if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
    return authority.substr(0, authority.find(':'));
}

/// Compares digests in a time that does not depend on the place of a difference.
bool is_token(const std::string& found, const std::string& expected) {
    const auto one = sha256_of(std::as_bytes(std::span{found})), other = sha256_of(std::as_bytes(std::span{expected}));
    return ::CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace

bool is_loopback(const std::string& host) {
    return host == "localhost" || host == "::1" || host == "[::1]" ||
           (host.starts_with("127.") && host.size() <= 15 && host.find_first_not_of("0123456789.") == host.npos);
}

service::service(service_options options, const repository& models, rd4ad::serve::metric_set& to)
    : options_{std::move(options)}, models_{models}, metrics_{to}, decoders_{static_cast<std::ptrdiff_t>(options_.decoders)} {}

std::vector<rd4ad::serve::metric_family> service::metric_families() {
    using enum rd4ad::serve::metric_kind;
    auto all = rd4ad::serve::model_metrics();
    all.push_back({"rd4ad_requests_total", "Requests by route and status.", counter});
    all.push_back({"rd4ad_request_seconds",
                   "Seconds from a connection to its answer.",
                   histogram,
                   {.001, .003, .01, .03, .1, .3, 1, 3, 10, 30}});
    all.push_back({"rd4ad_models", "Models that are loaded.", gauge});
    all.push_back({"rd4ad_model_problems", "Checkpoints that can't be loaded.", gauge});
    all.push_back({"rd4ad_feedback_total", "Images kept as wrongly judged, by their true label.", counter});
    all.push_back({"rd4ad_info", "1, with the version.", gauge});
    return all;
}

std::optional<server_answer> service::refuse(const server_request& request) const {
    const auto host = request.header("host");
    if (is_loopback(options_.host) && !is_loopback(host_of(host)))
        return problem(403, "the header Host names no host of this machine; ask http://127.0.0.1, or start with --host");
    if (const auto origin = request.header("origin"); !origin.empty()) {
        const auto scheme = origin.find("://");
        if (scheme == origin.npos || origin.substr(scheme + 3) != host)
            return problem(403, "the request comes from a page of another site");
    }
    const auto [where, name] = place_of(request.path);
    if (where == route::none) return problem(404, "no such path; see /v2/models for the models");
    const bool allowed = is_posted(where) ? request.method == "POST" : request.method == "GET" || request.method == "HEAD";
    if (!allowed) {
        auto made = problem(405, rd4ad::text("this path takes ", is_posted(where) ? "POST" : "GET"));
        made.headers.emplace_back("Allow", is_posted(where) ? "POST" : "GET, HEAD");
        return made;
    }
    if (options_.token.empty() || is_open(where)) return std::nullopt;
    constexpr std::string_view bearer = "Bearer ";
    const auto given = request.header("authorization");
    if (given.starts_with(bearer) && is_token(given.substr(bearer.size()), options_.token)) return std::nullopt;
    auto made = problem(401, "the request needs the service's token: Authorization: Bearer TOKEN");
    made.headers.emplace_back("WWW-Authenticate", "Bearer");
    return made;
}

server_answer service::answer(const server_request& request) {
    try {
        return answer_by(request);
    } catch (const rd4ad::error& caught) {
        const auto code = caught.code();
        const bool is_own = code == rd4ad::error_code::io || code == rd4ad::error_code::device;
        return problem(code == rd4ad::error_code::memory ? 503 : is_own ? 500 : 400, caught.what());
    } catch (const std::bad_alloc&) {
        return problem(503, "the memory does not suffice; send a smaller image, or try again");
    }
}

server_answer service::answer_by(const server_request& request) {
    const auto [where, name] = place_of(request.path);
    switch (where) {
        case route::page:
            return {.type = "text/html; charset=utf-8", .body = options_.page, .headers = {{"X-Frame-Options", "DENY"}}};
        case route::live:
            return json_answer({{"live", true}});
        case route::ready:
            return is_draining_ ? problem(503, "the service ends") : json_answer({{"ready", true}});
        case route::server:
            return json_answer(
                {{"name", "rd4ad"}, {"version", rd4ad::version}, {"extensions", rd4ad::io::json::array({"binary_tensor_data"})}});
        case route::models:
            return list_models();
        case route::metrics:
            return metrics_text();
        default:
            break;
    }
    const auto found = models_.find(name);
    if (!found) {
        const auto problems = models_.problems();
        const auto reason = problems.find(name);
        if (reason == problems.end()) return problem(404, rd4ad::text("no model '", name, "'; see /v2/models"));
        return problem(503, rd4ad::text("the model '", name, "' can't be loaded; the service's log has the reason"));
    }
    switch (where) {
        case route::model:
            return metadata(*found);
        case route::model_ready:
            return json_answer({{"name", name}, {"ready", true}});
        case route::config:
            return configuration(*found);
        case route::infer:
            return infer(*found, request);
        case route::score:
            return score(*found, request);
        default:
            return keep_feedback(*found, request);
    }
}

void service::count(const server_event& of) {
    const auto where = route_names[static_cast<int>(place_of(of.path).where)];
    metrics_.add("rd4ad_requests_total", {{"route", where}, {"status", std::to_string(of.status)}});
    metrics_.observe("rd4ad_request_seconds", {{"route", where}}, of.seconds);
}

server_answer service::list_models() const {
    auto list = rd4ad::io::json::array();
    for (const auto& one : models_.models()) {
        const auto& by = one->detector();
        list.push_back({{"name", one->name()},
                        {"state", "READY"},
                        {"arch", std::string{by.arch().name}},
                        {"is_calibrated", !by.calibrations().empty()},
                        {"products", products_of(by)}});
    }
    for (const auto& [name, reason] : models_.problems())
        if (!models_.find(name)) list.push_back({{"name", name}, {"state", "UNAVAILABLE"}});
    return json_answer({{"models", list}, {"feedback", !options_.feedback.empty()}});
}

server_answer service::metrics_text() {
    const auto all = models_.models();
    for (const auto& one : all) one->update_metrics();
    metrics_.set("rd4ad_models", {}, static_cast<double>(all.size()));
    metrics_.set("rd4ad_model_problems", {}, static_cast<double>(models_.problems().size()));
    metrics_.set("rd4ad_info", {{"version", rd4ad::version}}, 1);
    return {.type = "text/plain; version=0.0.4", .body = metrics_.text_format()};
}

}  // namespace cli
