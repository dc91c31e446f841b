// Bodies of inference requests to rd4ad serve: any bytes. They must give inputs, or an rd4ad::error; an answer to a request that
// was read is readable JSON. The input's first line is the header Inference-Header-Content-Length, empty without that header.
#include <rd4ad/serve/infer.hpp>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto content = fuzz::text(data, size);
    const auto line = std::min(content.find('\n'), content.size());
    const auto body = content.substr(std::min(line + 1, content.size()));
    const std::optional<std::string> header = line == 0 ? std::nullopt : std::optional{std::string{content.substr(0, line)}};
    const rd4ad::serve::infer_limits by{.width = 2, .height = 2, .max_batch = 2};
    const std::vector<std::string> outputs{"map", "raw_score", "score"};
    return fuzz::run([&] {
        const auto request = rd4ad::serve::read_infer_request(body, header, by, outputs);
        if (request.count < 1 || request.count > 2 || request.inputs.size() != request.count * 12) __builtin_trap();
        for (const float one : request.inputs)
            if (!std::isfinite(one)) __builtin_trap();
        const std::vector<rd4ad::detection_result> results(request.count,
                                                           {.raw_score = 0.5f, .score = 0.25, .map = {2, 2, 1, {0, 1, 2, 3}}});
        const auto answer = rd4ad::serve::write_infer_answer("m", request, results);
        static_cast<void>(rd4ad::io::parse_json(std::string_view{answer.bytes}.substr(0, answer.json_bytes), "answer"));
    });
}
