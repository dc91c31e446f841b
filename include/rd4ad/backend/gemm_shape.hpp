// rd4ad/backend/gemm_shape.hpp: the sizes and operands of a fused GEMM. Twin: tests/backend/primitives.cpp
#pragma once
#include <cstddef>
#include <span>

#include <rd4ad/backend/gemm.hpp>

namespace rd4ad::inline RD4AD_ABI::backend {

/// `matrices` weight matrices, each shared by `planes` consecutive planes.
struct plane_group {
    std::size_t matrices, planes;
};

/// Sizes of a fused GEMM: `planes` products of `rows` x k by k x n. A pointwise or im2col convolution has one plane,
/// Winograd's F(4x4, 3x3) has 36. Each plane has a weight matrix of its own unless `groups` states which planes share one.
struct gemm_shape {
    std::size_t planes{1}, rows{0}, k{0}, n{0};
    std::span<const plane_group> groups{};

    [[nodiscard]] std::size_t matrices() const {
        std::size_t count = groups.empty() ? planes : 0;
        for (const auto& group : groups) count += group.matrices;
        return count;
    }

    /// Calls use(group, first plane, first matrix) for each group. The planes that share one matrix form one product with
    /// as many times the rows.
    template <class Use>
    void for_each_group(const Use& use) const {
        if (groups.empty()) use(plane_group{planes, 1}, std::size_t{0}, std::size_t{0});
        std::size_t plane = 0, matrix = 0;
        for (const auto& group : groups) {
            use(group, plane, matrix);
            plane += group.matrices * group.planes;
            matrix += group.matrices;
        }
    }
};

/// Rows that lie in memory in the layout of the product's left-hand side: replaces a producer kernel.
template <class T>
struct rows_in_place {
    const T* data;
    std::size_t stride;  ///< values from one row to the next
};

/// The right-hand matrices: matrix p at data + p x k x n, k x n row-major (stored n x k if `transposed`). `packed`: the same
/// matrices in the backend's packed layout (HasPackedWeights), or none.
template <class T>
struct rhs_matrix {
    const T* data;
    bool transposed{false};
    const T* packed{nullptr};
};

/// Right-hand matrix `index`, without its packed layout; its data are nullptr where `rhs` has the packed layout only.
template <class T>
[[nodiscard]] rhs_matrix<T> plain_matrix(const rhs_matrix<T>& rhs, const gemm_shape& shape, std::size_t index) {
    return {rhs.data == nullptr ? nullptr : rhs.data + index * shape.k * shape.n, rhs.transposed};
}

/// The products of one group of planes over `rows` rows per plane. lhs and out hold one plane after the other, rows x k and
/// rows x n values each.
template <class T>
[[nodiscard]] gemm_call<T> group_product(const gemm_shape& shape, const plane_group& group, std::size_t rows, const T* lhs,
                                         std::size_t lhs_stride, const rhs_matrix<T>& rhs, T* out) {
    gemm_call<T> call{.m = group.planes * rows, .n = shape.n, .k = shape.k};
    call.a = lhs;
    call.lda = lhs_stride;
    call.stride_a = group.planes * rows * shape.k;
    call.b = rhs.data;
    call.transpose_b = rhs.transposed;
    call.ldb = rhs.transposed ? shape.k : shape.n;
    call.stride_b = shape.k * shape.n;
    call.c = out;
    call.ldc = shape.n;
    call.stride_c = group.planes * rows * shape.n;
    call.batch = group.matrices;
    return call;
}

}  // namespace rd4ad::inline RD4AD_ABI::backend
