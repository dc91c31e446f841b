// rd4ad/backend/gemm.hpp: one matrix product, or a batch of equal sizes, as a value. Twin: tests/backend/primitives.cpp
#pragma once
#include <cstddef>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::backend {

/// c_i = op(a_i) op(b_i) + beta c_i for i in 0 .. batch - 1; row-major, op(a) m x k, op(b) k x n, c m x n.
/// lda, ldb, ldc: values from one stored row to the next; stride_*: values from one matrix to the next (0: shared).
template <class T>
struct gemm_call {
    std::size_t m{0}, n{0}, k{0};
    const T* a{nullptr};
    std::size_t lda{0}, stride_a{0};
    const T* b{nullptr};
    std::size_t ldb{0}, stride_b{0};
    T* c{nullptr};
    std::size_t ldc{0}, stride_c{0};
    bool transpose_a{false}, transpose_b{false};
    std::size_t batch{1};
    T beta{0};
};

}  // namespace rd4ad::inline RD4AD_ABI::backend
