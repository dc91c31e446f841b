// rd4ad/backend/xtensor/panel_gemm.hpp: products of few rows by a matrix that was laid out in panels once. Twin:
// tests/backend/panel_gemm.cpp
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <utility>

#include <rd4ad/backend/simd.hpp>
#include <rd4ad/core/threads.hpp>

// A library's product copies its right-hand matrix into an order of its own on every call. Winograd's 36 products and the
// coarse layers have a few dozen rows a block, so that copy costs as much as the product. Here the copy is made once, when
// the weights are (or once a call, for all blocks), and the product reads it as it lies.
namespace rd4ad::backend::host {

/// Sizes of the register tile: `rows` x `columns` sums stay in registers along k.
template <class T>
struct panel_tile {
    static constexpr std::size_t width = pack_traits<native_pack<T>>::width;
    static constexpr std::size_t packs = width * sizeof(T) >= 64 ? 4 : 2;
    static constexpr std::size_t columns = packs * width;
    static constexpr std::size_t rows = 6;                                                 // 24 of 32 registers, or 12 of 16
    static constexpr std::size_t depth = (std::size_t{32} << 10) / (columns * sizeof(T));  // at once: stays in the nearest cache
};

/// Panels of an n-column matrix; the last is filled up with zeros.
template <class T>
[[nodiscard]] constexpr std::size_t panels_of(std::size_t n) {
    return (n + panel_tile<T>::columns - 1) / panel_tile<T>::columns;
}

/// Values of one k x n matrix in panels.
template <class T>
[[nodiscard]] constexpr std::size_t panel_count(std::size_t k, std::size_t n) {
    return panels_of<T>(n) * k * panel_tile<T>::columns;
}

/// Lays panel `j` of a k x n matrix (or of one stored n x k, if transposed) at `to`: row after row of `columns` values.
template <class T>
void fill_one_panel(const T* from, bool transposed, std::size_t k, std::size_t n, std::size_t j, T* to) {
    constexpr std::size_t columns = panel_tile<T>::columns;
    const std::size_t first = j * columns, count = std::min(columns, n - first);
    if (!transposed) {
        for (std::size_t p = 0; p < k; ++p, to += columns) {
            std::copy_n(from + p * n + first, count, to);
            std::fill(to + count, to + columns, T{0});
        }
        return;
    }
    constexpr std::size_t together = 32;  // rows of the panel that stay in the first-level cache while columns are written
    for (std::size_t p = 0; p < k; p += together)
        for (std::size_t c = 0; c < columns; ++c)
            for (std::size_t r = p; r < std::min(k, p + together); ++r)
                to[r * columns + c] = c < count ? from[(first + c) * k + r] : T{0};
}

/// Calls use(0), ..., use(N - 1) with constant arguments.
template <std::size_t N, class Use>
void unrolled(const Use& use) {
    [&]<std::size_t... I>(std::index_sequence<I...>) { (use(std::integral_constant<std::size_t, I>{}), ...); }
    (std::make_index_sequence<N>{});
}

/// What will be read next, to be asked for while the processor multiplies: `Lines` cache lines at every row of the panel whose
/// number has none of the bits of `mask`, `step` bytes further each time.
template <std::size_t Lines>
struct read_ahead {
    static constexpr std::size_t lines = Lines;
    const char* next;
    std::size_t step, mask;
};

/// Rows x columns sums of a (rows of lda values) times part of a panel, `depth` deep, written to c or added to it.
template <class T, std::size_t Rows, class Ahead>
void multiply_tile(const T* a, std::size_t lda, const T* panel, std::size_t depth, T* c, std::size_t ldc, bool add,
                   const Ahead& ahead) {
    using P = native_pack<T>;
    using tile = panel_tile<T>;
    P sums[Rows][tile::packs];
    unrolled<Rows>([&](auto i) { unrolled<tile::packs>([&](auto j) { sums[i][j] = fill<P>(T{0}); }); });
    const char* next = ahead.next;
    for (std::size_t p = 0; p < depth; ++p, panel += tile::columns) {
        if ((p & ahead.mask) == 0) {
            // written out: g++ takes a function that only asks for memory for one without effect, and drops its calls
            __builtin_prefetch(next, 0, 2);
            if constexpr (Ahead::lines > 1) __builtin_prefetch(next + 64, 0, 2);
            if constexpr (Ahead::lines > 2) __builtin_prefetch(next + 128, 0, 2);
            if constexpr (Ahead::lines > 3) __builtin_prefetch(next + 192, 0, 2);
            next += ahead.step;
        }
        P right[tile::packs];
        unrolled<tile::packs>([&](auto j) { right[j] = load<P>(panel + j * tile::width); });
        unrolled<Rows>([&](auto i) {
            const P left = fill<P>(a[i * lda + p]);
            unrolled<tile::packs>([&](auto j) { sums[i][j] = multiply_add(left, right[j], sums[i][j]); });
        });
    }
    unrolled<Rows>([&](auto i) {
        unrolled<tile::packs>([&](auto j) {
            T* to = c + i * ldc + j * tile::width;
            store<P>(to, add ? load<P>(to) + sums[i][j] : sums[i][j]);  // summed on its own first: the error grows with the depth
        });
    });
}

/// The same for a number of rows up to a full tile's.
template <class T, class Ahead, std::size_t Rows = panel_tile<T>::rows>
void multiply_rows(std::size_t rows, const T* a, std::size_t lda, const T* panel, std::size_t depth, T* c, std::size_t ldc,
                   bool add, const Ahead& ahead) {
    if constexpr (Rows > 0) {
        if (rows == Rows)
            multiply_tile<T, Rows>(a, lda, panel, depth, c, ldc, add, ahead);
        else
            multiply_rows<T, Ahead, Rows - 1>(rows, a, lda, panel, depth, c, ldc, add, ahead);
    }
}

/// c (m x n) = a (m x k) times panels [first, last) of a k x n matrix, on the calling thread. The panels are read in the order
/// of memory, and while a part of them is multiplied the next one is asked for: with few rows it is used up sooner than memory
/// delivers it. The tiles of rows have each a share in the asking.
template <class T>
void multiply_panels(std::size_t m, std::size_t n, std::size_t k, const T* a, std::size_t lda, const T* panels, std::size_t first,
                     std::size_t last, T* c, std::size_t ldc) {
    using tile = panel_tile<T>;
    constexpr std::size_t row_bytes = tile::columns * sizeof(T), line = 64, lines = std::max<std::size_t>(1, row_bytes / line);
    static_assert(lines <= 4);
    const std::size_t tiles = (m + tile::rows - 1) / tile::rows;
    const std::size_t every = std::bit_floor(std::max<std::size_t>(1, tiles * line / row_bytes));  // rows of the panel to a line
    for (std::size_t j = first; j < last; ++j) {
        const std::size_t column = j * tile::columns, columns = std::min(tile::columns, n - column);
        const bool whole = columns == tile::columns;
        for (std::size_t p = 0; p < k; p += tile::depth) {
            const std::size_t depth = std::min(tile::depth, k - p);
            const T* panel = panels + (j * k + p) * tile::columns;
            const auto* next = reinterpret_cast<const char*>(panel + depth * tile::columns);
            for (std::size_t t = 0; t < tiles; ++t) {
                const std::size_t i = t * tile::rows, rows = std::min(tile::rows, m - i);
                T edge[tile::rows * tile::columns];
                T* to = whole ? c + i * ldc + column : edge;
                const std::size_t stride = whole ? ldc : tile::columns;
                if (!whole && p > 0)
                    for (std::size_t r = 0; r < rows; ++r) {
                        std::copy_n(c + (i + r) * ldc + column, columns, edge + r * tile::columns);
                        std::fill_n(edge + r * tile::columns + columns, tile::columns - columns, T{0});
                    }
                const auto multiply = [&](const auto& ahead) {
                    multiply_rows<T>(rows, a + i * lda + p, lda, panel, depth, to, stride, p > 0, ahead);
                };
                const char* share = next + t * depth * row_bytes / tiles;
                if (tiles >= lines)
                    multiply(read_ahead<1>{share, line, every - 1});
                else if constexpr (lines > 1) {
                    if (tiles == 1)
                        multiply(read_ahead<lines>{share, row_bytes, 0});
                    else
                        multiply(read_ahead<2>{share, row_bytes / tiles, 0});
                }
                if (!whole)
                    for (std::size_t r = 0; r < rows; ++r)
                        std::copy_n(edge + r * tile::columns, columns, c + (i + r) * ldc + column);
            }
        }
    }
}

/// Rows x columns of c += a^T b over `depth` rows of a and b, or = where not `add`.
template <class T, std::size_t Rows>
void reduce_tile(const T* a, std::size_t lda, const T* b, std::size_t ldb, std::size_t depth, T* c, std::size_t ldc, bool add) {
    using P = native_pack<T>;
    using tile = panel_tile<T>;
    P sums[Rows][tile::packs];
    unrolled<Rows>([&](auto i) { unrolled<tile::packs>([&](auto j) { sums[i][j] = fill<P>(T{0}); }); });
    for (std::size_t r = 0; r < depth; ++r, a += lda, b += ldb) {
        P right[tile::packs];
        unrolled<tile::packs>([&](auto j) { right[j] = load<P>(b + j * tile::width); });
        unrolled<Rows>([&](auto i) {
            const P left = fill<P>(a[i]);
            unrolled<tile::packs>([&](auto j) { sums[i][j] = multiply_add(left, right[j], sums[i][j]); });
        });
    }
    unrolled<Rows>([&](auto i) {
        unrolled<tile::packs>([&](auto j) {
            T* to = c + i * ldc + j * tile::width;
            store<P>(to, add ? load<P>(to) + sums[i][j] : sums[i][j]);  // summed on its own first: the error grows with the depth
        });
    });
}

/// The same for fewer rows of c than a full tile.
template <class T, std::size_t Rows = panel_tile<T>::rows - 1>
void reduce_rest(std::size_t rows, const T* a, std::size_t lda, const T* b, std::size_t ldb, std::size_t depth, T* c,
                 std::size_t ldc, bool add) {
    if constexpr (Rows > 0) {
        if (rows == Rows)
            reduce_tile<T, Rows>(a, lda, b, ldb, depth, c, ldc, add);
        else
            reduce_rest<T, Rows - 1>(rows, a, lda, b, ldb, depth, c, ldc, add);
    }
}

/// Rows [first, last) of c (k x n) += a^T b, or = where not `add`; a is depth x k, b depth x n. On the calling thread, with
/// neither copied: both are read along their rows.
template <class T>
void reduce_rows(std::size_t first, std::size_t last, std::size_t n, std::size_t depth, const T* a, std::size_t lda, const T* b,
                 std::size_t ldb, T* c, bool add) {
    using tile = panel_tile<T>;
    const std::size_t whole = n / tile::columns * tile::columns;
    for (std::size_t j = 0; j < whole; j += tile::columns)
        for (std::size_t i = first; i < last; i += tile::rows) {
            const std::size_t rows = std::min(tile::rows, last - i);
            if (rows == tile::rows)
                reduce_tile<T, tile::rows>(a + i, lda, b + j, ldb, depth, c + i * n + j, n, add);
            else
                reduce_rest<T>(rows, a + i, lda, b + j, ldb, depth, c + i * n + j, n, add);
        }
    for (std::size_t i = first; i < last; ++i)
        for (std::size_t j = whole; j < n; ++j) {
            T sum = add ? c[i * n + j] : T{0};
            for (std::size_t r = 0; r < depth; ++r) sum += a[r * lda + i] * b[r * ldb + j];
            c[i * n + j] = sum;
        }
}

}  // namespace rd4ad::backend::host
