// rd4ad/backend/cpu/apply.hpp: kernels over rows and packs of channels, by a thread pool and xsimd. Twin:
// tests/backend/primitives.cpp
#pragma once
#include <algorithm>
#include <cstddef>

#include <rd4ad/backend/cpu/share.hpp>
#include <rd4ad/backend/simd.hpp>
#include <rd4ad/core/threads.hpp>

namespace rd4ad::inline RD4AD_ABI::backend::cpu {

/// Work on fewer values than this runs on one thread: waking a second one takes longer.
inline constexpr std::size_t min_values_per_thread = 4096;

/// Calls work(index, threads) for each index 0 .. threads - 1, in parallel. Which thread computes an index is not fixed.
template <class Work>
void on_threads(std::size_t threads, const Work& work) {
    share(threads, threads, [&](std::size_t index, std::size_t) { work(index, threads); });
}

/// See backend::WorksOnHost.
template <class Work>
void for_each(std::size_t threads, std::size_t count, const Work& work) {
    share(count, threads, [&](std::size_t i, std::size_t) { work(i); });
}

/// Runs the kernel at every row and pack of channels; each thread takes one contiguous range of rows.
template <class T, class Kernel>
void apply(std::size_t threads, std::size_t rows, std::size_t channels, const Kernel& kernel) {
    static_assert(takes_whole_rows<Kernel> || (ChannelKernel<Kernel, native_pack<T>> && ChannelKernel<Kernel, T>));
    const std::size_t workers = rows * channels < min_values_per_thread ? 1 : (threads < rows ? threads : rows);
    on_threads(workers, [&](std::size_t index, std::size_t count) {
        const auto [first, last] = partition(rows, count, index);
        run_rows<native_pack<T>>(first, last, channels, kernel);
    });
}

}  // namespace rd4ad::inline RD4AD_ABI::backend::cpu
