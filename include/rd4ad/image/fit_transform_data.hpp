// rd4ad/image/fit_transform_data.hpp: the sizes and positions of a fit, which image/fit_transform.hpp applies. Twin:
// tests/image/fit_transform.cpp
#pragma once
#include <cstddef>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

/// A geometry applied to one source size: border, then resize, then centre crop. All sizes and positions are in pixels.
struct fit_transform {
    std::size_t source_width{0}, source_height{0};  ///< the user's image
    std::size_t padded_width{0}, padded_height{0};  ///< the image with its borders
    std::size_t left{0}, top{0};                    ///< the image's first column and row in the padded one
    std::size_t fitted_width{0}, fitted_height{0};  ///< the padded image, resized
    std::size_t crop_x{0}, crop_y{0};               ///< the crop's first column and row in the resized image
    std::size_t width{0}, height{0};                ///< the crop: the network's input
    friend bool operator==(const fit_transform&, const fit_transform&) = default;

    /// Width and height of one input pixel in source pixels.
    [[nodiscard]] double scale_x() const noexcept {
        return static_cast<double>(padded_width) / static_cast<double>(fitted_width);
    }
    [[nodiscard]] double scale_y() const noexcept {
        return static_cast<double>(padded_height) / static_cast<double>(fitted_height);
    }
    [[nodiscard]] bool adds_border() const noexcept { return padded_width != source_width || padded_height != source_height; }
    [[nodiscard]] bool crops() const noexcept { return width != fitted_width || height != fitted_height; }
    /// Whether the input is the source image, pixel by pixel.
    [[nodiscard]] bool is_identity() const noexcept {
        return !adds_border() && !crops() && fitted_width == padded_width && fitted_height == padded_height;
    }
};

}  // namespace rd4ad::inline RD4AD_ABI::image
