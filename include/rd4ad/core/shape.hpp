// rd4ad/core/shape.hpp: sizes of a batch of feature maps. Twin: tests/core/shape.cpp
#pragma once
#include <cstddef>
#include <string>

namespace rd4ad {

/// Sizes of a batch: n images, c channels, h rows, w columns. In memory the order is N x H x W x C (channels last);
/// texts and host arrays show it as N x C x H x W.
struct shape {
    std::size_t n{0}, c{0}, h{0}, w{0};

    /// Number of values.
    [[nodiscard]] constexpr std::size_t count() const noexcept { return n * c * h * w; }

    /// Number of pixels, n x h x w: the rows of the matrix that a 1x1 convolution multiplies.
    [[nodiscard]] constexpr std::size_t pixels() const noexcept { return n * h * w; }

    friend constexpr bool operator==(const shape&, const shape&) = default;
};

/// "2x64x16x16", as N x C x H x W.
[[nodiscard]] inline std::string to_string(const shape& s) {
    return std::to_string(s.n) + 'x' + std::to_string(s.c) + 'x' + std::to_string(s.h) + 'x' + std::to_string(s.w);
}

}  // namespace rd4ad
