// rd4ad/data/duplicates.hpp: finds test images that are also training images, by content. Twin: tests/data/duplicates.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include <rd4ad/core/outcome.hpp>
#include <rd4ad/core/random.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/io/read_file.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// A training image and a test image with the same bytes.
struct duplicate {
    std::filesystem::path train{}, test{};
    friend bool operator==(const duplicate&, const duplicate&) = default;
};

namespace detail {

/// The size of an item's file in bytes; empty if it can't be read.
[[nodiscard]] inline std::optional<std::uintmax_t> file_size_of(const item& one) {
    std::error_code failed;
    const auto size = std::filesystem::file_size(one.image, failed);
    return failed ? std::nullopt : std::optional{size};
}

/// The bytes of an item's file; empty if it can't be read.
[[nodiscard]] inline std::optional<std::vector<std::byte>> bytes_of(const item& one) {
    auto read = attempt(on_failure::skip, one.image, [&] { return image::read_bytes(one.image); });
    return read ? std::optional{*std::move(read)} : std::nullopt;
}

[[nodiscard]] inline std::uint64_t hash_of(std::span<const std::byte> bytes) {
    return hash_name({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

/// Indices of the training and test images whose file sizes occur in both.
struct same_size_items {
    std::vector<std::size_t> train, test;
};

[[nodiscard]] inline same_size_items find_same_size(const dataset& set) {
    std::map<std::uintmax_t, std::vector<std::size_t>> train_by_size;
    for (std::size_t i = 0; i < set.train.size(); ++i)
        if (const auto size = file_size_of(set.train[i])) train_by_size[*size].push_back(i);
    same_size_items found;
    for (std::size_t i = 0; i < set.test.size(); ++i) {
        const auto size = file_size_of(set.test[i]);
        if (const auto same = size ? train_by_size.find(*size) : train_by_size.end(); same != train_by_size.end()) {
            found.test.push_back(i);
            found.train.insert(found.train.end(), same->second.begin(), same->second.end());
            same->second.clear();  // lists each training image once
        }
    }
    std::sort(found.train.begin(), found.train.end());
    return found;
}

}  // namespace detail

/// The test images whose files equal a training image's file byte for byte, in the order of test, each with the first such
/// training image. Reads only the files whose sizes occur in both train and test, on all threads. A file that can't be read is
/// the duplicate of none.
[[nodiscard]] inline std::vector<duplicate> duplicates(const dataset& set) {
    const auto same_size = detail::find_same_size(set);
    std::vector<std::optional<std::uint64_t>> hashes(same_size.train.size());
    parallel_for(hashes.size(), 0, [&](std::size_t i) {
        if (const auto bytes = detail::bytes_of(set.train[same_size.train[i]])) hashes[i] = detail::hash_of(*bytes);
    });
    std::multimap<std::uint64_t, std::size_t> train_by_hash;  // keeps the order of train for equal hashes
    for (std::size_t i = 0; i < hashes.size(); ++i)
        if (hashes[i]) train_by_hash.emplace(*hashes[i], same_size.train[i]);
    std::vector<const item*> found(same_size.test.size(), nullptr);
    parallel_for(found.size(), 0, [&](std::size_t i) {
        const auto bytes = detail::bytes_of(set.test[same_size.test[i]]);
        if (!bytes) return;
        const auto [first, last] = train_by_hash.equal_range(detail::hash_of(*bytes));
        for (auto at = first; at != last && !found[i]; ++at)
            if (detail::bytes_of(set.train[at->second]) == bytes) found[i] = &set.train[at->second];
    });
    std::vector<duplicate> out;
    for (std::size_t i = 0; i < found.size(); ++i)
        if (found[i]) out.push_back({found[i]->image, set.test[same_size.test[i]].image});
    return out;
}

}  // namespace rd4ad::inline RD4AD_ABI::data
