// rd4ad/image/thumbnail_data.hpp: the bytes of a thumbnail, which image/thumbnail.hpp makes. Twin: tests/image/thumbnail.cpp
#pragma once
#include <cstddef>
#include <vector>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

/// Small versions of an image, its map and its mask. All are empty where even the smallest takes too many bytes.
struct thumbnail {
    std::vector<std::byte> image;  ///< JPEG, RGB
    std::vector<std::byte> map;    ///< JPEG, grey: 0 is `low`, 255 is `high`
    float low{0}, high{0};         ///< the range of the map; high is low + 1 for a constant map
    std::vector<std::byte> mask;   ///< PNG, RGBA: the defect tinted and outlined, transparent elsewhere; empty without a defect

    [[nodiscard]] std::size_t bytes() const noexcept { return image.size() + map.size() + mask.size(); }
};

}  // namespace rd4ad::inline RD4AD_ABI::image
