// rd4ad/backend/thrust.hpp: one source for NVIDIA GPUs (CUDA and cuBLAS) and for Thrust's host systems OMP, TBB and CPP.
#pragma once
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <rd4ad/backend/concept.hpp>
#include <rd4ad/backend/thrust/apply.hpp>
#include <rd4ad/backend/thrust/gemm.hpp>
#include <rd4ad/backend/thrust/storage.hpp>

namespace rd4ad::backend {

/// The backend in T, float or double, on the system that THRUST_DEVICE_SYSTEM names. On CUDA: everything that computes is
/// compiled by nvcc, and runs on the current device of the thread that makes the queue.
template <std::floating_point T>
struct thrust {
    using value_type = T;
    using buffer = device::buffer<T>;
    using queue = device::queue<T>;

    /// "thrust CUDA", "thrust OMP", ..., with the value type where it is not float.
    [[nodiscard]] static std::string_view name() {
        constexpr std::string_view names[][2]{{"thrust CUDA", "thrust CUDA double"},
                                              {"thrust OMP", "thrust OMP double"},
                                              {"thrust TBB", "thrust TBB double"},
                                              {"thrust CPP", "thrust CPP double"}};
        return names[static_cast<std::size_t>(device::here)][sizeof(T) == sizeof(float) ? 0 : 1];
    }

    /// The device's name, or OpenBLAS's choice of kernels on this processor: named beside each figure.
    [[nodiscard]] static std::string kernels() {
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
        int device = 0;
        cudaDeviceProp found{};
        device::check(cudaGetDevice(&device), "asking for the device");
        device::check(cudaGetDeviceProperties(&found, device), "asking for the device's name");
        return found.name;
#else
        return openblas_get_corename();
#endif
    }

    /// What the panels of a product between kernels may hold together: a GPU wants few large calls, a processor its cache.
    static constexpr std::size_t block_values = std::size_t{1} << (device::here == device::thrust_system::cuda ? 26 : 20);

    /// Uninitialised memory for `count` values; memory_error where there is not enough.
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

}  // namespace rd4ad::backend
