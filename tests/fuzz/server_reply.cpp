// A server's answers to rd4ad score --server: any bytes. They must give maps, or an rd4ad::error. The input holds the answers,
// which the byte 0x1E separates; "!" begins one with status 500, and "N:" one whose JSON has N bytes.
#include "kserve.hpp"

#include <string>
#include <utility>
#include <vector>

#include "fuzz.hpp"

namespace {

std::string_view answers;

}  // namespace

// In place of cli/http.cpp.
cli::http_answer cli::http_request(const std::string&, const http_request_options&) {
    auto body = answers.substr(0, answers.find('\x1e'));
    answers.remove_prefix(std::min(answers.size(), body.size() + 1));
    cli::http_answer answer{.status = 200};
    if (body.starts_with('!')) {
        answer.status = 500;
        body.remove_prefix(1);
    }
    if (const auto colon = body.find(':'); colon < 8) {
        answer.headers["inference-header-content-length"] = body.substr(0, colon);
        body.remove_prefix(colon + 1);
    }
    answer.body = body;
    return answer;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    answers = fuzz::text(data, size);
    return fuzz::run([&] {
        const cli::served_model model{"http://server", "m", cli::tensor_format::automatic};
        const auto pixels = model.settings().height * model.settings().width;
        if (pixels == 0 || pixels > 1u << 12) return;
        const std::vector<float> input(3 * pixels);
        for (const auto& map : model.maps(input))
            if (map.pixels.size() != pixels) __builtin_trap();
    });
}
