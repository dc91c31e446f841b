// rd4ad/backend/device/gemm.hpp: matrix products by cuBLAS on CUDA and by OpenBLAS on the host systems. Twin:
// tests/backend/primitives.cpp
#pragma once
#include <cstddef>
#include <type_traits>

#include <rd4ad/backend/device/apply.hpp>
#include <rd4ad/backend/gemm.hpp>
#if THRUST_DEVICE_SYSTEM != THRUST_DEVICE_SYSTEM_CUDA
#include <rd4ad/backend/cpu/gemm.hpp>
#endif

namespace rd4ad::inline RD4AD_ABI::backend::device {

#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA

/// cuBLAS is column-major: the row-major product c = a b is its c^T = b^T a^T.
template <class T>
void gemm(queue<T>& q, const gemm_call<T>& call) {
    if (call.m == 0 || call.n == 0 || call.batch == 0) return;
    const auto size = [](std::size_t value) { return static_cast<int>(value); };
    const auto stride = [](std::size_t value) { return static_cast<long long>(value); };
    const auto kind = [](bool transposed) { return transposed ? CUBLAS_OP_T : CUBLAS_OP_N; };
    const T alpha{1};
    const auto product = [&](auto function) {
        check(function(q.work.blas(), kind(call.transpose_b), kind(call.transpose_a), size(call.n), size(call.m), size(call.k),
                       &alpha, call.b, size(call.ldb), stride(call.stride_b), call.a, size(call.lda), stride(call.stride_a),
                       &call.beta, call.c, size(call.ldc), stride(call.stride_c), size(call.batch)),
              "a matrix product");
    };
    if constexpr (std::is_same_v<T, float>)
        product(cublasSgemmStridedBatched);
    else
        product(cublasDgemmStridedBatched);
}

#else

/// The CPU backend's partitions of a product, one per thread of Thrust's.
template <class T>
void gemm(queue<T>& q, const gemm_call<T>& call) {
    cpu::one_blas_thread();
    const bool small = call.batch * call.m * call.n * call.k < cpu::min_values_per_thread * 16;
    on_threads(small ? 1 : q.threads, [&](std::size_t index, std::size_t count) { cpu::gemm_partition(call, index, count); });
}

#endif

}  // namespace rd4ad::inline RD4AD_ABI::backend::device
