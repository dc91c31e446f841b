// rd4ad/backend/reduce.hpp: sums over rows in a fixed order, written on apply. Twin: tests/backend/primitives.cpp
#pragma once
#include <algorithm>
#include <cstddef>

#include <rd4ad/backend/concept.hpp>

namespace rd4ad::inline RD4AD_ABI::backend {

namespace detail {

/// Rows per chunk, and sums per level: a chunk is summed in the value type, the chunks' sums in double. Small enough that a
/// device has work for all its threads.
inline constexpr std::size_t reduce_chunk = 64;

/// Number of chunks of `count` rows or sums; at least 1.
[[nodiscard]] constexpr std::size_t chunks_of(std::size_t count) {
    return std::max<std::size_t>(1, (count + reduce_chunk - 1) / reduce_chunk);
}

/// Kernel: K sums per channel over the rows of one chunk.
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
        for (std::size_t k = 0; k < K; ++k) sums[k] = broadcast<P>(T{0});
        for (std::size_t i = first; i < last; ++i) term.template operator()<P>(group * rows + i, c, sums);
        for (std::size_t k = 0; k < K; ++k) store<P>(partial + (r * K + k) * channels + c, sums[k]);
    }

    [[nodiscard]] double values_moved(double visits) const {
        return visits * (Term::values_read * static_cast<double>(rows) / static_cast<double>(chunks) + K);
    }
};

/// Kernel: adds up to reduce_chunk chunks' sums of each group and kind.
template <class T>
struct combine_chunks {
    const T* sums;  // groups x chunks x kinds x channels
    std::size_t kinds, chunks, channels;
    T* out;  // groups x chunks_of(chunks) x kinds x channels

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        const std::size_t fewer = (chunks + reduce_chunk - 1) / reduce_chunk;  // chunks_of is no device function
        const std::size_t k = r % kinds, to = r / kinds % fewer, group = r / kinds / fewer;
        const std::size_t first = to * reduce_chunk;
        const std::size_t last = first + reduce_chunk < chunks ? first + reduce_chunk : chunks;
        for (std::size_t lane = c; lane < c + pack_traits<P>::width; ++lane) {
            double total = 0;
            for (std::size_t chunk = first; chunk < last; ++chunk)
                total += static_cast<double>(sums[((group * chunks + chunk) * kinds + k) * channels + lane]);
            out[r * channels + lane] = static_cast<T>(total);
        }
    }

    [[nodiscard]] double values_moved(double visits) const {
        return visits * (static_cast<double>(chunks) / static_cast<double>(chunks_of(chunks)) + 1);
    }
};

}  // namespace detail

/// For each of `groups` groups of `rows` rows, K sums per channel: out[(group x K + k) x channels + c] is the sum over the
/// group's rows r of the terms that `term.template operator()<P>(r, c, sums)` adds to sums[k]; r counts over all groups.
/// `Term::values_read`: values that the term reads per row and channel. `out`: device memory.
/// The order of summation depends on `rows` alone, so any number of threads gives the same bits.
template <std::size_t K, Backend B, class Term>
void reduce(typename B::queue& q, std::size_t groups, std::size_t rows, std::size_t channels, const Term& term,
            typename B::value_type* out) {
    using T = typename B::value_type;
    std::size_t chunks = detail::chunks_of(rows);
    const std::size_t each = groups * K * channels;  // sums of one chunk of every group
    T *level = out, *next = nullptr;
    if (chunks > 1) {
        level = q.scratch(scratch_slot::reduction, each * (chunks + detail::chunks_of(chunks)));
        next = level + each * chunks;
    }
    B::apply(
        q, groups * chunks, channels,
        detail::chunk_sums<K, T, Term>{.term = term, .rows = rows, .chunks = chunks, .channels = channels, .partial = level});
    while (chunks > 1) {
        const std::size_t fewer = detail::chunks_of(chunks);
        T* to = fewer == 1 ? out : next;
        B::apply(q, groups * fewer * K, channels,
                 detail::combine_chunks<T>{.sums = level, .kinds = K, .chunks = chunks, .channels = channels, .out = to});
        next = level;
        level = to;
        chunks = fewer;
    }
}

}  // namespace rd4ad::inline RD4AD_ABI::backend
