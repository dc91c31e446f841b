// rd4ad/data/duplicates.hpp: finds test images that are also training images, by content. Twin: tests/data/duplicates.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/random.hpp>
#include <rd4ad/core/text.hpp>
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

[[nodiscard]] inline std::uintmax_t file_size_of(const item& one) {
    std::error_code failure;
    const auto size = std::filesystem::file_size(one.image, failure);
    if (failure) throw io_error{text(one.image, ": its size can't be read: ", failure.message())};
    return size;
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
    for (std::size_t i = 0; i < set.train.size(); ++i) train_by_size[file_size_of(set.train[i])].push_back(i);
    same_size_items found;
    for (std::size_t i = 0; i < set.test.size(); ++i)
        if (const auto same = train_by_size.find(file_size_of(set.test[i])); same != train_by_size.end()) {
            found.test.push_back(i);
            found.train.insert(found.train.end(), same->second.begin(), same->second.end());
            same->second.clear();  // lists each training image once
        }
    std::sort(found.train.begin(), found.train.end());
    return found;
}

}  // namespace detail

/// The test images whose files equal a training image's file byte for byte, in the order of test, each with the first such
/// training image. Reads only the files whose sizes occur in both train and test, on all threads. Throws io_error where a file
/// can't be read.
[[nodiscard]] inline std::vector<duplicate> duplicates(const dataset& set) {
    const auto same_size = detail::find_same_size(set);
    std::vector<std::uint64_t> hashes(same_size.train.size());
    parallel_for(hashes.size(), 0,
                 [&](std::size_t i) { hashes[i] = detail::hash_of(io::read_file(set.train[same_size.train[i]].image)); });
    std::multimap<std::uint64_t, std::size_t> train_by_hash;  // keeps the order of train for equal hashes
    for (std::size_t i = 0; i < hashes.size(); ++i) train_by_hash.emplace(hashes[i], same_size.train[i]);
    std::vector<const item*> found(same_size.test.size(), nullptr);
    parallel_for(found.size(), 0, [&](std::size_t i) {
        const auto bytes = io::read_file(set.test[same_size.test[i]].image);
        const auto [first, last] = train_by_hash.equal_range(detail::hash_of(bytes));
        for (auto at = first; at != last && !found[i]; ++at)
            if (io::read_file(set.train[at->second].image) == bytes) found[i] = &set.train[at->second];
    });
    std::vector<duplicate> out;
    for (std::size_t i = 0; i < found.size(); ++i)
        if (found[i]) out.push_back({found[i]->image, set.test[same_size.test[i]].image});
    return out;
}

}  // namespace rd4ad::inline RD4AD_ABI::data
