// rd4ad/backend/convolution_shape.hpp: the sizes of a convolution and of its output. Twin: tests/backend/onednn.cpp
#pragma once
#include <compare>
#include <cstddef>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::backend {

/// Height or width of a convolution's output.
[[nodiscard]] constexpr std::size_t convolution_output_size(std::size_t size, std::size_t kernel, std::size_t stride,
                                                            std::size_t padding) noexcept {
    return (size + 2 * padding - kernel) / stride + 1;
}

/// A convolution of an N x in x H x W input with padding kernel / 2.
struct convolution_shape {
    std::size_t n{0}, h{0}, w{0}, in{0}, out{0}, kernel{1}, stride{1};

    /// Height or width of the output, from that of the input.
    [[nodiscard]] constexpr std::size_t output_size(std::size_t size) const noexcept {
        return convolution_output_size(size, kernel, stride, kernel / 2);
    }
    /// Pixels of the output, over all images.
    [[nodiscard]] constexpr std::size_t output_pixels() const noexcept { return n * output_size(h) * output_size(w); }

    friend auto operator<=>(const convolution_shape&, const convolution_shape&) = default;
};

}  // namespace rd4ad::inline RD4AD_ABI::backend
