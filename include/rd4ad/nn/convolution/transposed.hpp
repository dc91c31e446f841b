// rd4ad/nn/convolution/transposed.hpp: the 2x2 transposed convolution of stride 2 as one product and a scatter, and its
// gradients. Twin: tests/nn/convolution.cpp
#pragma once
#include <cstddef>

#include <rd4ad/nn/convolution/gathered.hpp>

namespace rd4ad::nn {

/// Consuming kernel: row r of the product holds the four pixels that input pixel r becomes.
template <class T>
struct to_squares {
    backend::epilogue<T> finish;
    std::size_t channels, input_w;

    RD4AD_KERNEL std::size_t row(std::size_t r) const { return r / input_w * 4 * input_w + r % input_w * 2; }

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t corner, std::size_t c, const T* from, std::size_t) const {
        for (std::size_t square = 0; square < 4; ++square)
            finish.template operator()<P>(corner + square / 2 * 2 * input_w + square % 2, c,
                                          backend::load<P>(from + square * channels));
    }
};

/// Producing kernel for the rows of an input that is not read as it lies.
template <class T, class Input>
struct pixel_rows {
    Input input;
    std::size_t channels;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c, T* to, std::size_t) const {
        backend::store<P>(to, input.template get<P>(r, c));
    }
};

/// Calls use(producer) with the input's pixels as rows, in place where they lie so.
template <class T, class Input, class Use>
void with_pixel_rows(const Input& input, std::size_t channels, const Use& use) {
    if constexpr (is_plain<Input>)
        use(backend::rows_in_place<T>{input.x, input.stride});
    else
        use(pixel_rows<T, Input>{input, channels});
}

[[nodiscard]] inline window_grid squares_of(const shape& input) {
    return {2 * input.h, 2 * input.w, input.h, input.w, 2, 2, 2, 0};
}

/// y = finish(transposed convolution of the input).
template <Backend B, class Input>
void transposed_forward(typename B::queue& q, const convolution& layer, const shape& size, const Input& input,
                        const backend::right_side<typename B::value_type>& weights,
                        const backend::epilogue<typename B::value_type>& finish) {
    using T = typename B::value_type;
    with_pixel_rows<T>(input, layer.in, [&](const auto& rows) {
        backend::tiled_gemm<B>(q, {1, size.pixels(), layer.in, 4 * layer.out}, rows, weights,
                               to_squares<T>{finish, layer.out, size.w});
    });
}

/// out = finish(gradient of the input).
template <Backend B>
void transposed_input_gradient(typename B::queue& q, const convolution& layer, const shape& size,
                               const typename B::value_type* result_gradient, const typename B::value_type* weights,
                               const backend::epilogue<typename B::value_type>& finish) {
    using T = typename B::value_type;
    const gather_windows<T, plain_input<T>> squares{{result_gradient, layer.out}, squares_of(size), layer.out};
    backend::tiled_gemm<B>(q, {1, size.pixels(), 4 * layer.out, layer.in}, squares, {weights, true},
                           to_pixels<T>{finish, layer.in});
}

/// weight_gradient = sum over the input's pixels of pixel x square of gradients.
template <Backend B, class Input>
void transposed_weight_gradient(typename B::queue& q, const convolution& layer, const shape& size, const Input& input,
                                const typename B::value_type* result_gradient, typename B::value_type* weight_gradient) {
    using T = typename B::value_type;
    const gather_windows<T, plain_input<T>> squares{{result_gradient, layer.out}, squares_of(size), layer.out};
    with_pixel_rows<T>(input, layer.in, [&](const auto& rows) {
        backend::tiled_gemm_reduce<B>(q, {1, size.pixels(), layer.in, 4 * layer.out}, rows, squares, weight_gradient);
    });
}

}  // namespace rd4ad::nn
