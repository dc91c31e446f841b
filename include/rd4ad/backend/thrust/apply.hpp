// rd4ad/backend/thrust/apply.hpp: kernels as for_each over counting iterators. Twin: tests/backend/primitives.cpp
#pragma once
#include <cstddef>
#include <cstdint>

#include <rd4ad/backend/thrust/storage.hpp>
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
#include <rd4ad/backend/kernel.hpp>
#else
#include <rd4ad/backend/simd.hpp>
#endif

namespace rd4ad::backend::device {

#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA

/// One value of the work: neighbouring threads have neighbouring channels of one row, so their accesses coalesce.
template <class T, class Kernel>
struct at_value {
    Kernel kernel;
    std::size_t channels;

    RD4AD_KERNEL void operator()(std::size_t i) const {
        if constexpr (takes_whole_rows<Kernel>) {
            kernel.template operator()<T>(row_of(kernel, i));
        } else {
            // a division of 64 bits costs a device tens of instructions
            const bool small = i <= UINT32_MAX;
            const std::size_t r = small ? static_cast<std::uint32_t>(i) / static_cast<std::uint32_t>(channels) : i / channels;
            kernel.template operator()<T>(row_of(kernel, r), i - r * channels);
        }
    }
};

/// The kernel at every row and channel, behind the queue's work; nothing is waited for.
template <class T, class Kernel>
void apply(queue<T>& q, std::size_t rows, std::size_t channels, const Kernel& kernel) {
    const std::size_t count = takes_whole_rows<Kernel> ? rows : rows * channels;
    if (count == 0) return;
    ::thrust::for_each_n(::thrust::cuda::par_nosync.on(q.work.get()), ::thrust::counting_iterator<std::size_t>{0}, count,
                         at_value<T, Kernel>{kernel, channels});
}

#else

/// Fewer values than this are not worth waking a second thread for.
inline constexpr std::size_t values_worth_a_thread = 4096;

#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_OMP
/// OpenMP's number of threads for what this thread starts, until the end of the scope: Thrust asks OpenMP.
class thread_count {
   public:
    explicit thread_count(std::size_t threads) : before_{omp_get_max_threads()} {
        omp_set_num_threads(static_cast<int>(threads));
    }
    ~thread_count() { omp_set_num_threads(before_); }
    thread_count(const thread_count&) = delete;
    thread_count& operator=(const thread_count&) = delete;

   private:
    int before_;
};
#endif

/// Calls work(part, parts) for each part, one a thread.
template <class Work>
void on_parts(std::size_t parts, const Work& work) {
    if (parts <= 1) {
        work(std::size_t{0}, std::size_t{1});
        return;
    }
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_OMP
    const thread_count threads{parts};
#endif
    ::thrust::for_each_n(::thrust::device, ::thrust::counting_iterator<std::size_t>{0}, parts,
                         [&work, parts](std::size_t part) { work(part, parts); });
}

/// The kernel at every row and pack of channels; the rows are cut into one contiguous part a thread.
template <class T, class Kernel>
void apply(queue<T>& q, std::size_t rows, std::size_t channels, const Kernel& kernel) {
    static_assert(takes_whole_rows<Kernel> || (ChannelKernel<Kernel, native_pack<T> > && ChannelKernel<Kernel, T>));
    on_parts(rows * channels < values_worth_a_thread ? 1 : std::min(q.threads, rows), [&](std::size_t index, std::size_t parts) {
        const auto [first, last] = part_of(rows, parts, index);
        run_rows<native_pack<T> >(first, last, channels, kernel);
    });
}

#endif

}  // namespace rd4ad::backend::device
