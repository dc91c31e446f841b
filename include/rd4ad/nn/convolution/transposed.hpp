// rd4ad/nn/convolution/transposed.hpp: the 2x2 transposed convolution of stride 2 as one GEMM and a scatter, and its gradients.
// Twin: tests/nn/convolution.cpp
#pragma once
#include <cstddef>

#include <rd4ad/nn/convolution/im2col.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

/// Consumer: row r of the product holds the 2x2 square of output pixels of input pixel r.
template <class T>
struct to_squares {
    backend::epilogue<T> epilogue;
    std::size_t channels, input_w;

    RD4AD_KERNEL std::size_t row(std::size_t r) const { return r / input_w * 4 * input_w + r % input_w * 2; }

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t corner, std::size_t c, const T* from, std::size_t) const {
        for (std::size_t square = 0; square < 4; ++square)
            epilogue.template operator()<P>(corner + square / 2 * 2 * input_w + square % 2, c,
                                            backend::load<P>(from + square * channels));
    }

    [[nodiscard]] double values_moved(double visits) const { return 8 * visits; }
};

/// Producer: one row per input pixel, through the prologue.
template <class T, class Prologue>
struct pixel_rows {
    Prologue input;
    std::size_t channels;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c, T* to, std::size_t) const {
        backend::store<P>(to, input.template get<P>(r, c));
    }

    [[nodiscard]] double values_moved(double visits) const { return 2 * visits; }
};

/// Calls use(producer) with the input's pixels as rows, in place where there is no prologue.
template <class T, class Prologue, class Use>
void with_pixel_rows(const Prologue& input, std::size_t channels, const Use& use) {
    if constexpr (is_identity<Prologue>)
        use(backend::rows_in_place<T>{input.x, input.stride});
    else
        use(pixel_rows<T, Prologue>{.input = input, .channels = channels});
}

/// The 2x2 squares of an output, one per input pixel, as im2col rows.
template <class T>
[[nodiscard]] im2col_rows<T, identity_prologue<T>> squares_of(const T* output, const convolution& layer, const shape& input) {
    return {.input = {.x = output, .stride = layer.out},
            .grid = {.image_h = 2 * input.h,
                     .image_w = 2 * input.w,
                     .grid_h = input.h,
                     .grid_w = input.w,
                     .kernel_h = 2,
                     .kernel_w = 2,
                     .stride = 2,
                     .padding = 0},
            .channels = layer.out};
}

/// Writes epilogue(transposed convolution of the input).
template <Backend B, class Prologue>
void transposed_forward(typename B::queue& q, const convolution& layer, const shape& size, const Prologue& input,
                        const backend::rhs_matrix<typename B::value_type>& weights,
                        const backend::epilogue<typename B::value_type>& epilogue) {
    using T = typename B::value_type;
    with_pixel_rows<T>(input, layer.in, [&](const auto& rows) {
        backend::fused_gemm<B>(q, {.rows = size.pixels(), .k = layer.in, .n = 4 * layer.out}, rows, weights,
                               to_squares<T>{.epilogue = epilogue, .channels = layer.out, .input_w = size.w});
    });
}

/// Writes epilogue(input gradient).
template <Backend B>
void transposed_input_gradient(typename B::queue& q, const convolution& layer, const shape& size,
                               const typename B::value_type* output_gradient, const typename B::value_type* weights,
                               const backend::epilogue<typename B::value_type>& epilogue) {
    using T = typename B::value_type;
    backend::fused_gemm<B>(q, {.rows = size.pixels(), .k = 4 * layer.out, .n = layer.in},
                           squares_of(output_gradient, layer, size), {weights, true},
                           to_pixels<T>{.epilogue = epilogue, .channels = layer.in});
}

/// weight_gradient = sum over the input's pixels of pixel x square of output gradients.
template <Backend B, class Prologue>
void transposed_weight_gradient(typename B::queue& q, const convolution& layer, const shape& size, const Prologue& input,
                                const typename B::value_type* output_gradient, typename B::value_type* weight_gradient) {
    using T = typename B::value_type;
    with_pixel_rows<T>(input, layer.in, [&](const auto& rows) {
        backend::fused_gemm_reduce<B>(q, {.rows = size.pixels(), .k = layer.in, .n = 4 * layer.out}, rows,
                                      squares_of(output_gradient, layer, size), weight_gradient);
    });
}

}  // namespace rd4ad::inline RD4AD_ABI::nn
