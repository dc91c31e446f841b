// rd4ad/backend/thrust/gemm.hpp: products by cuBLAS on CUDA, by OpenBLAS on the host systems. Twin: tests/backend/primitives.cpp
#pragma once
#include <cstddef>
#include <type_traits>

#include <rd4ad/backend/gemm.hpp>
#include <rd4ad/backend/thrust/apply.hpp>
#if THRUST_DEVICE_SYSTEM != THRUST_DEVICE_SYSTEM_CUDA
#include <rd4ad/backend/xtensor/gemm.hpp>
#endif

namespace rd4ad::backend::device {

#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA

/// cuBLAS reads matrices by columns: a row-major product c = a b is the column-major c^T = b^T a^T as it lies.
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

/// The CPU backend's shares of a product, one a thread of Thrust's.
template <class T>
void gemm(queue<T>& q, const gemm_call<T>& call) {
    host::one_blas_thread();
    const bool small = call.batch * call.m * call.n * call.k < values_worth_a_thread * 16;
    on_parts(small ? 1 : q.threads, [&](std::size_t index, std::size_t parts) { host::gemm_share(call, index, parts); });
}

#endif

}  // namespace rd4ad::backend::device
