// examples/serve/client.cpp: scores image files with rd4ad serve, by cpp-httplib and nlohmann-json. Needs no rd4ad header.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include <httplib.h>
#include <nlohmann/json.hpp>

namespace {

std::string content_of(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    if (!file) throw std::runtime_error{path + ": can't be read"};
    return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

}  // namespace

int main(int count, char** words) {
    if (count < 4) {
        std::fputs("usage: client URL MODEL IMAGE...\n\n  client http://127.0.0.1:8080 bottle new.png\n", stderr);
        return 2;
    }
    try {
        httplib::Client service{words[1]};
        if (const char* token = std::getenv("RD4AD_TOKEN")) service.set_bearer_token_auth(token);
        for (int i = 3; i < count; ++i) {
            const auto address = "/v2/models/" + std::string{words[2]} + "/score";
            const auto answer = service.Post(address, content_of(words[i]), "application/octet-stream");
            if (!answer) throw std::runtime_error{"no answer: " + httplib::to_string(answer.error())};
            const auto found = nlohmann::json::parse(answer->body);
            if (answer->status != 200) throw std::runtime_error{found.value("error", "status " + std::to_string(answer->status))};
            std::printf("%s\t%f\t%zu regions\n", words[i], found.at("raw_score").get<double>(), found.at("regions").size());
        }
        return 0;
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "client: %s\n", problem.what());
        return 1;
    }
}
