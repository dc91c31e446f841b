// rd4ad/backend/cpu/microkernel.hpp: the innermost loops of the packed products: one register tile of sums along k. Twin:
// tests/backend/packed_gemm.cpp
#pragma once
#include <cstddef>
#include <utility>

#include <rd4ad/backend/cpu/pack.hpp>

namespace rd4ad::inline RD4AD_ABI::backend::cpu {

/// Calls use(0), ..., use(N - 1) with constant arguments. It must be inlined, as must be a large `use`: g++ otherwise
/// calls them as functions and passes the sums through memory, which costs 4 % of a score.
template <std::size_t N, class Use>
[[gnu::always_inline]] inline void unrolled(const Use& use) {
    [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
        (use(std::integral_constant<std::size_t, I>{}), ...);
    }
    (std::make_index_sequence<N>{});
}

/// Rows x register_tile::packs packs of sums. Its functions must be inlined, so that the sums stay in registers.
template <class T, std::size_t Rows>
struct tile_sums {
    using P = native_pack<T>;
    using tile = register_tile<T>;
    P sums[Rows][tile::packs];

    [[gnu::always_inline]] tile_sums() {
        unrolled<Rows>([&](auto i) { unrolled<tile::packs>([&](auto j) { sums[i][j] = broadcast<P>(T{0}); }); });
    }

    /// Adds the outer product of Rows left values and one row of right-hand values.
    template <class Left>
    [[gnu::always_inline]] void add(const Left& left, const T* right) {
        P packs[tile::packs];
        unrolled<tile::packs>([&](auto j) { packs[j] = load<P>(right + j * tile::width); });
        unrolled<Rows>([&](auto i) {
            const P value = broadcast<P>(left(i));
            unrolled<tile::packs>([&](auto j) { sums[i][j] = mul_add(value, packs[j], sums[i][j]); });
        });
    }

    /// Writes the sums to c, or adds them. Adding a finished sum keeps the error of one step along k from growing with c.
    [[gnu::always_inline]] void store_to(T* c, std::size_t ldc, bool accumulate) const {
        unrolled<Rows>([&](auto i) __attribute__((always_inline)) {
            unrolled<tile::packs>([&](auto j) {
                T* to = c + i * ldc + j * tile::width;
                store<P>(to, accumulate ? load<P>(to) + sums[i][j] : sums[i][j]);
            });
        });
    }
};

/// Software prefetch of the next panel: `Lines` cache lines on each row r of the current one with (r & mask) == 0, `step`
/// bytes further each time.
template <std::size_t Lines>
struct panel_prefetch {
    static constexpr std::size_t lines = Lines;
    const char* next;
    std::size_t step, mask;
};

/// c = or += a (Rows rows, lda apart) x `depth` rows of a panel.
template <class T, std::size_t Rows, class Prefetch>
void microkernel_nn(const T* a, std::size_t lda, const T* panel, std::size_t depth, T* c, std::size_t ldc, bool accumulate,
                    const Prefetch& prefetch) {
    tile_sums<T, Rows> tile;
    const char* next = prefetch.next;
    for (std::size_t p = 0; p < depth; ++p, panel += register_tile<T>::columns) {
        if ((p & prefetch.mask) == 0) {
            // written out: g++ treats a function that only prefetches as one without effects and drops its calls
            __builtin_prefetch(next, 0, 2);
            if constexpr (Prefetch::lines > 1) __builtin_prefetch(next + 64, 0, 2);
            if constexpr (Prefetch::lines > 2) __builtin_prefetch(next + 128, 0, 2);
            if constexpr (Prefetch::lines > 3) __builtin_prefetch(next + 192, 0, 2);
            next += prefetch.step;
        }
        tile.add([&](auto i) { return a[i * lda + p]; }, panel);
    }
    tile.store_to(c, ldc, accumulate);
}

/// The same for 1 .. register_tile::rows rows.
template <class T, class Prefetch, std::size_t Rows = register_tile<T>::rows>
void microkernel_nn_rows(std::size_t rows, const T* a, std::size_t lda, const T* panel, std::size_t depth, T* c, std::size_t ldc,
                         bool accumulate, const Prefetch& prefetch) {
    if constexpr (Rows > 0) {
        if (rows == Rows)
            microkernel_nn<T, Rows>(a, lda, panel, depth, c, ldc, accumulate, prefetch);
        else
            microkernel_nn_rows<T, Prefetch, Rows - 1>(rows, a, lda, panel, depth, c, ldc, accumulate, prefetch);
    }
}

/// c = or += a^T b over `depth` rows of a and b: Rows columns of a, register_tile::columns columns of b.
template <class T, std::size_t Rows>
void microkernel_tn(const T* a, std::size_t lda, const T* b, std::size_t ldb, std::size_t depth, T* c, std::size_t ldc,
                    bool accumulate) {
    tile_sums<T, Rows> tile;
    for (std::size_t r = 0; r < depth; ++r, a += lda, b += ldb) tile.add([&](auto i) { return a[i]; }, b);
    tile.store_to(c, ldc, accumulate);
}

/// The same for 1 .. register_tile::rows columns of a.
template <class T, std::size_t Rows = register_tile<T>::rows>
void microkernel_tn_rows(std::size_t rows, const T* a, std::size_t lda, const T* b, std::size_t ldb, std::size_t depth, T* c,
                         std::size_t ldc, bool accumulate) {
    if constexpr (Rows > 0) {
        if (rows == Rows)
            microkernel_tn<T, Rows>(a, lda, b, ldb, depth, c, ldc, accumulate);
        else
            microkernel_tn_rows<T, Rows - 1>(rows, a, lda, b, ldb, depth, c, ldc, accumulate);
    }
}

}  // namespace rd4ad::inline RD4AD_ABI::backend::cpu
