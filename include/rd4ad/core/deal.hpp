// rd4ad/core/deal.hpp: deals jobs of different lengths to workers, the longest first. Twin: tests/core/deal.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The jobs of each worker, in the order in which it does them: the jobs, longest first, each to the worker that has the least to
/// do. costs: of each job, in any unit. Equal costs: the first job, the first worker. workers: at least 1. Source: Graham 1969,
/// longest processing time first: at most 4/3 of the shortest possible time.
[[nodiscard]] inline std::vector<std::vector<std::size_t>> deal_longest_first(std::span<const double> costs,
                                                                              std::size_t workers) {
    std::vector<std::size_t> jobs(costs.size());
    std::iota(jobs.begin(), jobs.end(), std::size_t{0});
    std::stable_sort(jobs.begin(), jobs.end(), [&](std::size_t a, std::size_t b) { return costs[a] > costs[b]; });
    std::vector<std::vector<std::size_t>> dealt(workers);
    std::vector<double> busy(workers, 0.0);
    for (const std::size_t job : jobs) {
        const auto worker = static_cast<std::size_t>(std::min_element(busy.begin(), busy.end()) - busy.begin());
        dealt[worker].push_back(job);
        busy[worker] += costs[job];
    }
    return dealt;
}

}  // namespace rd4ad::inline RD4AD_ABI
