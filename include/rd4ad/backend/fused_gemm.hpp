// rd4ad/backend/fused_gemm.hpp: matrix products between a producer and a consumer kernel, the form of every convolution. Twin:
// tests/backend/primitives.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <rd4ad/backend/concept.hpp>

namespace rd4ad::inline RD4AD_ABI::backend {

template <class Producer>
inline constexpr bool is_in_place = false;
template <class T>
inline constexpr bool is_in_place<rows_in_place<T>> = true;

/// A producer kernel bound to the panel that it fills: row r of the work is row r - first of the panel.
template <class Producer, class T>
struct produce_into {
    Producer producer;
    T* panel;
    std::size_t first, stride, plane;  // values per row, values per plane

    RD4AD_KERNEL auto row(std::size_t r) const {
        struct bound {
            decltype(row_of(producer, r)) row;
            T* to;
        };
        return bound{row_of(producer, r), panel + (r - first) * stride};
    }
    template <class P, class Row>
    RD4AD_KERNEL void operator()(const Row& bound, std::size_t c) const {
        producer.template operator()<P>(bound.row, c, bound.to + c, plane);
    }
    [[nodiscard]] double values_moved(double visits) const { return producer.values_moved(visits); }
};

/// A consumer kernel bound to the panel that it reads.
template <class Consumer, class T>
struct consume_from {
    Consumer consumer;
    const T* panel;
    std::size_t first, stride, plane;

