// rd4ad/data/kept_image.hpp: an image that a program gives a training in place of a file. Twin: tests/train/keep_images.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <rd4ad/core/outcome.hpp>
#include <rd4ad/data/fingerprint.hpp>
#include <rd4ad/data/preprocessing.hpp>
#include <rd4ad/image/image.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// All of an image that a training needs after it has seen it once: the frame itself is not kept. keep_images makes it.
struct kept_image {
    data::preprocessing preprocessing{};  ///< by which `fitted` was made
    image::size source{};                 ///< of the frame, in pixels
    image::image_u8 fitted{};             ///< the frame after fit and crop
    std::vector<std::byte> picture{};     ///< JPEG of the frame, its longer side at most 640 pixels: for people
    file_fingerprint fingerprint{};       ///< name, bytes of the pixels as RGB, and image::pixel_checksum
    std::uint64_t hash{0};                ///< of the pixels, for data::make_identity
    std::optional<failure> problem{};     ///< the reason why the frame can't be used; the members above are empty then
};

}  // namespace rd4ad::inline RD4AD_ABI::data
