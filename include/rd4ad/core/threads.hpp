// rd4ad/core/threads.hpp: the number of threads, index ranges and a parallel loop. Twin: tests/core/threads.cpp
#pragma once
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <thread>
#include <vector>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The number of threads that 0 stands for: the environment variable RD4AD_THREADS if it is a number above 0, else the number of
/// hardware threads.
[[nodiscard]] inline std::size_t default_threads() {
    if (const char* setting = std::getenv("RD4AD_THREADS"))
        if (const long count = std::strtol(setting, nullptr, 10); count > 0) return static_cast<std::size_t>(count);
    const unsigned hardware = std::thread::hardware_concurrency();
    return hardware == 0 ? 1 : hardware;
}

/// The indices first .. last - 1.
struct index_range {
    std::size_t first, last;
};

/// Splits 0 .. count - 1 into `parts` contiguous ranges whose sizes differ by at most one; returns range `index`.
[[nodiscard]] constexpr index_range partition(std::size_t count, std::size_t parts, std::size_t index) noexcept {
    const std::size_t each = count / parts, left = count % parts;
    const std::size_t first = index * each + (index < left ? index : left);
    return {first, first + each + (index < left ? 1 : 0)};
}

/// Calls work(i) for every i in 0 .. count - 1. Splits the indices among at most `threads` threads (0: default_threads()), one
/// contiguous range per thread. For code without a backend, such as reading images and computing metrics. Rethrows the exception
/// of the first range that failed, after all threads have ended.
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
                    const auto [first, last] = partition(count, threads, t);
                    for (std::size_t i = first; i < last; ++i) work(i);
                } catch (...) {
                    failures[t] = std::current_exception();
                }
            });
    }
    for (const auto& failure : failures)
        if (failure) std::rethrow_exception(failure);
}

}  // namespace rd4ad::inline RD4AD_ABI
