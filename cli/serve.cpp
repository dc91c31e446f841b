// cli/serve.cpp: rd4ad serve.
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/log.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/core/version.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/score/page_template.hpp>
#include <rd4ad/serve/model_repository.hpp>

#include "commands.hpp"
#include "compute_flags.hpp"
#include "console.hpp"
#include "detector.hpp"
#include "outputs.hpp"
#include "token_file.hpp"
#if defined(RD4AD_WITH_HTTP)
#include "service.hpp"
#endif

namespace cli {

usage serve_usage() {
    return {.synopsis = "--models DIR [FLAGS...]",
            .flags = join_flags(
                {{{"models", "DIR", "", "folder of checkpoints: NAME.safetensors is the model NAME; watched for changes"},
                  {"host", "HOST", "127.0.0.1", "address to listen on; one that others reach needs --token-file"},
                  {"port", "PORT", "8080", "port to listen on; 0: a free one, which the first line on standard output names"},
                  {"token-file", "FILE", "", "file with the token that requests must have (Authorization: Bearer TOKEN)"},
                  {"feedback", "DIR", "", "keep images that were judged wrongly, for rd4ad calibrate --labelled"},
                  {"feedback-mb", "MB", "1000", "most megabytes of the folder of --feedback"},
                  {"bs", "N", "8", "most inputs computed at once"},
                  {"wait-ms", "MS", "2", "longest time that a request waits for others of its size"},
                  {"queue", "N", "64", "most requests that wait per model; further ones get status 503"},
                  {"deadline-s", "SECONDS", "10", "longest time for the result of a request"},
                  {"max-body-mb", "MB", "64", "most megabytes of a request"},
                  {"max-megapixels", "N", "50", "most megapixels of an image"},
                  {"connections", "N", "64", "connections served at once"},
                  {"request-s", "SECONDS", "30", "longest time to send a request; a third of it for its headers"},
                  {"poll-s", "SECONDS", "1", "time between two looks at the folder of models"},
                  {"drift-window", "N", "50", "good parts per test of drift; 0: none"},
                  {"quiet", "", "", "log no single requests"}},
                 {no_verify_flag()},
                 overwrite_flags(),
                 compute_flags()}),
            .notes = R"(Serves the checkpoints of a folder over HTTP, by KServe's protocol v2 and by a short way of its own. A new
or replaced checkpoint is taken up while the service runs, a removed one let go. The page at / scores
photographs and the camera's images. /metrics is for Prometheus; the log is one JSON object per line
on standard error. SIGTERM or SIGHUP ends the service when its requests are answered. There is no encryption:
put a proxy with TLS before an address that others reach. docs/serving.md has the details.

Example: serve all models of a folder, then score an image.
  rd4ad serve --models models --port 8080
  curl --data-binary @new.png http://127.0.0.1:8080/v2/models/bottle/score
)"};
}

#if defined(RD4AD_WITH_HTTP)

namespace {

using rd4ad::io::json;

/// Writes log lines: one JSON object each, on standard error.
class log_writer {
   public:
    void write(json fields, const char* level, std::string_view event) {
        std::timespec now{};
        std::timespec_get(&now, TIME_UTC);
        std::tm utc{};
        ::gmtime_r(&now.tv_sec, &utc);
        char time[32];
        std::strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &utc);
        char stamp[48];
        std::snprintf(stamp, sizeof stamp, "%s.%03ldZ", time, now.tv_nsec / 1000000);
        fields["time"] = stamp;
        fields["level"] = level;
        fields["event"] = std::string{event};
        const auto line = rd4ad::io::dump_json(fields) + '\n';
        const std::lock_guard only{mutex_};
        std::fputs(line.c_str(), stderr);
    }

