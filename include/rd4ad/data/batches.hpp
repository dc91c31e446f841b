// rd4ad/data/batches.hpp: an epoch's order of items, cut into batches. Twin: tests/data_layouts/batches.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/random.hpp>

namespace rd4ad::data {

/// The order cut into batches of that size; the last is smaller where they don't come out even. Throws option_error
/// for a batch of 0.
[[nodiscard]] inline std::vector<std::vector<std::size_t>> batches_of(std::span<const std::size_t> order, std::size_t batch) {
    if (batch == 0) throw option_error{"the batch size is 0, it must be at least 1"};
    std::vector<std::vector<std::size_t>> batches;
    for (std::size_t first = 0; first < order.size(); first += batch) {
        const auto part = order.subspan(first, std::min(batch, order.size() - first));
        batches.emplace_back(part.begin(), part.end());
    }
    return batches;
}

/// One epoch: 0 .. items - 1 in an order drawn from the source, in batches. The source moves on, so the next epoch's
/// order is another.
[[nodiscard]] inline std::vector<std::vector<std::size_t>> shuffled_batches(std::size_t items, std::size_t batch,
                                                                            random& source) {
    return batches_of(shuffled_order(items, source), batch);
}

}  // namespace rd4ad::data
