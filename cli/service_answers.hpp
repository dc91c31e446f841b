// cli/service_answers.hpp: the answers that the service's files share. Twin: tests/cli/cases/serve.sh
#pragma once
#include <string>
#include <vector>

#include <rd4ad/io/json.hpp>

#include "detector.hpp"
#include "http_server.hpp"

namespace cli {

/// An answer of JSON.
[[nodiscard]] inline server_answer json_answer(const rd4ad::io::json& content, int status = 200) {
    return {.status = status, .body = rd4ad::io::dump_json(content) + '\n'};
}

/// An answer that states a problem, as KServe v2 has it: {"error": reason}. 503 asks the client to try again after a second.
[[nodiscard]] inline server_answer problem(int status, const std::string& reason) {
    auto made = json_answer({{"error", reason}}, status);
    if (status == 503) made.headers.emplace_back("Retry-After", "1");
    return made;
}

/// The products that have a calibration each; empty for a model without products.
[[nodiscard]] inline std::vector<std::string> products_of(const detector& by) {
    std::vector<std::string> names;
    for (const auto& [name, one] : by.calibrations())
        if (!name.empty()) names.push_back(name);
    return names;
}

}  // namespace cli
