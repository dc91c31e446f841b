// rd4ad/core/threads.hpp: the number of threads, and a parallel loop. Twin: tests/core/threads.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdlib>

#include <rd4ad/core/partition.hpp>
#include <rd4ad/core/processors.hpp>
#include <rd4ad/core/thread_pool.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The number of threads that 0 stands for: the environment variable RD4AD_THREADS if it is a number above 0, else
/// available_processors().
[[nodiscard]] inline std::size_t default_threads() {
    if (const char* setting = std::getenv("RD4AD_THREADS"))
        if (const long count = std::strtol(setting, nullptr, 10); count > 0) return static_cast<std::size_t>(count);
    return available_processors();
}

/// Calls work(i) for every i in 0 .. count - 1. Splits the indices into at most `threads` contiguous ranges (0:
/// default_threads()), which the calling thread's pool computes. For code without a backend, such as reading images and computing
/// metrics. A range ends at its first exception; the exception of the first range that failed is rethrown after all ranges have
/// ended.
template <class Work>
void parallel_for(std::size_t count, std::size_t threads, const Work& work) {
    const std::size_t ranges = std::min(threads == 0 ? default_threads() : threads, count);
    own_thread_pool().run(ranges, ranges, [&](std::size_t range, std::size_t) {
        const auto [first, last] = partition(count, ranges, range);
        for (std::size_t i = first; i < last; ++i) work(i);
    });
}

}  // namespace rd4ad::inline RD4AD_ABI
