// examples/server.cpp: a small HTTP server: POST an image's bytes to /score, and JSON comes back. For a line's own network: it
// has no encryption and asks nobody who they are.
#include <cstddef>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <span>
#include <string>

#include <httplib.h>

#include <rd4ad/compiled.hpp>

using cpu = rd4ad::backend::xtensor<float>;
using rd4ad::io::json;

namespace {

json described(const rd4ad::finding& found) {
    auto regions = json::array();
    for (const auto& one : found.regions) regions.push_back(rd4ad::to_json(one));
    const auto verdict = found.anomalous();
    return {{"score", found.calibrated ? json(*found.calibrated) : json()},
            {"raw", found.score},
            {"anomalous", verdict ? json(*verdict) : json()},
            {"regions", std::move(regions)}};
}

}  // namespace

int main(int count, char** words) {
    if (count < 2 || count > 3) {
        std::fputs("usage: server CHECKPOINT [PORT]\n\n  PORT   default: one that is free; it is printed\n", stderr);
        return 2;
    }
    try {
        const rd4ad::detector<cpu> detector{std::filesystem::path{words[1]}};
        httplib::Server server;
        server.set_payload_max_length(std::size_t{64} << 20);
        server.Post("/score", [&](const httplib::Request& request, httplib::Response& answer) {
            const auto say = [&](int status, const json& what) {
                answer.status = status;
                answer.set_content(what.dump() + '\n', "application/json");
            };
            try {
                say(200,
                    described(detector.score(rd4ad::image::decode(std::as_bytes(std::span{request.body}), "the posted image"))));
            } catch (const rd4ad::format_error& problem) {
                say(400, {{"error", problem.what()}});
            } catch (const std::exception& problem) {
                say(500, {{"error", problem.what()}});
            }
        });
        int port = count > 2 ? std::stoi(words[2]) : 0;
        if (port == 0)
            port = server.bind_to_any_port("127.0.0.1");
        else if (!server.bind_to_port("127.0.0.1", port))
            port = -1;
        if (port <= 0) throw rd4ad::io_error{"the port can't be listened on: give another one"};
        std::printf("http://127.0.0.1:%d/score\n", port);
        std::fflush(stdout);
        return server.listen_after_bind() ? 0 : 1;
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "server: %s\n", problem.what());
        return 1;
    }
}
