// rd4ad/backend/xtensor/tiled_gemm.hpp: products between two kernels, a block of rows at a time in the cache. Twin:
// tests/backend/tiled_gemm.cpp
#pragma once
#include <algorithm>
#include <cstddef>

#include <rd4ad/backend/tiled_gemm.hpp>
#include <rd4ad/backend/xtensor/gemm.hpp>
#include <rd4ad/backend/xtensor/panel_gemm.hpp>

namespace rd4ad::backend::host {

/// Bytes of rows that a thread keeps busy: three quarters of a second-level cache.
inline constexpr std::size_t block_bytes = std::size_t{768} << 10;

/// Rows of a block at least: with fewer, fetching the right-hand matrix takes longer than multiplying by it.
inline constexpr std::size_t least_rows = 48;

/// From this many rows on the right-hand matrix is worth laying out in panels for one call.
inline constexpr std::size_t rows_worth_panels = 192;

/// Rows of a block: within the cache where that leaves enough of them, whole register tiles, equal over all blocks.
template <class T>
std::size_t rows_a_block(std::size_t rows, std::size_t values_a_row, std::size_t least = least_rows) {
    const std::size_t fitting = block_bytes / std::max<std::size_t>(1, values_a_row * sizeof(T));
    const std::size_t wanted = std::clamp<std::size_t>(fitting, least, 4096);
    const std::size_t blocks = std::max<std::size_t>(1, (rows + wanted - 1) / wanted);
    constexpr std::size_t tile = panel_tile<T>::rows;
    return ((rows + blocks - 1) / blocks + tile - 1) / tile * tile;
}

/// Lays the right-hand matrices out in panels at `to`, planes x panel_count(k, n) values.
template <class T>
void make_panels(std::size_t threads, const tile_sizes& sizes, const right_side<T>& right, T* to) {
    const std::size_t each = panels_of<T>(sizes.n), panel = sizes.k * panel_tile<T>::columns;
    on_threads(threads, [&](std::size_t index, std::size_t parts) {
        const auto [first, last] = part_of(sizes.planes * each, parts, index);
        for (std::size_t task = first; task < last; ++task)
            fill_one_panel(right.data + task / each * sizes.k * sizes.n, right.transposed, sizes.k, sizes.n, task % each,
                           to + task * panel);
    });
}

/// A part of the products of a block: planes and panels are dealt out to `parts`.
template <class T>
void panel_share(const gemm_call<T>& call, const T* panels, std::size_t index, std::size_t parts) {
    const std::size_t each = panels_of<T>(call.n), plane = panel_count<T>(call.k, call.n);
    const auto [first, last] = part_of(call.batch * each, parts, index);
    for (std::size_t task = first; task < last;) {
        const std::size_t matrix = task / each, from = task % each, to = std::min(each, from + last - task);
        multiply_panels(call.m, call.n, call.k, call.a + matrix * call.stride_a, call.lda, panels + matrix * plane, from, to,
                        call.c + matrix * call.stride_c, call.ldc);
        task += to - from;
    }
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
    const std::size_t block = rows_a_block<T>(alone ? (sizes.rows + threads - 1) / threads : sizes.rows, values);
    const std::size_t workers = alone ? threads : 1;
    const std::size_t left_size = in_place ? 0 : sizes.planes * block * sizes.k, out_size = sizes.planes * block * sizes.n;
    T* scratch = q.scratch(1, workers * (left_size + out_size));

    const T* panels = right.panels;
    if (panels == nullptr && sizes.rows >= rows_worth_panels) {
        T* made = q.scratch(5, sizes.planes * panel_count<T>(sizes.k, sizes.n));
        make_panels(threads, sizes, right, made);
        panels = made;
    }
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
                const auto call = product(first, rows, left_panel, out_panel);
                panels != nullptr ? panel_share(call, panels, 0, 1) : gemm_share(call, 0, 1);
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
        const auto call = product(first, rows, scratch, out_panel);
        if (panels != nullptr)
            on_threads(threads, [&](std::size_t index, std::size_t parts) { panel_share(call, panels, index, parts); });
        else
            gemm(threads, call);
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
    constexpr std::size_t least_reduced_rows = 512;  // every block passes over the sum once
    const std::size_t block = left_in_place && right_in_place ? std::max<std::size_t>(1, sizes.rows)
                                                              : rows_a_block<T>(sizes.rows, values, least_reduced_rows);
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
