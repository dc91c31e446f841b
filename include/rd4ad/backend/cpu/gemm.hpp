// rd4ad/backend/cpu/gemm.hpp: matrix products by xtensor-blas and OpenBLAS, in parallel. Twin:
// tests/backend/primitives.cpp
#pragma once
#include <algorithm>
#include <cstddef>

#include <rd4ad/backend/cpu/apply.hpp>
#include <rd4ad/backend/detail/blas.hpp>
#include <rd4ad/backend/gemm.hpp>

namespace rd4ad::inline RD4AD_ABI::backend::cpu {

/// Limits OpenBLAS to one thread: the library starts its own threads, and two levels would compete for the same cores.
inline void one_blas_thread() {
    static const bool once = (openblas_set_num_threads(1), true);
    static_cast<void>(once);
}

/// One product on the calling thread.
template <class T>
void gemm_single_thread(const gemm_call<T>& call, const T* a, const T* b, T* c, std::size_t m, std::size_t n) {
    if (m == 0 || n == 0) return;
    const auto size = [](std::size_t value) { return static_cast<int>(value); };
    cxxblas::gemm(cxxblas::RowMajor, call.transpose_a ? cxxblas::Trans : cxxblas::NoTrans,
                  call.transpose_b ? cxxblas::Trans : cxxblas::NoTrans, size(m), size(n), size(call.k), T{1}, a, size(call.lda),
                  b, size(call.ldb), call.beta, c, size(call.ldc));
}

/// Partition `index` of `count` of a call: first the matrices of the batch are distributed, then each matrix is cut along the
/// longer of its rows and columns.
template <class T>
void gemm_partition(const gemm_call<T>& call, std::size_t index, std::size_t count) {
    constexpr std::size_t grain = 16;
    const std::size_t cuts = call.batch % count == 0 ? 1 : count;
    const bool along_rows = call.m >= call.n;
    const std::size_t extent = along_rows ? call.m : call.n;
    const auto [first_task, last_task] = partition(call.batch * cuts, count, index);
    for (std::size_t task = first_task; task < last_task; ++task) {
        const std::size_t matrix = task / cuts;
        const index_range grains = partition((extent + grain - 1) / grain, cuts, task % cuts);
        const std::size_t first = std::min(grains.first * grain, extent), last = std::min(grains.last * grain, extent);
        const T* a = call.a + matrix * call.stride_a;
        const T* b = call.b + matrix * call.stride_b;
        T* c = call.c + matrix * call.stride_c;
        if (along_rows) {
            a += call.transpose_a ? first : first * call.lda;
            gemm_single_thread(call, a, b, c + first * call.ldc, last - first, call.n);
        } else {
            b += call.transpose_b ? first * call.ldb : first;
            gemm_single_thread(call, a, b, c + first, call.m, last - first);
        }
    }
}

template <class T>
void gemm(std::size_t threads, const gemm_call<T>& call) {
    one_blas_thread();
    const bool small = call.batch * call.m * call.n * call.k < min_values_per_thread * 16;
    on_threads(small ? 1 : threads, [&](std::size_t index, std::size_t count) { gemm_partition(call, index, count); });
}

}  // namespace rd4ad::inline RD4AD_ABI::backend::cpu
