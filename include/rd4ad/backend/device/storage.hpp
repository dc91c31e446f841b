// rd4ad/backend/device/storage.hpp: a device's memory, its queue, and copies from and to the host. Twin:
// tests/backend/primitives.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <span>

#include <unistd.h>

#include <rd4ad/backend/device/detail/thrust.hpp>
#include <rd4ad/backend/pool.hpp>
#include <rd4ad/backend/scratch.hpp>
#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/threads.hpp>
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
#include <rd4ad/backend/device/detail/cuda.hpp>
#endif

namespace rd4ad::inline RD4AD_ABI::backend::device {

/// Free bytes of the device's memory.
[[nodiscard]] inline std::size_t available_bytes() {
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
    std::size_t available = 0, total = 0;
    check(cudaMemGetInfo(&available, &total), "reading the free memory");
    return available;
#else
    return static_cast<std::size_t>(std::max(0L, sysconf(_SC_AVPHYS_PAGES))) *
           static_cast<std::size_t>(std::max(0L, sysconf(_SC_PAGESIZE)));
#endif
}

/// Uninitialised values on the device, aligned to 64 bytes. Move-only.
template <class T>
class buffer {
   public:
    buffer() = default;

    /// Throws memory_error, with the bytes requested and free, where there is not enough.
    explicit buffer(std::size_t count) : size_{count} {
        if (count == 0) return;
        constexpr std::size_t max_bytes = std::numeric_limits<std::size_t>::max() - alignment;
        const std::size_t bytes = count > max_bytes / sizeof(T) ? max_bytes : count * sizeof(T);
        try {
            if (bytes == max_bytes) throw std::bad_alloc{};
            memory_.reset(::thrust::raw_pointer_cast(::thrust::device_malloc<unsigned char>(bytes + alignment)));
            if (memory_ == nullptr) throw std::bad_alloc{};  // the host systems' malloc returns null
        } catch (const std::bad_alloc&) {
            throw memory_error{text("out of memory: ", bytes, " bytes were requested at once, ", available_bytes(),
                                    " bytes are free; use a smaller batch or image size")};
        }
        const auto address = reinterpret_cast<std::uintptr_t>(memory_.get());
        data_ = reinterpret_cast<T*>(memory_.get() + (alignment - address % alignment) % alignment);
    }

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] T* data() { return data_; }
    [[nodiscard]] const T* data() const { return data_; }

   private:
    static constexpr std::size_t alignment = 64;

    struct release {
        void operator()(unsigned char* memory) const noexcept {
            try {
                ::thrust::device_free(::thrust::device_ptr<void>{static_cast<void*>(memory)});
            } catch (const std::exception&) {  // wait() reports a failed device
            }
        }
    };

    std::size_t size_{0};
    std::unique_ptr<unsigned char, release> memory_;
    T* data_{nullptr};
};

/// The order of a device's work: on CUDA one stream with a cuBLAS handle, on the host systems a number of threads; with the
/// pool of tensors' memory and scratch memory. Move-only.
template <class T>
struct queue {
    /// Throws device_error where CUDA finds no device. `thread_count` 0: default_threads(); CUDA and CPP ignore it.
    explicit queue(std::size_t thread_count = 0) : threads{thread_count == 0 ? default_threads() : thread_count} {
        if constexpr (current_system == thrust_system::cpp) threads = 1;
    }

    std::size_t threads;
    backend::pool<buffer<T>> pool;

    /// Scratch memory of at least `count` values; see scratch_memory.
    [[nodiscard]] T* scratch(scratch_slot slot, std::size_t count) { return scratch_.get(slot, count); }

    /// Waits for the queued work.
    void wait() {
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
        work.wait();
#endif
    }

#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
    stream work;
#endif

   private:
    scratch_memory<buffer<T>> scratch_;
};

/// Copies to the device, in order with the queue's work. The caller may change `from` afterwards.
template <class T>
void upload([[maybe_unused]] queue<T>& q, std::span<const T> from, T* to) {
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
    check(cudaMemcpyAsync(to, from.data(), from.size_bytes(), cudaMemcpyHostToDevice, q.work.get()), "a copy to the device");
#else
    std::copy(from.begin(), from.end(), to);
#endif
}

/// Copies to the host after the queued work. Returns when the values have arrived.
template <class T>
void download([[maybe_unused]] queue<T>& q, const T* from, std::span<T> to) {
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
    check(cudaMemcpyAsync(to.data(), from, to.size_bytes(), cudaMemcpyDeviceToHost, q.work.get()), "a copy from the device");
    q.wait();
#else
    std::copy(from, from + to.size(), to.begin());
#endif
}

}  // namespace rd4ad::inline RD4AD_ABI::backend::device
