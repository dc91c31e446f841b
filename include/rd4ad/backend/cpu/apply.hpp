// rd4ad/backend/cpu/apply.hpp: kernels over rows and packs of channels, by OpenMP and xsimd. Twin: tests/backend/primitives.cpp
#pragma once
#include <cstddef>
#include <exception>

#include <rd4ad/backend/simd.hpp>
#include <rd4ad/core/threads.hpp>

namespace rd4ad::inline RD4AD_ABI::backend::cpu {

/// Work on fewer values than this runs on one thread: waking a second one takes longer.
inline constexpr std::size_t min_values_per_thread = 4096;

/// Calls work(index, threads) on each of `threads` threads.
template <class Work>
void on_threads(std::size_t threads, const Work& work) {
    if (threads <= 1) {
        work(std::size_t{0}, std::size_t{1});
        return;
    }
#pragma omp parallel for num_threads(static_cast <int>(threads)) schedule(static, 1)
    for (std::size_t index = 0; index < threads; ++index) work(index, threads);
}

/// See backend::WorksOnHost.
template <class Work>
void for_each(std::size_t threads, std::size_t count, const Work& work) {
    std::size_t failed = count;
    std::exception_ptr failure;
#pragma omp parallel for num_threads(static_cast <int>(threads)) schedule(dynamic, 1)
    for (std::size_t i = 0; i < count; ++i) {
        try {
            work(i);
        } catch (...) {
#pragma omp critical(rd4ad_for_each)
            if (i < failed) {
                failed = i;
                failure = std::current_exception();
            }
        }
    }
    if (failure) std::rethrow_exception(failure);
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
