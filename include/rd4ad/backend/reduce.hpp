// rd4ad/backend/reduce.hpp: sums over rows in a fixed order, written on apply. Twin: tests/backend/primitives.cpp
#pragma once
#include <algorithm>
#include <cstddef>

#include <rd4ad/backend/concept.hpp>

namespace rd4ad::backend {

namespace detail {

/// Rows summed one after the other in the value type, and sums added up at once in double: few enough that a device has
/// work for all its threads.
inline constexpr std::size_t reduce_chunk = 64;

/// Chunks of so many rows or sums.
[[nodiscard]] constexpr std::size_t chunks_of(std::size_t count) {
    return std::max<std::size_t>(1, (count + reduce_chunk - 1) / reduce_chunk);
}

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

/// Each group's sums, `chunks` of every kind, to a chunk's part of them.
template <class T>
struct combine_chunks {
    const T* sums;  // groups x chunks x kinds x channels
    std::size_t kinds, chunks, channels;
    T* out;  // groups x chunks_of(chunks) x kinds x channels

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        const std::size_t parts = (chunks + reduce_chunk - 1) / reduce_chunk;
        const std::size_t k = r % kinds, part = r / kinds % parts, group = r / kinds / parts;
        const std::size_t first = part * reduce_chunk;
        const std::size_t last = first + reduce_chunk < chunks ? first + reduce_chunk : chunks;
        for (std::size_t lane = c; lane < c + pack_traits<P>::width; ++lane) {
            double total = 0;
            for (std::size_t chunk = first; chunk < last; ++chunk)
                total += static_cast<double>(sums[((group * chunks + chunk) * kinds + k) * channels + lane]);
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
    std::size_t chunks = detail::chunks_of(rows);
    const std::size_t each = groups * K * channels;  // sums of one chunk of every group
    T *level = out, *next = nullptr;
    if (chunks > 1) {
        level = q.scratch(0, each * (chunks + detail::chunks_of(chunks)));
        next = level + each * chunks;
    }
    B::apply(q, groups * chunks, channels, detail::chunk_sums<K, T, Term>{term, rows, chunks, channels, level});
    while (chunks > 1) {
        const std::size_t fewer = detail::chunks_of(chunks);
        T* to = fewer == 1 ? out : next;
        B::apply(q, groups * fewer * K, channels, detail::combine_chunks<T>{level, K, chunks, channels, to});
        next = level;
        level = to;
        chunks = fewer;
    }
}

}  // namespace rd4ad::backend
