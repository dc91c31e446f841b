// rd4ad/backend/cpu/packed_gemm.hpp: matrix products on packed right-hand matrices, and reductions without packing. Twin:
// tests/backend/packed_gemm.cpp
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>

#include <rd4ad/backend/cpu/apply.hpp>
#include <rd4ad/backend/cpu/microkernel.hpp>
#include <rd4ad/backend/cpu/pack.hpp>
#include <rd4ad/backend/gemm_shape.hpp>
#include <rd4ad/core/threads.hpp>

namespace rd4ad::inline RD4AD_ABI::backend::cpu {

namespace detail {

/// A tile of c at the right edge of a matrix whose n is no multiple of the tile: computed in a buffer of full width.
template <class T>
struct edge_tile {
    using tile = register_tile<T>;
    T values[tile::rows * tile::columns];

    void load_from(const T* c, std::size_t ldc, std::size_t rows, std::size_t columns) {
        for (std::size_t r = 0; r < rows; ++r) {
            std::copy_n(c + r * ldc, columns, values + r * tile::columns);
            std::fill_n(values + r * tile::columns + columns, tile::columns - columns, T{0});
        }
    }
    void store_to(T* c, std::size_t ldc, std::size_t rows, std::size_t columns) const {
        for (std::size_t r = 0; r < rows; ++r) std::copy_n(values + r * tile::columns, columns, c + r * ldc);
    }
};

/// The microkernel with the prefetch of its share of the next panel: row tile `t` of `tiles`. With few row tiles a panel is
/// used up before memory delivers the next, so each tile prefetches more lines per row.
template <class T>
void microkernel_with_prefetch(std::size_t t, std::size_t tiles, const char* next, std::size_t rows, const T* a, std::size_t lda,
                               const T* panel, std::size_t depth, T* c, std::size_t ldc, bool accumulate) {
    constexpr std::size_t row_bytes = register_tile<T>::columns * sizeof(T), line = 64;
    constexpr std::size_t lines = std::max<std::size_t>(1, row_bytes / line);
    static_assert(lines <= 4);
    const std::size_t rows_per_line = std::bit_floor(std::max<std::size_t>(1, tiles * line / row_bytes));
    const char* share = next + t * depth * row_bytes / tiles;
    const auto run = [&](const auto& prefetch) {
        microkernel_nn_rows<T>(rows, a, lda, panel, depth, c, ldc, accumulate, prefetch);
    };
    if (tiles >= lines)
        run(panel_prefetch<1>{.next = share, .step = line, .mask = rows_per_line - 1});
    else if constexpr (lines > 1) {
        if (tiles == 1)
            run(panel_prefetch<lines>{.next = share, .step = row_bytes, .mask = 0});
        else
            run(panel_prefetch<2>{.next = share, .step = row_bytes / tiles, .mask = 0});
    }
}

}  // namespace detail

/// c (m x n) = a (m x k) x panels [first, last) of a packed k x n matrix, on the calling thread. Loops as in BLIS: jr over
/// panels, pc over steps along k, ir over row tiles. While one block of panels is multiplied the next is prefetched; with few
/// rows the product would otherwise be memory-bound.
template <class T>
void packed_gemm(std::size_t m, std::size_t n, std::size_t k, const T* a, std::size_t lda, const T* packed, std::size_t first,
                 std::size_t last, T* c, std::size_t ldc) {
    using tile = register_tile<T>;
    const std::size_t tiles = (m + tile::rows - 1) / tile::rows;
    for (std::size_t jr = first; jr < last; ++jr) {
        const std::size_t column = jr * tile::columns, columns = std::min(tile::columns, n - column);
        const bool whole = columns == tile::columns;
        for (std::size_t pc = 0; pc < k; pc += tile::depth) {
            const std::size_t depth = std::min(tile::depth, k - pc);
            const T* panel = packed + (jr * k + pc) * tile::columns;
            const auto* next = reinterpret_cast<const char*>(panel + depth * tile::columns);
            for (std::size_t ir = 0; ir < tiles; ++ir) {
                const std::size_t i = ir * tile::rows, rows = std::min(tile::rows, m - i);
                T* to = c + i * ldc + column;
                const T* left = a + i * lda + pc;
                if (whole) {
                    detail::microkernel_with_prefetch(ir, tiles, next, rows, left, lda, panel, depth, to, ldc, pc > 0);
                    continue;
                }
                detail::edge_tile<T> edge;
                if (pc > 0) edge.load_from(to, ldc, rows, columns);
                detail::microkernel_with_prefetch(ir, tiles, next, rows, left, lda, panel, depth, edge.values, tile::columns,
                                                  pc > 0);
                edge.store_to(to, ldc, rows, columns);
            }
        }
    }
}

/// Rows [first, last) of c (k x n) = or += a^T b; a is depth x k, b depth x n. On the calling thread; reads both along their
/// rows and packs neither.
template <class T>
void gemm_tn_rows(std::size_t first, std::size_t last, std::size_t n, std::size_t depth, const T* a, std::size_t lda, const T* b,
                  std::size_t ldb, T* c, bool accumulate) {
    using tile = register_tile<T>;
    const std::size_t whole = n / tile::columns * tile::columns;
    for (std::size_t j = 0; j < whole; j += tile::columns)
        for (std::size_t i = first; i < last; i += tile::rows)
            microkernel_tn_rows<T>(std::min(tile::rows, last - i), a + i, lda, b + j, ldb, depth, c + i * n + j, n, accumulate);
    for (std::size_t i = first; i < last; ++i)
        for (std::size_t j = whole; j < n; ++j) {
            T sum = accumulate ? c[i * n + j] : T{0};
            for (std::size_t r = 0; r < depth; ++r) sum += a[r * lda + i] * b[r * ldb + j];
            c[i * n + j] = sum;
        }
}

/// The multiplication policy of cpu::fused_gemm with this file's packed layout. Another policy offers the same functions
/// (dnn::packed_products).
template <class T>
struct packed_products {
    /// Values of one packed k x n matrix.
    [[nodiscard]] static std::size_t count(std::size_t k, std::size_t n) { return packed_count<T>(k, n); }

    /// Packs the right-hand matrices: shape.matrices() x count(k, n) values at `to`.
    static void pack(std::size_t threads, const gemm_shape& shape, const rhs_matrix<T>& rhs, T* to) {
        const std::size_t panels = panel_count<T>(shape.n), panel_values = shape.k * register_tile<T>::columns;
        on_threads(threads, [&](std::size_t index, std::size_t count) {
            const auto [first, last] = partition(shape.matrices() * panels, count, index);
            for (std::size_t task = first; task < last; ++task)
                pack_panel(rhs.data + task / panels * shape.k * shape.n, rhs.transposed, shape.k, shape.n, task % panels,
                           to + task * panel_values);
        });
    }

    /// Partition `index` of `count` of a call on packed matrices: planes and panels are distributed.
    static void multiply(const gemm_call<T>& call, const T* packed, std::size_t index, std::size_t count) {
        const std::size_t panels = panel_count<T>(call.n), matrix_values = packed_count<T>(call.k, call.n);
        const auto [first, last] = partition(call.batch * panels, count, index);
        for (std::size_t task = first; task < last;) {
            const std::size_t matrix = task / panels, from = task % panels, to = std::min(panels, from + last - task);
            packed_gemm(call.m, call.n, call.k, call.a + matrix * call.stride_a, call.lda, packed + matrix * matrix_values, from,
                        to, call.c + matrix * call.stride_c, call.ldc);
            task += to - from;
        }
    }
};

}  // namespace rd4ad::inline RD4AD_ABI::backend::cpu
