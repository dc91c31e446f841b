// rd4ad/core/threads.hpp: how many threads, and work cut into fixed parts. Twin: tests/core/threads.cpp
#pragma once
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <thread>
#include <vector>

namespace rd4ad {

/// Threads to use where the caller gave 0: RD4AD_THREADS if set to a number above 0, else the processor's.
[[nodiscard]] inline std::size_t default_threads() {
    if (const char* text = std::getenv("RD4AD_THREADS"))
        if (const long given = std::strtol(text, nullptr, 10); given > 0) return static_cast<std::size_t>(given);
    const unsigned found = std::thread::hardware_concurrency();
    return found == 0 ? 1 : found;
}

/// Part `index` of `parts` nearly equal, contiguous parts of 0 .. count - 1: [first, last).
struct part {
    std::size_t first, last;
};
[[nodiscard]] constexpr part part_of(std::size_t count, std::size_t parts, std::size_t index) noexcept {
    const std::size_t each = count / parts, left = count % parts;
    const std::size_t first = index * each + (index < left ? index : left);
    return {first, first + each + (index < left ? 1 : 0)};
}

/// Calls work(i) for i in 0 .. count - 1 on at most `threads` threads (0: default_threads()), each a contiguous part.
/// For floors without a backend: reading and resizing images, metrics. The first exception is thrown again here.
template <class Work>
void parallel_for(std::size_t count, std::size_t threads, const Work& work) {
    if (threads == 0) threads = default_threads();
    if (threads > count) threads = count;
    if (threads <= 1) {
        for (std::size_t i = 0; i < count; ++i) work(i);
        return;
    }
    std::vector<std::exception_ptr> failures(threads);
    {
        std::vector<std::jthread> pool;
        for (std::size_t t = 0; t < threads; ++t)
            pool.emplace_back([&, t] {
                try {
                    const auto [first, last] = part_of(count, threads, t);
                    for (std::size_t i = first; i < last; ++i) work(i);
                } catch (...) {
                    failures[t] = std::current_exception();
                }
            });
    }
    for (const auto& failure : failures)
        if (failure) std::rethrow_exception(failure);
}

}  // namespace rd4ad
