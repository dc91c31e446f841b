// rd4ad/core/log.hpp: the library's one log: events for the program's own logger, silent by default. Twin: tests/core/log.cpp
#pragma once
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The weight of an event.
enum class log_level {
    debug,   ///< details for whoever examines the library
    info,    ///< a step of a long run
    warning  ///< a result may be worse than expected; the run goes on
};

/// "debug", "info" or "warning".
[[nodiscard]] constexpr std::string_view to_string(log_level level) noexcept {
    constexpr std::string_view names[]{"debug", "info", "warning"};
    return names[static_cast<std::size_t>(level)];
}

/// A named value of an event.
struct log_field {
    std::string key, value;
};

/// An event. Its views are valid during the call that receives it.
struct log_event {
    log_level level;
    std::string_view text;              ///< one sentence without values: equal for all events of a kind
    std::span<const log_field> fields;  ///< the values
};

/// Receives events. Several threads may call it at once. It must not call set_log.
using log_hook = std::function<void(const log_event&)>;

namespace core_detail {

struct log_state {
    std::mutex mutex;
    std::shared_ptr<const log_hook> hook;

    [[nodiscard]] std::shared_ptr<const log_hook> current() {
        const std::lock_guard lock{mutex};
        return hook;
    }
};

/// The program's log, also across the library rd4ad::compiled.
[[nodiscard]] inline log_state& program_log() {
    static log_state state;
    return state;
}

}  // namespace core_detail

/// Sends all events of the program to `hook`; an empty one silences them, as at the start. Events on other threads may reach the
/// old hook until set_log returns, and while such a call lasts. The library itself never prints.
inline void set_log(log_hook hook) {
    auto made = hook ? std::make_shared<const log_hook>(std::move(hook)) : nullptr;
    auto& state = core_detail::program_log();
    const std::lock_guard lock{state.mutex};
    state.hook.swap(made);
}

/// Sends an event to the hook, if there is one. An exception of the hook passes to the caller.
inline void write_log(const log_event& event) {
    if (const auto hook = core_detail::program_log().current()) (*hook)(event);
}

/// The same for an event in parts.
inline void write_log(log_level level, std::string_view text, std::initializer_list<log_field> fields = {}) {
    write_log({.level = level, .text = text, .fields = {fields.begin(), fields.size()}});
}

}  // namespace rd4ad::inline RD4AD_ABI
