// rd4ad/data/identity.hpp: recognises a data set by a sketch of its training images. Twin: tests/data/identity.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/random.hpp>
#include <rd4ad/io/json.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// The record of its data set in a checkpoint. It does not depend on the folder or the names of the images.
struct identity {
    std::string name{};                   ///< the category, for messages
    std::size_t images{0};                ///< training images
    std::vector<std::uint64_t> sketch{};  ///< the smallest hashes of images, ascending; at most identity_size
};

/// The largest size of an identity's sketch.
inline constexpr std::size_t identity_size = 128;

namespace detail {

/// Spreads a hash evenly over 52 bits, which every reader of JSON keeps. Source: the finaliser of MurmurHash3.
[[nodiscard]] constexpr std::uint64_t mix_hash(std::uint64_t hash) noexcept {
    hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCDULL;
    hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53ULL;
    return (hash ^ (hash >> 33)) >> 12;
}

}  // namespace detail

/// The hash of an image file's content, by its size and its first 64 KiB.
[[nodiscard]] inline std::uint64_t image_hash(std::span<const std::byte> bytes) {
    constexpr std::size_t hashed = std::size_t{64} << 10;
    const auto hash = hash_name({reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), hashed)});
    return detail::mix_hash(hash ^ bytes.size());
}

/// The identity of a data set by the image_hash of each of its training images.
[[nodiscard]] inline identity make_identity(std::string name, std::vector<std::uint64_t> hashes) {
    const std::size_t images = hashes.size();
    std::sort(hashes.begin(), hashes.end());
    hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
    if (hashes.size() > identity_size) hashes.resize(identity_size);
    return {std::move(name), images, std::move(hashes)};
}

/// The share of images that two data sets have in common, of all images of both; estimated from the sketches (min-wise hashing,
/// Broder 1997). 1 for two data sets without images.
[[nodiscard]] inline double common_share(const identity& a, const identity& b) {
    std::vector<std::uint64_t> both;
    std::set_union(a.sketch.begin(), a.sketch.end(), b.sketch.begin(), b.sketch.end(), std::back_inserter(both));
    if (both.empty()) return 1;
    both.resize(std::min(both.size(), identity_size));
    const auto common = std::count_if(both.begin(), both.end(), [&](std::uint64_t hash) {
        return std::binary_search(a.sketch.begin(), a.sketch.end(), hash) &&
               std::binary_search(b.sketch.begin(), b.sketch.end(), hash);
    });
    return static_cast<double>(common) / static_cast<double>(both.size());
}

/// Whether two identities are of one data set, to which images may have been added: the larger one has at least half of the
/// smaller one's images in common with it.
[[nodiscard]] inline bool is_same_data(const identity& a, const identity& b) {
    if (a.images == 0 || b.images == 0) return a.images == b.images;
    const double share = common_share(a, b);
    const auto smaller = static_cast<double>(std::min(a.images, b.images)), sum = static_cast<double>(a.images + b.images);
    return share / (1 + share) * sum >= 0.5 * smaller;  // |A and B| = share / (1 + share) (|A| + |B|)
}

/// {"name", "images", "sketch"}
[[nodiscard]] inline io::json to_json(const identity& from) {
    return {{"name", from.name}, {"images", from.images}, {"sketch", from.sketch}};
}

/// The identity in a JSON object of to_json; nullopt for other JSON.
[[nodiscard]] inline std::optional<identity> identity_from(const io::json& from) {
    try {
        identity made{from.at("name").get<std::string>(), io::whole_number(from.at("images")), {}};
        for (const auto& one : from.at("sketch")) made.sketch.push_back(io::whole_number(one));
        return made;
    } catch (const io::json::exception&) {
        return std::nullopt;
    }
}

}  // namespace rd4ad::inline RD4AD_ABI::data