   private:
    std::mutex mutex_{};
};

void log_request(log_writer& to, const server_event& one) {
    constexpr std::size_t most = 256;
    to.write({{"method", one.method},
              {"path", one.path.substr(0, most)},
              {"peer", one.peer},
              {"status", one.status},
              {"received", one.received},
              {"sent", one.sent},
              {"ms", 1000 * one.seconds}},
             one.status >= 500 ? "warning" : "info", "request");
}

std::chrono::milliseconds milliseconds_of(const parsed_options& options, const char* seconds) {
    return std::chrono::milliseconds{static_cast<std::int64_t>(1000 * options.real(seconds, 0.01, 3600))};
}

service_options service_options_of(const parsed_options& options) {
    service_options made{.host = options.required("host"),
                         .max_pixels = options.whole("max-megapixels", 1, 268) * 1'000'000,
                         .decoders = rd4ad::default_threads(),
                         .deadline = milliseconds_of(options, "deadline-s"),
                         .feedback = options.text("feedback"),
                         .overwrite = options.has("overwrite"),
                         .inputs = inputs_of(options),
                         .max_feedback = options.whole("feedback-mb", 1, 1'000'000) * 1'000'000};
    if (options.has("token-file"))
        made.token = token_of(options.required("token-file"));
    else if (!is_loopback(made.host))
        throw usage_error{
            rd4ad::text("--host ", made.host, ": others reach this address; give --token-file FILE, or listen on 127.0.0.1")};
    return made;
}

server_limits limits_of(const parsed_options& options) {
    const auto time = milliseconds_of(options, "request-s");
    const std::size_t max_body = options.whole("max-body-mb", 1, 2000) << 20;
    return {.max_body = max_body,
            .max_bodies = 8 * max_body,
            .connections = options.whole("connections", 1, 4096),
            .header_time = time / 3,
            .body_time = time,
            .write_time = time};
}

/// Blocks the signals that end a service, for this thread and those that it starts: SIGTERM, SIGINT, and SIGHUP unless ignored.
::sigset_t block_signals() {
    ::sigset_t ending;
    ::sigemptyset(&ending);
    for (const int one : {SIGTERM, SIGINT, SIGHUP}) {
        struct ::sigaction before {};
        ::sigaction(one, nullptr, &before);
        if (one != SIGHUP || before.sa_handler != SIG_IGN) ::sigaddset(&ending, one);  // nohup's stays ignored
    }
    ::pthread_sigmask(SIG_BLOCK, &ending, nullptr);
    return ending;
}

/// Serves until a signal, then answers what has been accepted. A second signal ends the process.
void serve_until_signal(http_server& server, service& answers, const ::sigset_t& ending, log_writer& log) {
    std::thread serving{[&] { server.run(); }};
    int signal = 0;
    ::sigwait(&ending, &signal);
    ::pthread_sigmask(SIG_UNBLOCK, &ending, nullptr);
    log.write({{"signal", signal}}, "info", "the service ends");
    answers.drain();
    server.stop();
    serving.join();
}

}  // namespace

int serve(const parsed_options& options) {
    const std::filesystem::path folder = options.required("models");
    auto settings = service_options_of(options);
    const auto limits = limits_of(options);
    const auto port = options.whole("port", 0, 65535);
    const rd4ad::serve::queue_options queue{.max_batch = options.whole("bs", 1, 4096),
                                            .max_wait = std::chrono::milliseconds{options.whole("wait-ms", 0, 10000)},
                                            .max_waiting = options.whole("queue", 1, 100000)};
    const auto poll = milliseconds_of(options, "poll-s");
    const auto window = drift_window_of(options);
    settings.page = rd4ad::page_template("serve.html", "the service's page");
    const detector_loader load{options};
    check_feedback(settings, rd4ad::serve::checkpoints_in(folder));
    const auto ending = block_signals();

    log_writer log;
    const struct silence {
        ~silence() { rd4ad::set_log({}); }
    } at_end;
    rd4ad::set_log([&](const rd4ad::log_event& event) {
        if (event.level == rd4ad::log_level::debug) return;
        json fields;
        for (const auto& one : event.fields) fields[one.key] = one.value;
        log.write(std::move(fields), rd4ad::to_string(event.level).data(), event.text);
    });
    rd4ad::serve::metric_set metrics{service::metric_families()};
    std::mutex turn;
    service::repository models{folder, [&](const std::filesystem::path& file, const std::string& name) {
                                   auto by = load(file, {.batch = queue.max_batch, .size = rd4ad::map_size::network});
                                   return std::make_shared<service::model>(
                                       name, std::move(by),
                                       rd4ad::serve::served_options{.queue = queue, .drift_window = window, .turn = &turn},
                                       metrics);
                               }};
    const auto host = settings.host;
    service answers{std::move(settings), models, metrics};
    http_server server{limits,
                       {.allow = [&](const server_request& one) { return answers.refuse(one); },
                        .answer = [&](const server_request& one) { return answers.answer(one); },
                        .done =
                            [&](const server_event& one) {
                                answers.count(one);
                                if (!options.has("quiet")) log_request(log, one);
                            }}};
    const int bound = server.bind(host, static_cast<int>(port));
    models.poll();
    models.watch(poll);
    print_line(rd4ad::text("http://", host.find(':') == host.npos ? host : '[' + host + ']', ':', bound));
    flush_output();
    serve_until_signal(server, answers, ending, log);
    return 0;
}

#else

int serve(const parsed_options&) {
    throw rd4ad::option_error{"serve: this command is built without it: configure with -D RD4AD_HTTP=ON and build again"};
}

#endif

}  // namespace cli
