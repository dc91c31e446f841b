// Chooses the engine by the options, and keeps the receivers of the log. Compiled for every processor of the platform.
#include <algorithm>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include <rd4ad_engine_variants.hpp>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/instruction_set.hpp>

#include "engine.hpp"

#define RD4AD_DECLARE(isa) const rd4ad::boundary::engine_table* rd4ad_engine_##isa();
extern "C" {
RD4AD_VARIANTS(RD4AD_DECLARE)
}
#undef RD4AD_DECLARE

namespace rd4ad::boundary::inline v1 {

namespace {

#define RD4AD_NAME(isa) #isa,
constexpr std::string_view variant_names[]{RD4AD_VARIANTS(RD4AD_NAME)};
#undef RD4AD_NAME
#define RD4AD_ENTRY(isa) &rd4ad_engine_##isa,
constexpr const engine_table* (*variant_entries[])(){RD4AD_VARIANTS(RD4AD_ENTRY)};
#undef RD4AD_ENTRY

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
    const auto& requested = options.instruction_set;
    try {
        const auto index = requested.empty()
                               ? select_instruction_set(variant_names)
                               : select_instruction_set(variant_names, requested, "instruction set \"" + requested + '"');
        return variant_entries[index]()->make(options);
    } catch (const option_error& wrong) {
        throw problem{static_cast<int>(error_code::option), wrong.what()};
    }
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
