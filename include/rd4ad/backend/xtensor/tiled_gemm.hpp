// rd4ad/backend/xtensor/tiled_gemm.hpp: products between two kernels, a block of rows at a time in the cache. Twin:
// tests/backend/tiled_gemm.cpp
#pragma once
#include <algorithm>
#include <cstddef>

#include <rd4ad/backend/tiled_gemm.hpp>
#include <rd4ad/backend/xtensor/gemm.hpp>

namespace rd4ad::backend::host {

/// Bytes of panels a thread keeps busy: what its second-level cache and its share of the third hold.
inline constexpr std::size_t block_bytes = std::size_t{3} << 20;

/// Fewer rows than this make a product that spends its time on fetching the right-hand matrix.
inline constexpr std::size_t least_rows = 96;

/// Rows of a block: within the cache where that leaves enough rows to be worth a product, and equal over all blocks.
inline std::size_t rows_a_block(std::size_t rows, std::size_t values_a_row, std::size_t value_bytes) {
    const std::size_t fitting = block_bytes / std::max<std::size_t>(1, values_a_row * value_bytes);
    const std::size_t wanted = std::clamp<std::size_t>(fitting, least_rows, 4096);
    const std::size_t blocks = std::max<std::size_t>(1, (rows + wanted - 1) / wanted);
    return (rows + blocks - 1) / blocks;
}

template <class T, class Producer>
void fill_panel(const Producer& producer, T* panel, std::size_t first, std::size_t rows, std::size_t from, std::size_t to,
                std::size_t stride) {
    if constexpr (!backend::detail::is_in_place<Producer>)
        run_rows<native_pack<T>>(first + from, first + to, producer.channels,
                                 backend::detail::produce_into<Producer, T>{producer, panel, first, stride, rows * stride});
}

template <class T, class Producer>
const T* left_of(const Producer& producer, const T* panel, std::size_t first) {
    if constexpr (backend::detail::is_in_place<Producer>)
        return producer.data + first * producer.stride;
    else
        return panel;
}

template <class T, class Producer>
std::size_t stride_of(const Producer& producer, std::size_t width) {
    if constexpr (backend::detail::is_in_place<Producer>)
        return producer.stride;
    else
        return width;
}

/// See backend::tiled_gemm. With rows enough, each thread works through blocks of its own from the producing kernel to
/// the consuming one; with few, all threads share one block and each of its three stages.
template <class T, class Producer, class Consumer>
void tiled_gemm(queue<T>& q, const tile_sizes& sizes, const Producer& producer, const right_side<T>& right,
                const Consumer& consumer) {
    one_blas_thread();
    constexpr bool in_place = backend::detail::is_in_place<Producer>;
    const std::size_t values = sizes.planes * (sizes.n + (in_place ? 0 : sizes.k));
    const std::size_t threads = std::max<std::size_t>(1, q.threads);
    const bool alone = sizes.rows >= threads * least_rows;
    const std::size_t block = rows_a_block(alone ? (sizes.rows + threads - 1) / threads : sizes.rows, values, sizeof(T));
    const std::size_t panels = alone ? threads : 1;
    const std::size_t left_size = in_place ? 0 : sizes.planes * block * sizes.k, out_size = sizes.planes * block * sizes.n;
    T* scratch = q.scratch(1, panels * (left_size + out_size));

    const auto product = [&](std::size_t first, std::size_t rows, const T* left_panel, T* out_panel) {
        gemm_call<T> call{.m = rows, .n = sizes.n, .k = sizes.k};
        call.a = left_of(producer, left_panel, first);
        call.lda = stride_of<T>(producer, sizes.k);
        call.stride_a = rows * sizes.k;
        call.b = right.data;
        call.transpose_b = right.transposed;
        call.ldb = right.transposed ? sizes.k : sizes.n;
        call.stride_b = sizes.k * sizes.n;
        call.c = out_panel;
        call.ldc = sizes.n;
        call.stride_c = rows * sizes.n;
        call.batch = sizes.planes;
        return call;
    };
    const auto consume = [&](const T* out_panel, std::size_t first, std::size_t rows, std::size_t from, std::size_t to) {
        run_rows<native_pack<T>>(first + from, first + to, consumer.channels,
                                 backend::detail::consume_from<Consumer, T>{consumer, out_panel, first, sizes.n, rows * sizes.n});
    };

    if (alone) {
        const std::size_t blocks = (sizes.rows + block - 1) / block;
        on_threads(threads, [&](std::size_t index, std::size_t parts) {
            T* left_panel = scratch + index * (left_size + out_size);
            T* out_panel = left_panel + left_size;
            const auto [first_block, last_block] = part_of(blocks, parts, index);
            for (std::size_t b = first_block; b < last_block; ++b) {
                const std::size_t first = b * block, rows = std::min(block, sizes.rows - first);
                fill_panel(producer, left_panel, first, rows, 0, rows, sizes.k);
                gemm_share(product(first, rows, left_panel, out_panel), 0, 1);
                consume(out_panel, first, rows, 0, rows);
            }
        });
        return;
    }
    T* out_panel = scratch + left_size;
    for (std::size_t first = 0; first < sizes.rows; first += block) {
        const std::size_t rows = std::min(block, sizes.rows - first);
        if constexpr (!in_place)
            on_threads(threads, [&](std::size_t index, std::size_t parts) {
                const auto [from, to] = part_of(rows, parts, index);
                fill_panel(producer, scratch, first, rows, from, to, sizes.k);
            });
        gemm(threads, product(first, rows, scratch, out_panel));
        on_threads(threads, [&](std::size_t index, std::size_t parts) {
            const auto [from, to] = part_of(rows, parts, index);
            consume(out_panel, first, rows, from, to);
        });
    }
}

/// See backend::tiled_gemm_reduce: all threads fill one block's panels, then share its products; the blocks are summed in
/// their order.
template <class T, class Left, class Right>
void tiled_gemm_reduce(queue<T>& q, const tile_sizes& sizes, const Left& left, const Right& right, T* out) {
    one_blas_thread();
    constexpr bool left_in_place = backend::detail::is_in_place<Left>, right_in_place = backend::detail::is_in_place<Right>;
    const std::size_t values = sizes.planes * ((left_in_place ? 0 : sizes.k) + (right_in_place ? 0 : sizes.n));
    const std::size_t threads = std::max<std::size_t>(1, q.threads);
    // every block passes over the sum once, so blocks are larger than those of tiled_gemm
    const std::size_t block = left_in_place && right_in_place
                                  ? std::max<std::size_t>(1, sizes.rows)
                                  : std::max(rows_a_block(sizes.rows, values, sizeof(T)), std::min<std::size_t>(sizes.rows, 512));
    const std::size_t left_size = left_in_place ? 0 : sizes.planes * block * sizes.k;
    T* left_panel = q.scratch(1, left_size + (right_in_place ? 0 : sizes.planes * block * sizes.n));
    T* right_panel = left_panel + left_size;
    for (std::size_t first = 0; first < sizes.rows; first += block) {
        const std::size_t rows = std::min(block, sizes.rows - first);
        if constexpr (!left_in_place || !right_in_place)
            on_threads(threads, [&](std::size_t index, std::size_t parts) {
                const auto [from, to] = part_of(rows, parts, index);
                fill_panel(left, left_panel, first, rows, from, to, sizes.k);
                fill_panel(right, right_panel, first, rows, from, to, sizes.n);
            });
        gemm_call<T> call{.m = sizes.k, .n = sizes.n, .k = rows};
        call.a = left_of(left, left_panel, first);
        call.lda = stride_of<T>(left, sizes.k);
        call.stride_a = rows * sizes.k;
        call.transpose_a = true;
        call.b = left_of(right, right_panel, first);
        call.ldb = stride_of<T>(right, sizes.n);
        call.stride_b = rows * sizes.n;
        call.c = out;
        call.ldc = sizes.n;
        call.stride_c = sizes.k * sizes.n;
        call.batch = sizes.planes;
        call.beta = first == 0 ? T{0} : T{1};
        gemm(threads, call);
    }
}

}  // namespace rd4ad::backend::host
