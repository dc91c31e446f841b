// rd4ad/nn/convolution/layer.hpp: a convolution's hyper-parameters, and the shapes that follow from them. Twin:
// tests/nn/convolution.cpp
#pragma once
#include <cstddef>

#include <rd4ad/backend/convolution_shape.hpp>
#include <rd4ad/core/error.hpp>
#include <rd4ad/core/shape.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

/// A convolution of the model: square kernels of odd size with padding kernel / 2, or 2x2 transposed ones of stride 2.
/// Weights in memory: [ky][kx][in][out], transposed ones [in][dy][dx][out], so that each is a matrix of a GEMM.
struct convolution {
    std::size_t in{0}, out{0}, kernel{1}, stride{1};
    bool transposed{false};

    [[nodiscard]] constexpr std::size_t taps() const noexcept { return kernel * kernel; }
    [[nodiscard]] constexpr std::size_t weight_count() const noexcept { return taps() * in * out; }
    [[nodiscard]] constexpr std::size_t padding() const noexcept { return transposed ? 0 : kernel / 2; }

    /// Multiply-adds of the direct algorithm for an input of this shape.
    [[nodiscard]] constexpr std::size_t multiply_adds(const shape& input) const noexcept {
        const std::size_t rows = transposed ? input.pixels() : output_shape(input).pixels();
        return rows * weight_count();
    }

    /// The output's shape, without checks.
    [[nodiscard]] constexpr shape output_shape(const shape& input) const noexcept {
        if (transposed) return {input.n, out, input.h * stride, input.w * stride};
        const auto along = [&](std::size_t size) { return backend::convolution_output_size(size, kernel, stride, padding()); };
        return {input.n, out, along(input.h), along(input.w)};
    }

    /// The output's shape. Throws shape_error for an empty input, for other channels than `in`, and for an odd height or width
    /// before a stride of 2.
    [[nodiscard]] shape checked_output_shape(const shape& input) const {
        if (input.c != in) throw shape_error{text("convolution: ", in, " input channels expected, found ", to_string(input))};
        if (input.count() == 0) throw shape_error{text("convolution: the input is empty, ", to_string(input))};
        if (stride == 2 && !transposed && (input.h % 2 != 0 || input.w % 2 != 0))
            throw shape_error{text("convolution of stride 2: even height and width expected, found ", to_string(input),
                                   "; image sizes are multiples of 32")};
        return output_shape(input);
    }

    friend constexpr bool operator==(const convolution&, const convolution&) = default;
};

}  // namespace rd4ad::inline RD4AD_ABI::nn
