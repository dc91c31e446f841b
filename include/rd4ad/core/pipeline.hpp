// rd4ad/core/pipeline.hpp: a row of things worked through part by part, the next part made and the last one used meanwhile. Twin:
// tests/core/pipeline.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <future>
#include <utility>

namespace rd4ad {

/// When a part is made: while the one before is worked on, by another thread; or after that, by the thread that works.
enum class making { ahead, in_turn };

/// Takes 0 .. count - 1 in order, `step` at a time: work(first, make(first, size)) on the caller's thread. Parts are made one
/// after the other. What make or work throws is thrown again here, after a part that is being made is done.
template <class Make, class Work>
void work_through(making when, std::size_t count, std::size_t step, const Make& make, const Work& work) {
    const auto part = [&](std::size_t first) { return make(first, std::min(step, count - first)); };
    if (when == making::in_turn) {
        for (std::size_t first = 0; first < count; first += step) work(first, part(first));
        return;
    }
    const auto ahead = [&](std::size_t first) { return std::async(std::launch::async, [&part, first] { return part(first); }); };
    if (count == 0) return;
    auto next = ahead(0);
    for (std::size_t first = 0; first < count; first += step) {
        auto made = next.get();
        if (count - first > step) next = ahead(first + step);
        work(first, std::move(made));
    }
}

/// The same with one hand more: use(first, work(first, make(first, size))), where a part is used by a thread of its own, one
/// after the other in order, while the next is made or worked on. All are used on return.
template <class Make, class Work, class Use>
void pipeline(making when, std::size_t count, std::size_t step, const Make& make, const Work& work, const Use& use) {
    std::future<void> used;
    work_through(when, count, step, make, [&](std::size_t first, auto made) {
        auto result = work(first, std::move(made));
        if (used.valid()) used.get();
        used = std::async(std::launch::async,
                          [&use, first, result = std::move(result)]() mutable { use(first, std::move(result)); });
    });
    if (used.valid()) used.get();
}

}  // namespace rd4ad
