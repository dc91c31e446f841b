// rd4ad/core/pipeline.hpp: processes a sequence in chunks: loads chunk i + 1 and consumes chunk i - 1 while chunk i is computed.
// Twin: tests/core/pipeline.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <future>
#include <utility>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The thread that loads a chunk. `on`: another thread, while the previous chunk is computed. `off`: the caller's thread, after
/// the previous chunk is computed.
enum class prefetch { on, off };

/// Splits 0 .. count - 1 into chunks of `step` indices (the last chunk may be smaller). Calls compute(first, load(first, size))
/// for each chunk, in order. compute runs on the caller's thread. At most one chunk is being loaded at any time. Rethrows an
/// exception of load or compute after a load in progress has ended.
template <class Load, class Compute>
void for_each_chunk(prefetch when, std::size_t count, std::size_t step, const Load& load, const Compute& compute) {
    const auto load_at = [&](std::size_t first) { return load(first, std::min(step, count - first)); };
    if (when == prefetch::off) {
        for (std::size_t first = 0; first < count; first += step) compute(first, load_at(first));
        return;
    }
    const auto start_load = [&](std::size_t first) {
        return std::async(std::launch::async, [&load_at, first] { return load_at(first); });
    };
    if (count == 0) return;
    auto next = start_load(0);
    for (std::size_t first = 0; first < count; first += step) {
        auto loaded = next.get();
        if (count - first > step) next = start_load(first + step);
        compute(first, std::move(loaded));
    }
}

/// for_each_chunk with a third stage: consume(first, compute(first, load(first, size))). consume runs on its own thread, in
/// order, while the next chunk is loaded or computed. All chunks are consumed on return.
template <class Load, class Compute, class Consume>
void pipeline(prefetch when, std::size_t count, std::size_t step, const Load& load, const Compute& compute,
              const Consume& consume) {
    std::future<void> consumed;
    for_each_chunk(when, count, step, load, [&](std::size_t first, auto loaded) {
        auto result = compute(first, std::move(loaded));
        if (consumed.valid()) consumed.get();
        consumed = std::async(std::launch::async,
                              [&consume, first, result = std::move(result)]() mutable { consume(first, std::move(result)); });
    });
    if (consumed.valid()) consumed.get();
}

}  // namespace rd4ad::inline RD4AD_ABI
