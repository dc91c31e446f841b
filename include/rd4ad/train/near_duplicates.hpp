// rd4ad/train/near_duplicates.hpp: groups photographs of the same part, so that cross-fitting keeps them in one fold. Twin:
// tests/train/near_duplicates.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <rd4ad/data/folds.hpp>
#include <rd4ad/model/network_input.hpp>
#include <rd4ad/train/feature_cache.hpp>

namespace rd4ad::inline RD4AD_ABI {

namespace train_detail {

/// Two images are near duplicates if the distance of their features is below this share of the median over all pairs. Two
/// different parts of one product lie at 0.28 and more (elpv, BSData), two frames of one part below 0.1.
inline constexpr double duplicate_share = 0.2;

/// The teacher's deepest features of an image, averaged over 4 x 4 fields of each input: a short description of its content.
template <Backend B>
[[nodiscard]] std::vector<float> pooled_features(typename B::queue& q, const feature_cache<B>& cache, std::size_t first,
                                                 std::size_t count) {
    std::vector<float> pooled;
    for (std::size_t input = first; input < first + count; ++input) {
        const auto deepest = cache.get(q, std::span{&input, 1})[2];
        const auto values = to_host<B>(q, deepest);
        const auto& size = deepest.shape;
        const std::size_t fields_down = std::min<std::size_t>(4, size.h), fields_across = std::min<std::size_t>(4, size.w);
        const std::size_t begin = pooled.size();
        pooled.resize(begin + fields_down * fields_across * size.c, 0.0f);
        for (std::size_t y = 0; y < size.h; ++y)
            for (std::size_t x = 0; x < size.w; ++x) {
                const std::size_t field = y * fields_down / size.h * fields_across + x * fields_across / size.w;
                for (std::size_t c = 0; c < size.c; ++c)
                    pooled[begin + field * size.c + c] += static_cast<float>(values[(y * size.w + x) * size.c + c]);
            }
    }
    return pooled;
}

[[nodiscard]] inline double squared_distance(const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
        sum += difference * difference;
    }
    return sum;
}

}  // namespace train_detail

/// Returns a group number per file of the source: near duplicates share one. `cache` holds the features of all inputs.
template <Backend B>
[[nodiscard]] std::vector<std::size_t> near_duplicate_groups(typename B::queue& q, const feature_cache<B>& cache,
                                                             const image_source& source, std::span<const std::size_t> files) {
    std::vector<std::vector<float>> features;
    for (const std::size_t file : files) {
        const auto [first, count] = source.inputs_of(file);
        features.push_back(train_detail::pooled_features(q, cache, first, count));
    }
    std::vector<double> distances;
    for (std::size_t i = 0; i < features.size(); ++i)
        for (std::size_t j = 0; j < i; ++j) distances.push_back(train_detail::squared_distance(features[i], features[j]));
    if (distances.empty()) return std::vector<std::size_t>(files.size(), 0);
    auto ordered = distances;
    const auto middle = ordered.begin() + static_cast<std::ptrdiff_t>(ordered.size() / 2);
    std::nth_element(ordered.begin(), middle, ordered.end());
    const double limit = train_detail::duplicate_share * train_detail::duplicate_share * *middle;
    return data::group_by_distance(files.size(), limit,
                                   [&](std::size_t i, std::size_t j) { return distances[i * (i - 1) / 2 + j]; });
}

}  // namespace rd4ad::inline RD4AD_ABI
