// rd4ad/backend/cpu/pack.hpp: the packed layout of a right-hand matrix: panels of the microkernel's width. Twin:
// tests/backend/packed_gemm.cpp
#pragma once
#include <algorithm>
#include <cstddef>

#include <rd4ad/backend/simd.hpp>

// A BLAS packs its right-hand matrix on every call. Winograd's 36 products and the coarse layers have a few dozen rows per
// block, so packing takes as long as multiplying. Here a matrix is packed once per set of weights (or once per call, for all
// blocks), and the microkernel reads the packed matrix in the order of memory.
namespace rd4ad::inline RD4AD_ABI::backend::cpu {

/// Sizes of the register tile: `rows` x `columns` sums stay in registers along k.
template <class T>
struct register_tile {
    static constexpr std::size_t width = pack_traits<native_pack<T>>::width;
    static constexpr std::size_t packs = width * sizeof(T) >= 64 ? 4 : 2;
    static constexpr std::size_t columns = packs * width;
    static constexpr std::size_t rows = 6;                                                 // 24 of 32 registers, or 12 of 16
    static constexpr std::size_t depth = (std::size_t{32} << 10) / (columns * sizeof(T));  // of one step along k: fits L1
};

/// Panels of a matrix with n columns; the last panel is padded with zeros.
template <class T>
[[nodiscard]] constexpr std::size_t panel_count(std::size_t n) {
    return (n + register_tile<T>::columns - 1) / register_tile<T>::columns;
}

/// Values of one packed k x n matrix.
template <class T>
[[nodiscard]] constexpr std::size_t packed_count(std::size_t k, std::size_t n) {
    return panel_count<T>(n) * k * register_tile<T>::columns;
}

/// Packs panel `j` of a k x n matrix (stored n x k if `transposed`): k rows of `columns` values.
template <class T>
void pack_panel(const T* from, bool transposed, std::size_t k, std::size_t n, std::size_t j, T* to) {
    constexpr std::size_t columns = register_tile<T>::columns;
    const std::size_t first = j * columns, count = std::min(columns, n - first);
    if (!transposed) {
        for (std::size_t p = 0; p < k; ++p, to += columns) {
            std::copy_n(from + p * n + first, count, to);
            std::fill(to + count, to + columns, T{0});
        }
        return;
    }
    constexpr std::size_t block = 32;  // rows of the panel that stay in L1 while the columns are written
    for (std::size_t p = 0; p < k; p += block)
        for (std::size_t c = 0; c < columns; ++c)
            for (std::size_t r = p; r < std::min(k, p + block); ++r)
                to[r * columns + c] = c < count ? from[(first + c) * k + r] : T{0};
}

}  // namespace rd4ad::inline RD4AD_ABI::backend::cpu
