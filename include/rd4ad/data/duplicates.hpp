// rd4ad/data/duplicates.hpp: test images that were trained on, found by content. Twin: tests/data_layouts/duplicates.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include <rd4ad/core/random.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/image/read.hpp>

namespace rd4ad::data {

/// Two files with the same bytes.
struct duplicate {
    std::filesystem::path train{}, test{};
    friend bool operator==(const duplicate&, const duplicate&) = default;
};

/// Each test image whose file is, byte for byte, one of train's as well, with the first such, in the order of test. Only
/// files whose sizes occur in both are read. Throws io_error.
[[nodiscard]] inline std::vector<duplicate> duplicates(const dataset& of) {
    using content = std::vector<std::byte>;
    std::map<std::uintmax_t, std::vector<std::size_t>> by_size;
    const auto size_of = [](const item& one) {
        std::error_code failure;
        const auto size = std::filesystem::file_size(one.image, failure);
        if (failure) throw io_error{one.image.string() + ": its size can't be read: " + failure.message()};
        return size;
    };
    const auto hash_of = [](const content& bytes) {
        return hash_name({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    };
    for (std::size_t i = 0; i < of.train.size(); ++i) by_size[size_of(of.train[i])].push_back(i);
    std::vector<std::size_t> suspects, candidates;  // of test, of train
    for (std::size_t i = 0; i < of.test.size(); ++i)
        if (const auto same = by_size.find(size_of(of.test[i])); same != by_size.end()) {
            suspects.push_back(i);
            candidates.insert(candidates.end(), same->second.begin(), same->second.end());
            same->second.clear();  // each of train once
        }
    std::vector<std::uint64_t> hashes(candidates.size());
    parallel_for(candidates.size(), 0,
                 [&](std::size_t i) { hashes[i] = hash_of(image::detail::file_bytes(of.train[candidates[i]].image)); });
    std::multimap<std::uint64_t, std::size_t> known;
    std::vector<std::pair<std::size_t, std::uint64_t>> in_order;
    for (std::size_t i = 0; i < candidates.size(); ++i) in_order.emplace_back(candidates[i], hashes[i]);
    std::sort(in_order.begin(), in_order.end());
    for (const auto& [train, hash] : in_order) known.emplace(hash, train);
    std::vector<const item*> found(suspects.size(), nullptr);
    parallel_for(suspects.size(), 0, [&](std::size_t i) {
        const content bytes = image::detail::file_bytes(of.test[suspects[i]].image);
        const auto [first, last] = known.equal_range(hash_of(bytes));
        for (auto at = first; at != last && !found[i]; ++at)
            if (image::detail::file_bytes(of.train[at->second].image) == bytes) found[i] = &of.train[at->second];
    });
    std::vector<duplicate> out;
    for (std::size_t i = 0; i < suspects.size(); ++i)
        if (found[i]) out.push_back({found[i]->image, of.test[suspects[i]].image});
    return out;
}

}  // namespace rd4ad::data
