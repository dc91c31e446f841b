// examples/server.cpp: a small HTTP server: POST an image's bytes to /score, the answer is JSON. It is for a private network: it
// has no encryption and no authentication.
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

int main(int count, char** words) {
    if (count < 2 || count > 3) {
        std::fputs("usage: server CHECKPOINT [PORT]\n\n  PORT   by default a free one; the server prints it\n", stderr);
        return 2;
    }
    try {
        const rd4ad::detector<cpu> detector{std::filesystem::path{words[1]}};
        httplib::Server server;
        server.set_payload_max_length(std::size_t{64} << 20);
        server.Post("/score", [&](const httplib::Request& request, httplib::Response& response) {
            const auto answer = [&](int status, const json& content) {
                response.status = status;
                response.set_content(content.dump() + '\n', "application/json");
            };
            try {
                const auto image = rd4ad::image::decode(std::as_bytes(std::span{request.body}), "the posted image");
                answer(200, rd4ad::to_json(detector.score(image)));
            } catch (const rd4ad::format_error& problem) {
                answer(400, {{"error", problem.what()}});
            } catch (const std::exception& problem) {
                answer(500, {{"error", problem.what()}});
            }
        });
        int port = count > 2 ? std::stoi(words[2]) : 0;
        if (port == 0)
            port = server.bind_to_any_port("127.0.0.1");
        else if (!server.bind_to_port("127.0.0.1", port))
            port = -1;
        if (port <= 0) throw rd4ad::io_error{"the server can't listen on this port; give another one"};
        std::printf("http://127.0.0.1:%d/score\n", port);
        std::fflush(stdout);
        return server.listen_after_bind() ? 0 : 1;
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "server: %s\n", problem.what());
        return 1;
    }
}
