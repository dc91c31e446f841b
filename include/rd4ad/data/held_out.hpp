// rd4ad/data/held_out.hpp: which items are held out of training, drawn by the seed. Twin: tests/data_layouts/held_out.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/random.hpp>

namespace rd4ad::data {

/// Indices of items, both ascending; together they are all.
struct split {
    std::vector<std::size_t> kept, held_out;
};

/// That share of the items, to the nearest whole number, drawn by the seed; none where it comes to less than 2, as nothing can
/// be said from one. Throws option_error unless 0 <= share <= 0.9.
[[nodiscard]] inline split hold_out(std::size_t items, double share, std::uint64_t seed) {
    if (!(share >= 0 && share <= 0.9))
        throw option_error{"the share held out of training is " + std::to_string(share) + ", it must be 0 to 0.9"};
    auto count = static_cast<std::size_t>(share * static_cast<double>(items) + 0.5);
    if (count < 2) count = 0;
    random source{hash_name("held out") ^ seed};  // not the stream that orders the epochs
    auto order = shuffled_order(items, source);
    split made;
    made.held_out.assign(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count));
    made.kept.assign(order.begin() + static_cast<std::ptrdiff_t>(count), order.end());
    std::sort(made.held_out.begin(), made.held_out.end());
    std::sort(made.kept.begin(), made.kept.end());
    return made;
}

}  // namespace rd4ad::data
