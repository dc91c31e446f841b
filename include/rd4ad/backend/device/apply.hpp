// rd4ad/backend/device/apply.hpp: runs kernels by Thrust's for_each over counting iterators. Twin: tests/backend/primitives.cpp
#pragma once
#include <cstddef>
#include <cstdint>

#include <rd4ad/backend/device/storage.hpp>
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
#include <rd4ad/backend/kernel.hpp>
#else
#include <rd4ad/backend/cpu/apply.hpp>
#include <rd4ad/backend/cpu/scoped_threads.hpp>
#endif

namespace rd4ad::inline RD4AD_ABI::backend::device {

#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA

/// One thread per value: neighbouring threads have neighbouring channels of one row, so their accesses coalesce.
template <class T, class Kernel>
struct at_value {
    Kernel kernel;
    std::size_t channels;

    RD4AD_KERNEL void operator()(std::size_t i) const {
        if constexpr (takes_whole_rows<Kernel>) {
            kernel.template operator()<T>(row_of(kernel, i));
        } else {
            // a 64-bit division takes a device tens of instructions
            const bool small = i <= UINT32_MAX;
            const std::size_t r = small ? static_cast<std::uint32_t>(i) / static_cast<std::uint32_t>(channels) : i / channels;
            kernel.template operator()<T>(row_of(kernel, r), i - r * channels);
        }
    }
};

/// Queues the kernel at every row and channel. Asynchronous.
template <class T, class Kernel>
void apply(queue<T>& q, std::size_t rows, std::size_t channels, const Kernel& kernel) {
    const std::size_t count = takes_whole_rows<Kernel> ? rows : rows * channels;
    if (count == 0) return;
    ::thrust::for_each_n(::thrust::cuda::par_nosync.on(q.work.get()), ::thrust::counting_iterator<std::size_t>{0}, count,
                         at_value<T, Kernel>{.kernel = kernel, .channels = channels});
}

#else

/// Calls work(index, count) for each of `count` threads.
template <class Work>
void on_threads(std::size_t count, const Work& work) {
    if (count <= 1) {
        work(std::size_t{0}, std::size_t{1});
        return;
    }
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_OMP
    const cpu::scoped_threads scope{count};
#endif
    ::thrust::for_each_n(::thrust::device, ::thrust::counting_iterator<std::size_t>{0}, count,
                         [&work, count](std::size_t index) { work(index, count); });
}

/// Runs the kernel at every row and pack of channels; each thread takes one contiguous range of rows.
template <class T, class Kernel>
void apply(queue<T>& q, std::size_t rows, std::size_t channels, const Kernel& kernel) {
    static_assert(takes_whole_rows<Kernel> || (ChannelKernel<Kernel, native_pack<T> > && ChannelKernel<Kernel, T>));
    on_threads(rows * channels < cpu::min_values_per_thread ? 1 : std::min(q.threads, rows),
               [&](std::size_t index, std::size_t count) {
                   const auto [first, last] = partition(rows, count, index);
                   run_rows<native_pack<T> >(first, last, channels, kernel);
               });
}

#endif

}  // namespace rd4ad::inline RD4AD_ABI::backend::device
