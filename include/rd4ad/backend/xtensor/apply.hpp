// rd4ad/backend/xtensor/apply.hpp: kernels over rows and packs of channels, by OpenMP and xsimd. Twin:
// tests/backend/primitives.cpp
#pragma once
#include <cstddef>
#include <exception>

#include <rd4ad/backend/simd.hpp>
#include <rd4ad/core/threads.hpp>

namespace rd4ad::backend::host {

/// Fewer values than this are not worth waking a second thread for.
inline constexpr std::size_t values_worth_a_thread = 4096;

/// Calls work(part, parts) on each of `parts` threads.
template <class Work>
void on_threads(std::size_t parts, const Work& work) {
    if (parts <= 1) {
        work(std::size_t{0}, std::size_t{1});
        return;
    }
#pragma omp parallel for num_threads(static_cast <int>(parts)) schedule(static, 1)
    for (std::size_t part = 0; part < parts; ++part) work(part, parts);
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

/// The kernel at every row and pack of channels; the rows are cut into one contiguous part a thread.
template <class T, class Kernel>
void apply(std::size_t threads, std::size_t rows, std::size_t channels, const Kernel& kernel) {
    static_assert(takes_whole_rows<Kernel> || (ChannelKernel<Kernel, native_pack<T>> && ChannelKernel<Kernel, T>));
    const std::size_t parts = rows * channels < values_worth_a_thread ? 1 : (threads < rows ? threads : rows);
    on_threads(parts, [&](std::size_t index, std::size_t count) {
        const auto [first, last] = part_of(rows, count, index);
        run_rows<native_pack<T>>(first, last, channels, kernel);
    });
}

}  // namespace rd4ad::backend::host
