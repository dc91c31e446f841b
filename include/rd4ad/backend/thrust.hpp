// rd4ad/backend/thrust.hpp: one source for NVIDIA GPUs (CUDA and cuBLAS) and for Thrust's host systems OMP, TBB and CPP. Twin:
// tests/backend/primitives.cpp
#pragma once
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <rd4ad/backend/concept.hpp>
#include <rd4ad/backend/device/apply.hpp>
#include <rd4ad/backend/device/gemm.hpp>
#include <rd4ad/backend/device/storage.hpp>

namespace rd4ad::inline RD4AD_ABI::backend {

/// The backend in T, float or double, on the system that THRUST_DEVICE_SYSTEM names. On CUDA, nvcc compiles every file that
/// computes, and work runs on the current device of the thread that constructs the queue.
template <std::floating_point T>
struct thrust {
    using value_type = T;
    using buffer = device::buffer<T>;
    using queue = device::queue<T>;

    /// "thrust CUDA", "thrust OMP", ..., followed by " double" for double.
    [[nodiscard]] static std::string_view name() {
        constexpr std::string_view names[][2]{{"thrust CUDA", "thrust CUDA double"},
                                              {"thrust OMP", "thrust OMP double"},
                                              {"thrust TBB", "thrust TBB double"},
                                              {"thrust CPP", "thrust CPP double"}};
        return names[static_cast<std::size_t>(device::current_system)][sizeof(T) == sizeof(float) ? 0 : 1];
    }

    /// "cuBLAS on" the device's name, or the kernels that OpenBLAS chose for this processor.
    [[nodiscard]] static std::string blas_description() {
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
        int device = 0;
        cudaDeviceProp found{};
        device::check(cudaGetDevice(&device), "reading the current device");
        device::check(cudaGetDeviceProperties(&found, device), "reading the device's name");
        return std::string{"cuBLAS on "} + found.name;
#else
        return openblas_get_corename();
#endif
    }

    /// Values per block of a fused GEMM: a GPU is fast with few large calls, a processor within its cache.
    static constexpr std::size_t block_values = std::size_t{1}
                                                << (device::current_system == device::thrust_system::cuda ? 26 : 20);

    /// Uninitialised memory for `count` values. Throws memory_error where there is not enough.
    [[nodiscard]] static buffer allocate(std::size_t count) { return buffer{count}; }

    static void upload(queue& q, std::span<const T> from, T* to) { device::upload(q, from, to); }
    static void download(queue& q, const T* from, std::span<T> to) { device::download(q, from, to); }

    template <class Kernel>
    static void apply(queue& q, std::size_t rows, std::size_t channels, const Kernel& kernel) {
        device::apply(q, rows, channels, kernel);
    }

    static void gemm(queue& q, const gemm_call<T>& call) { device::gemm(q, call); }
};

static_assert(Backend<thrust<float>> && Backend<thrust<double>>);
static_assert(HasBlockSize<thrust<float>>);

}  // namespace rd4ad::inline RD4AD_ABI::backend