    RD4AD_KERNEL auto row(std::size_t r) const {
        struct bound {
            decltype(row_of(consumer, r)) row;
            const T* from;
        };
        return bound{row_of(consumer, r), panel + (r - first) * stride};
    }
    template <class P, class Row>
    RD4AD_KERNEL void operator()(const Row& bound, std::size_t c) const {
        consumer.template operator()<P>(bound.row, c, bound.from + c, plane);
    }
    [[nodiscard]] double values_moved(double visits) const { return consumer.values_moved(visits); }
};

namespace detail {

/// A kernel over some of the rows: apply counts from 0, the kernel from `first`.
template <class Kernel>
struct shifted {
    Kernel kernel;
    std::size_t first;
    RD4AD_KERNEL auto row(std::size_t r) const { return row_of(kernel, first + r); }
    template <class P, class Row>
    RD4AD_KERNEL void operator()(const Row& row, std::size_t c) const {
        kernel.template operator()<P>(row, c);
    }
    [[nodiscard]] double values_moved(double visits) const { return kernel.values_moved(visits); }
};

/// Values that the panels of the general form hold together.
template <class B>
[[nodiscard]] constexpr std::size_t block_values() {
    if constexpr (HasBlockSize<B>)
        return B::block_values;
    else
        return std::size_t{1} << 26;
}

/// Rows per block: as many as `budget` values allow but at least `min_rows`, with fewer of which a product spends its time
/// loading the weight matrix; equal over all blocks.
[[nodiscard]] inline std::size_t rows_within(std::size_t budget, std::size_t values_per_row, std::size_t rows,
                                             std::size_t min_rows) {
    const std::size_t fitting = std::max(min_rows, budget / std::max<std::size_t>(1, values_per_row));
    const std::size_t blocks = std::max<std::size_t>(1, (rows + fitting - 1) / fitting);
    return std::max<std::size_t>(1, (rows + blocks - 1) / blocks);
}

/// Rows [first, first + rows) of a side of a product: where they lie, or in `panel` after the producer has filled it.
template <Backend B, class Producer>
[[nodiscard]] rows_in_place<typename B::value_type> rows_of_block(typename B::queue& q, const Producer& producer,
                                                                  typename B::value_type* panel, std::size_t first,
                                                                  std::size_t rows, std::size_t width) {
    using T = typename B::value_type;
    if constexpr (is_in_place<Producer>) {
        return {producer.data + first * producer.stride, producer.stride};
    } else {
        const produce_into<Producer, T> bound{
            .producer = producer, .panel = panel, .first = first, .stride = width, .plane = rows * width};
        B::apply(q, rows, producer.channels, shifted<produce_into<Producer, T>>{.kernel = bound, .first = first});
        return {panel, width};
    }
}

/// The general form of fused_gemm: blocks of as many rows as the block size allows.
template <Backend B, class Producer, class Consumer>
void fused_gemm_in_blocks(typename B::queue& q, const gemm_shape& shape, const Producer& producer,
                          const rhs_matrix<typename B::value_type>& rhs, const Consumer& consumer) {
    using T = typename B::value_type;
    constexpr bool in_place = is_in_place<Producer>;
    const std::size_t values = shape.planes * (shape.n + (in_place ? 0 : shape.k));
    const std::size_t block = rows_within(block_values<B>(), values, shape.rows, 96);
    T* lhs_panel = in_place ? nullptr : q.scratch(scratch_slot::lhs_panel, shape.planes * block * shape.k);
    T* out_panel = q.scratch(scratch_slot::rhs_or_out_panel, shape.planes * block * shape.n);
    for (std::size_t first = 0; first < shape.rows; first += block) {
        const std::size_t rows = std::min(block, shape.rows - first);
        const auto lhs = rows_of_block<B>(q, producer, lhs_panel, first, rows, shape.k);
        shape.for_each_group([&](const plane_group& group, std::size_t plane, std::size_t matrix) {
            B::gemm(q, group_product(shape, group, rows, lhs.data + plane * rows * shape.k, lhs.stride,
                                     plain_matrix(rhs, shape, matrix), out_panel + plane * rows * shape.n));
        });
        const consume_from<Consumer, T> bound{
            .consumer = consumer, .panel = out_panel, .first = first, .stride = shape.n, .plane = rows * shape.n};
        B::apply(q, rows, consumer.channels, shifted<consume_from<Consumer, T>>{.kernel = bound, .first = first});
    }
}

/// The general form of fused_gemm_reduce.
template <Backend B, class Lhs, class Rhs>
void fused_gemm_reduce_in_blocks(typename B::queue& q, const gemm_shape& shape, const Lhs& lhs, const Rhs& rhs,
                                 typename B::value_type* out) {
    using T = typename B::value_type;
    constexpr bool lhs_in_place = is_in_place<Lhs>, rhs_in_place = is_in_place<Rhs>;
    constexpr std::size_t min_rows = 512;  // each block reads and writes `out` once
    const std::size_t values = shape.planes * ((lhs_in_place ? 0 : shape.k) + (rhs_in_place ? 0 : shape.n));
    const std::size_t block = rows_within(block_values<B>(), values, shape.rows, min_rows);
    T* lhs_panel = lhs_in_place ? nullptr : q.scratch(scratch_slot::lhs_panel, shape.planes * block * shape.k);
    T* rhs_panel = rhs_in_place ? nullptr : q.scratch(scratch_slot::rhs_or_out_panel, shape.planes * block * shape.n);
    for (std::size_t first = 0; first < shape.rows; first += block) {
        const std::size_t rows = std::min(block, shape.rows - first);
        const auto a = rows_of_block<B>(q, lhs, lhs_panel, first, rows, shape.k);
        const auto b = rows_of_block<B>(q, rhs, rhs_panel, first, rows, shape.n);
        shape.for_each_group([&](const plane_group& group, std::size_t plane, std::size_t matrix) {
            gemm_call<T> call{.m = shape.k, .n = shape.n, .k = group.planes * rows};
            call.a = a.data + plane * rows * shape.k;
            call.lda = a.stride;
            call.stride_a = group.planes * rows * shape.k;
            call.transpose_a = true;
            call.b = b.data + plane * rows * shape.n;
            call.ldb = b.stride;
            call.stride_b = group.planes * rows * shape.n;
            call.c = out + matrix * shape.k * shape.n;
            call.ldc = shape.n;
            call.stride_c = shape.k * shape.n;
            call.batch = group.matrices;
            call.beta = first == 0 ? T{0} : T{1};
            B::gemm(q, call);
        });
    }
}

}  // namespace detail

/// out = consume(produce(rows) x rhs), plane by plane.
/// producer: `rows_in_place` (one plane), or a kernel with `channels` and
///   `operator()<P>(row, c, T* to, plane)`, which writes the values of the row and the pack c to to[p x plane + ...].
/// consumer: a kernel with `channels` and `operator()<P>(row, c, const T* from, plane)`, which reads from[p x plane + ...].
/// Uses the backend's own fused GEMM where it has one (HasFusedGemm).
template <Backend B, class Producer, class Consumer>
void fused_gemm(typename B::queue& q, const gemm_shape& shape, const Producer& producer,
                const rhs_matrix<typename B::value_type>& rhs, const Consumer& consumer) {
    if constexpr (HasFusedGemm<B>)
        B::fused_gemm(q, shape, producer, rhs, consumer);
    else
        detail::fused_gemm_in_blocks<B>(q, shape, producer, rhs, consumer);
}

/// out[m] (k x n) = sum over rows of lhs row^T x rhs row, over all planes of matrix m: the gradient of a convolution's
/// weights. lhs, rhs: producers as in fused_gemm, k and n values per row.
/// Uses the backend's own fused reduction where it has one (HasFusedGemmReduce).
template <Backend B, class Lhs, class Rhs>
void fused_gemm_reduce(typename B::queue& q, const gemm_shape& shape, const Lhs& lhs, const Rhs& rhs,
                       typename B::value_type* out) {
    if constexpr (HasFusedGemmReduce<B>)
        B::fused_gemm_reduce(q, shape, lhs, rhs, out);
    else
        detail::fused_gemm_reduce_in_blocks<B>(q, shape, lhs, rhs, out);
}

}  // namespace rd4ad::inline RD4AD_ABI::backend
