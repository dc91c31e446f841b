// rd4ad/core/processors.hpp: the number of processors that this process may use: affinity and container quota. Twin:
// tests/core/processors.cpp
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif

#include <rd4ad/core/config.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The number of processors that the scheduler may run the calling thread on (`taskset`, cpusets); at least 1. Other systems than
/// Linux: the number of hardware threads.
[[nodiscard]] inline std::size_t processors_by_affinity() {
#if defined(__linux__)
    // The kernel refuses a mask with fewer bits than it has processors.
    for (std::size_t masks = 1; masks <= 1024; masks *= 4) {
        // Words in place of cpu_set_t, which has no name of its own: nvcc 13 ends with an internal error at vectors of it.
        std::vector<unsigned long> allowed(masks * sizeof(::cpu_set_t) / sizeof(unsigned long));
        const std::size_t bytes = allowed.size() * sizeof(unsigned long);
        if (::sched_getaffinity(0, bytes, reinterpret_cast<::cpu_set_t*>(allowed.data())) != 0) continue;
        std::size_t count = 0;
        for (const unsigned long word : allowed) count += static_cast<std::size_t>(std::popcount(word));
        return std::max<std::size_t>(1, count);
    }
#endif
    return std::max(1U, std::thread::hardware_concurrency());
}

namespace core_detail {

/// `used` microseconds of each `period`, in whole processors, rounded up; nothing where one of them is no number above 0
/// ("max", -1).
[[nodiscard]] inline std::optional<std::size_t> whole_processors(const std::string& used, const std::string& period) {
    const auto number = [](const std::string& word) -> std::size_t {
        const bool digits = !word.empty() && word.size() < 16 && word.find_first_not_of("0123456789") == std::string::npos;
        return digits ? std::stoull(word) : 0;
    };
    const std::size_t part = number(used), whole = number(period);
    if (part == 0 || whole == 0) return {};
    return (part + whole - 1) / whole;
}

/// The first two words of a file; "" where there are fewer.
[[nodiscard]] inline std::pair<std::string, std::string> first_words(const std::filesystem::path& file) {
    std::pair<std::string, std::string> words;
    std::ifstream{file} >> words.first >> words.second;
    return words;
}

/// The quota of one control group, in version 2 (`cpu.max`) or 1 (`cpu.cfs_quota_us`, `cpu.cfs_period_us`).
[[nodiscard]] inline std::optional<std::size_t> quota_of_group(const std::filesystem::path& group) {
    const auto [used, period] = first_words(group / "cpu.max");
    if (const auto quota = whole_processors(used, period)) return quota;
    return whole_processors(first_words(group / "cpu.cfs_quota_us").first, first_words(group / "cpu.cfs_period_us").first);
}

}  // namespace core_detail

/// The processors that the control groups of this process grant it, as time per time, rounded up (`docker run --cpus 1.5`: 2):
/// the least over its group and all groups above it; nothing without a quota. Reads proc/self/cgroup and sys/fs/cgroup below
/// `root`, version 2 and 1. Within a container its group is the top of sys/fs/cgroup, whatever path proc/self/cgroup states.
/// Source: the kernel's Documentation/admin-guide/cgroup-v2.rst ("cpu.max") and Documentation/scheduler/sched-bwc.rst.
[[nodiscard]] inline std::optional<std::size_t> processors_by_quota(const std::filesystem::path& root = "/") {
    using paths = std::vector<std::filesystem::path>;
    std::optional<std::size_t> least;
    std::ifstream groups{root / "proc/self/cgroup"};
    for (std::string line; std::getline(groups, line);) {  // number:controllers:path; version 2 names no controllers
        const auto first = line.find(':'), second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        if (!controllers.empty() && text(',', controllers, ',').find(",cpu,") == std::string::npos) continue;
        auto group = std::filesystem::path{line.substr(second + 1)}.relative_path().lexically_normal();
        if (!group.empty() && *group.begin() == "..") group.clear();  // the path leaves the container
        for (const auto& mount : controllers.empty() ? paths{"", "unified"} : paths{"cpu", controllers})
            for (auto at = group;; at = at.parent_path()) {
                if (const auto quota = core_detail::quota_of_group(root / "sys/fs/cgroup" / mount / at))
                    least = std::min(least.value_or(*quota), *quota);
                if (at.empty()) break;
            }
    }
    return least;
}

/// The number of processors that this process may keep busy: those of its affinity, limited by its quota; at least 1. The quota
/// is read once per process.
[[nodiscard]] inline std::size_t available_processors() {
    static const std::optional<std::size_t> quota = processors_by_quota();
    const std::size_t allowed = processors_by_affinity();
    return quota ? std::min(*quota, allowed) : allowed;
}

}  // namespace rd4ad::inline RD4AD_ABI
