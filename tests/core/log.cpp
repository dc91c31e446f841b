#include <rd4ad/core/log.hpp>
//
#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <support/catch.hpp>

namespace {
using namespace rd4ad;

TEST_CASE("events reach the program's hook, and nobody without one", "[core]") {
    write_log(log_level::warning, "nobody listens");
    std::vector<std::string> seen;
    set_log([&](const log_event& event) {
        std::string line{to_string(event.level)};
        line += ": " + std::string{event.text};
        for (const auto& field : event.fields) line += " " + field.key + "=" + field.value;
        seen.push_back(line);
    });
    write_log(log_level::info, "a checkpoint is saved", {{"path", "a.safetensors"}, {"bytes", "12"}});
    write_log(log_level::debug, "no fields");
    set_log({});
    write_log(log_level::warning, "nobody listens any more");
    CHECK(seen == std::vector<std::string>{"info: a checkpoint is saved path=a.safetensors bytes=12", "debug: no fields"});
}

TEST_CASE("a hook may be exchanged while other threads log, and its exception reaches the caller", "[core]") {
    std::atomic<int> count{0};
    {
        const std::jthread other{[] {
            for (int i = 0; i < 1000; ++i) write_log(log_level::debug, "an event");
        }};
        for (int i = 0; i < 100; ++i) set_log(i % 2 == 0 ? log_hook{[&](const log_event&) { ++count; }} : log_hook{});
    }
    set_log([](const log_event&) { throw std::runtime_error{"the logger's disk is full"}; });
    CHECK_THROWS_AS(write_log(log_level::info, "an event"), std::runtime_error);
    set_log({});
    CHECK(count <= 1000);
}
}  // namespace
