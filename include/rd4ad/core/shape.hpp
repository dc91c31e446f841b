// rd4ad/core/shape.hpp: the sizes of a batch of feature maps. Twin: tests/core/shape.cpp
#pragma once
#include <cstddef>
#include <string>

#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The sizes of a batch: n images, c channels, h rows, w columns. Memory holds the values as N x H x W x C (channels last);
/// messages and host arrays use N x C x H x W.
struct shape {
    std::size_t n{0}, c{0}, h{0}, w{0};

    /// Number of values.
    [[nodiscard]] constexpr std::size_t count() const noexcept { return n * c * h * w; }

    /// Number of pixels, n x h x w: the number of GEMM rows of a 1x1 convolution.
    [[nodiscard]] constexpr std::size_t pixels() const noexcept { return n * h * w; }

    friend constexpr bool operator==(const shape&, const shape&) = default;
};

/// The sizes as N x C x H x W, such as "2x64x16x16".
[[nodiscard]] inline std::string to_string(const shape& s) { return text(s.n, 'x', s.c, 'x', s.h, 'x', s.w); }

}  // namespace rd4ad::inline RD4AD_ABI
