// Chooses the engine by the options, and keeps the receivers of the log. Compiled for every processor of the platform.
#include <algorithm>
#include <memory>
#include <mutex>
#include <vector>

#include <rd4ad/core/error.hpp>

#include "engine.hpp"

namespace rd4ad::boundary::inline v1 {

namespace {

struct log_receivers {
    std::mutex mutex;
    std::vector<log_receiver> all;
};

log_receivers& program_receivers() {
    static log_receivers made;
    return made;
}

}  // namespace

std::unique_ptr<engine> make_engine(const engine_options& options) {
    if (!options.instruction_set.empty() && options.instruction_set != "native")
        throw problem{static_cast<int>(error_code::option),
                      "instruction set \"" + options.instruction_set +
                          "\": this library is built for one alone; leave it empty, or use \"native\""};
    return rd4ad_engine_native()->make(options);
}

void add_log_receiver(log_receiver receiver) {
    auto& receivers = program_receivers();
    const std::lock_guard lock{receivers.mutex};
    if (std::find(receivers.all.begin(), receivers.all.end(), receiver) == receivers.all.end()) receivers.all.push_back(receiver);
}

void publish_log(int level, std::string_view text, std::span<const std::pair<std::string_view, std::string_view>> fields) {
    auto& receivers = program_receivers();
    std::vector<log_receiver> current;
    {
        const std::lock_guard lock{receivers.mutex};
        current = receivers.all;
    }
    for (const auto receiver : current) receiver(level, text, fields);
}

}  // namespace rd4ad::boundary::inline v1
