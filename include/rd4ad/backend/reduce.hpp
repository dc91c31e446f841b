// rd4ad/backend/reduce.hpp: sums over rows in a fixed order, written on apply. Twin: tests/backend/primitives.cpp
#pragma once
#include <algorithm>
#include <cstddef>

#include <rd4ad/backend/concept.hpp>

namespace rd4ad::backend {

namespace detail {

/// Rows summed one after the other in the value type; chunks of this size are then summed in double.
inline constexpr std::size_t reduce_chunk = 128;

template <std::size_t K, class T, class Term>
struct chunk_sums {
    Term term;
    std::size_t rows, chunks, channels;
    T* partial;  // groups x chunks x K x channels

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        const std::size_t group = r / chunks, chunk = r % chunks, first = chunk * reduce_chunk;
        const std::size_t last = first + reduce_chunk < rows ? first + reduce_chunk : rows;
        P sums[K];
        for (std::size_t k = 0; k < K; ++k) sums[k] = fill<P>(T{0});
        for (std::size_t i = first; i < last; ++i) term.template operator()<P>(group * rows + i, c, sums);
        for (std::size_t k = 0; k < K; ++k) store<P>(partial + (r * K + k) * channels + c, sums[k]);
    }
};

template <class T>
struct combine_chunks {
    const T* partial;
    std::size_t kinds, chunks, channels;
    T* out;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        const std::size_t group = r / kinds, k = r % kinds;
        for (std::size_t lane = c; lane < c + pack_traits<P>::width; ++lane) {
            double total = 0;
            for (std::size_t chunk = 0; chunk < chunks; ++chunk)
                total += static_cast<double>(partial[((group * chunks + chunk) * kinds + k) * channels + lane]);
            out[r * channels + lane] = static_cast<T>(total);
        }
    }
};

}  // namespace detail

/// For each of `groups` groups of `rows` rows, K sums a channel: out[(group x K + k) x channels + c] is the sum over the
/// group's rows r of what `term.template operator()<P>(r, c, sums)` adds to sums[k]; r counts over all groups.
/// The order depends on `rows` alone, so the result is the same at any number of threads. `out`: device memory.
template <std::size_t K, Backend B, class Term>
void reduce(typename B::queue& q, std::size_t groups, std::size_t rows, std::size_t channels, const Term& term,
            typename B::value_type* out) {
    using T = typename B::value_type;
    const std::size_t chunks = std::max<std::size_t>(1, (rows + detail::reduce_chunk - 1) / detail::reduce_chunk);
    T* partial = q.scratch(0, groups * chunks * K * channels);
    B::apply(q, groups * chunks, channels, detail::chunk_sums<K, T, Term>{term, rows, chunks, channels, partial});
    B::apply(q, groups * K, channels, detail::combine_chunks<T>{partial, K, chunks, channels, out});
}

}  // namespace rd4ad::backend
