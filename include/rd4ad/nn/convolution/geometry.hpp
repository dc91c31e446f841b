// rd4ad/nn/convolution/geometry.hpp: the sizes of a convolution, of its weights and of its result. Twin: tests/nn/convolution.cpp
#pragma once
#include <cstddef>
#include <string>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/shape.hpp>

namespace rd4ad::nn {

/// A convolution of the model: square kernels of odd size with padding kernel / 2, or 2x2 transposed ones of stride 2.
/// Weights in memory: [ky][kx][in][out], transposed ones [in][dy][dx][out], so that each is a matrix for a product.
struct convolution {
    std::size_t in{0}, out{0}, kernel{1}, stride{1};
    bool transposed{false};

    [[nodiscard]] constexpr std::size_t taps() const noexcept { return kernel * kernel; }
    [[nodiscard]] constexpr std::size_t weight_count() const noexcept { return taps() * in * out; }
    [[nodiscard]] constexpr std::size_t padding() const noexcept { return transposed ? 0 : kernel / 2; }

    /// Multiply-adds of the plain algorithm for an input of this shape.
    [[nodiscard]] constexpr std::size_t multiply_adds(const shape& input) const noexcept {
        const std::size_t rows = transposed ? input.pixels() : result_of(input).pixels();
        return rows * weight_count();
    }

    /// The result's shape, without checks.
    [[nodiscard]] constexpr shape result_of(const shape& input) const noexcept {
        if (transposed) return {input.n, out, input.h * stride, input.w * stride};
        const auto along = [&](std::size_t size) { return (size + 2 * padding() - kernel) / stride + 1; };
        return {input.n, out, along(input.h), along(input.w)};
    }

    /// The result's shape; shape_error where the channels don't fit or a strided layer meets an odd size.
    [[nodiscard]] shape checked_result(const shape& input) const {
        if (input.c != in)
            throw shape_error{"convolution: " + std::to_string(in) + " input channels expected, found " + to_string(input)};
        if (input.count() == 0) throw shape_error{"convolution: an empty input, " + to_string(input)};
        if (stride == 2 && !transposed && (input.h % 2 != 0 || input.w % 2 != 0))
            throw shape_error{"convolution of stride 2: even height and width expected, found " + to_string(input) +
                              "; image sizes are multiples of 32"};
        return result_of(input);
    }

    friend constexpr bool operator==(const convolution&, const convolution&) = default;
};

}  // namespace rd4ad::nn
