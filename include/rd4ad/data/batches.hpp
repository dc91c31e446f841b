// rd4ad/data/batches.hpp: the order of the items in an epoch, cut into batches. Twin: tests/data/batches.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/random.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// Cuts an order of items into batches of `batch` items; the last batch holds the rest. Throws option_error for a batch of 0.
[[nodiscard]] inline std::vector<std::vector<std::size_t>> batches_of(std::span<const std::size_t> order, std::size_t batch) {
    if (batch == 0) throw option_error{"the batch size is 0; expected at least 1"};
    std::vector<std::vector<std::size_t>> batches;
    for (std::size_t first = 0; first < order.size(); first += batch) {
        const auto items = order.subspan(first, std::min(batch, order.size() - first));
        batches.emplace_back(items.begin(), items.end());
    }
    return batches;
}

/// The batches of one epoch: the items 0 .. items - 1 in an order drawn from `source`. Advances `source`, so that the next epoch
/// has another order.
[[nodiscard]] inline std::vector<std::vector<std::size_t>> shuffled_batches(std::size_t items, std::size_t batch,
                                                                            random& source) {
    return batches_of(shuffled_order(items, source), batch);
}

}  // namespace rd4ad::inline RD4AD_ABI::data
