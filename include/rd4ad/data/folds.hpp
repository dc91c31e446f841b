// rd4ad/data/folds.hpp: divides items into folds for cross-fitting; groups of items stay together. Twin: tests/data/folds.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/random.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// Returns the fold of each item, 0 .. folds - 1. Items with equal group numbers share a fold. The seed determines the draw:
/// groups in random order, larger ones first, each into the fold with the fewest items. Throws option_error for fewer than 2
/// folds, data_error for fewer groups than folds.
[[nodiscard]] inline std::vector<std::size_t> make_folds(std::span<const std::size_t> groups, std::size_t folds,
                                                         std::uint64_t seed) {
    if (folds < 2) throw option_error{text("cross-fitting needs at least 2 folds, found ", folds)};
    std::vector<std::size_t> names{groups.begin(), groups.end()};
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    if (names.size() < folds)
        throw data_error{text("cross-fitting in ", folds, " folds needs at least ", folds, " different images, found ",
                              names.size(), " among ", groups.size(), "; add images, or give --calibration hold-out")};
    std::vector<std::vector<std::size_t>> members(names.size());
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const auto at = std::lower_bound(names.begin(), names.end(), groups[i]);
        members[static_cast<std::size_t>(at - names.begin())].push_back(i);
    }
    random source{hash_name("folds") ^ seed};
    auto order = shuffled_order(members.size(), source);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return members[a].size() > members[b].size(); });
    std::vector<std::size_t> fold_of(groups.size()), sizes(folds, 0);
    for (const std::size_t group : order) {
        const auto fold = static_cast<std::size_t>(std::min_element(sizes.begin(), sizes.end()) - sizes.begin());
        for (const std::size_t item : members[group]) fold_of[item] = fold;
        sizes[fold] += members[group].size();
    }
    return fold_of;
}

/// Returns a group number per item: items joined by a chain of pairs whose distance is below `limit` share one. distance(i, j):
/// of two items, symmetric. Cost: one distance per pair.
template <class Distance>
[[nodiscard]] std::vector<std::size_t> group_by_distance(std::size_t items, double limit, const Distance& distance) {
    std::vector<std::size_t> group(items);
    std::iota(group.begin(), group.end(), std::size_t{0});
    for (std::size_t i = 0; i < items; ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (group[i] != group[j] && distance(i, j) < limit) {
                const auto [kept, joined] = std::minmax(group[i], group[j]);
                std::replace(group.begin(), group.end(), std::size_t{joined}, std::size_t{kept});
            }
    return group;
}

}  // namespace rd4ad::inline RD4AD_ABI::data
