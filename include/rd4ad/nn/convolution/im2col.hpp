// rd4ad/nn/convolution/im2col.hpp: any convolution as one GEMM over im2col rows, never stored whole, and its gradients. Twin:
// tests/nn/convolution.cpp
#pragma once
#include <cstddef>

#include <rd4ad/backend/epilogue.hpp>
#include <rd4ad/backend/fused_gemm.hpp>
#include <rd4ad/nn/convolution/layer.hpp>
#include <rd4ad/nn/prologue.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

/// A grid of windows over an image: window (y, x) starts at (y stride - padding, x stride - padding).
struct window_grid {
    std::size_t image_h, image_w;  ///< sizes of the image
    std::size_t grid_h, grid_w;    ///< number of windows
    std::size_t kernel_h, kernel_w, stride, padding;

    /// Image number, row and column of a window.
    struct position {
        std::size_t n, y, x;
    };
    [[nodiscard]] RD4AD_KERNEL position at(std::size_t r) const {
        const std::size_t x = r % grid_w, rest = r / grid_w;
        return {rest / grid_h, rest % grid_h, x};
    }
};

/// Producer: one im2col row, the window's pixels one after the other, zero beyond the image's border.
template <class T, class Prologue>
struct im2col_rows {
    Prologue input;
    window_grid grid;
    std::size_t channels;

    RD4AD_KERNEL window_grid::position row(std::size_t r) const { return grid.at(r); }

    template <class P>
    RD4AD_KERNEL void operator()(const window_grid::position& at, std::size_t c, T* to, std::size_t) const {
        for (std::size_t ky = 0; ky < grid.kernel_h; ++ky) {
            const std::size_t y = at.y * grid.stride + ky - grid.padding;  // wraps below zero: one test covers both ends
            for (std::size_t kx = 0; kx < grid.kernel_w; ++kx) {
                const std::size_t x = at.x * grid.stride + kx - grid.padding;
                const bool inside = y < grid.image_h && x < grid.image_w;
                const P value =
                    inside ? input.template get<P>((at.n * grid.image_h + y) * grid.image_w + x, c) : backend::broadcast<P>(T{0});
                backend::store<P>(to + (ky * grid.kernel_w + kx) * channels, value);
            }
        }
    }

    [[nodiscard]] double values_moved(double visits) const {
        return visits * static_cast<double>(grid.stride * grid.stride + grid.kernel_h * grid.kernel_w);
    }
};

/// Producer for images of few channels: a whole im2col row per call. Within the image each line of the window is one run of
/// kernel_w x channels values.
template <class T>
struct im2col_runs {
    identity_prologue<T> input;
    window_grid grid;
    std::size_t image_channels;
    static constexpr std::size_t channels = 1;

    RD4AD_KERNEL window_grid::position row(std::size_t r) const { return grid.at(r); }

    template <class P>
    RD4AD_KERNEL void operator()(const window_grid::position& at, std::size_t, T* to, std::size_t) const {
        const std::size_t run = grid.kernel_w * image_channels, left = at.x * grid.stride - grid.padding;
        const bool inside = left < grid.image_w && left + grid.kernel_w <= grid.image_w;
        for (std::size_t ky = 0; ky < grid.kernel_h; ++ky, to += run) {
            const std::size_t y = at.y * grid.stride + ky - grid.padding;
            if (y >= grid.image_h) {
                for (std::size_t i = 0; i < run; ++i) to[i] = T{0};
                continue;
            }
            const T* line = input.x + (at.n * grid.image_h + y) * grid.image_w * image_channels;
            if (inside) {
                for (std::size_t i = 0; i < run; ++i) to[i] = line[left * image_channels + i];
                continue;
            }
            for (std::size_t kx = 0; kx < grid.kernel_w; ++kx)
                for (std::size_t c = 0; c < image_channels; ++c)
                    to[kx * image_channels + c] = left + kx < grid.image_w ? line[(left + kx) * image_channels + c] : T{0};
        }
    }

    [[nodiscard]] double values_moved(double rows) const {
        return rows * static_cast<double>((grid.stride * grid.stride + grid.kernel_h * grid.kernel_w) * image_channels);
    }
};

/// Consumer: row r of the product is pixel r of the output.
template <class T>
struct to_pixels {
    backend::epilogue<T> epilogue;
    std::size_t channels;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c, const T* from, std::size_t) const {
        epilogue.template operator()<P>(r, c, backend::load<P>(from));
    }

    [[nodiscard]] double values_moved(double visits) const { return (epilogue.residual ? 3 : 2) * visits; }
};

/// Consumer: row r of the product is pixel (2 y + offset_y, 2 x + offset_x) of an image twice the grid's size. Where
/// `fill_square`, the other three pixels of the 2x2 square are written as if their product were 0.
template <class T>
struct to_every_second_pixel {
    backend::epilogue<T> epilogue;
    std::size_t channels, grid_h, grid_w, offset_y, offset_x;
    bool fill_square;

    RD4AD_KERNEL std::size_t row(std::size_t r) const {
        const std::size_t x = r % grid_w, rest = r / grid_w;  // rest = n grid_h + y
        return rest * 4 * grid_w + 2 * x;
    }

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t corner, std::size_t c, const T* from, std::size_t) const {
        const P value = backend::load<P>(from);
        if (!fill_square) {
            epilogue.template operator()<P>(corner + offset_y * 2 * grid_w + offset_x, c, value);
            return;
        }
        for (std::size_t dy = 0; dy < 2; ++dy)
            for (std::size_t dx = 0; dx < 2; ++dx)
                epilogue.template operator()<P>(corner + dy * 2 * grid_w + dx, c,
                                                dy == offset_y && dx == offset_x ? value : backend::broadcast<P>(T{0}));
    }

    [[nodiscard]] double values_moved(double visits) const {
        return (1 + (fill_square ? 4 : 1) * (epilogue.residual ? 2 : 1)) * visits;
    }
};

/// Kernel: copies the taps ky = last_y - step x i, kx = last_x - step x j of the weights [tap][in][out] to [in][i, j][out],
/// the transposed right-hand matrix of an input gradient.
template <class T>
struct flip_kernel {
    const T* from;
    T* to;
    std::size_t kernel, in, out;
    std::size_t taps_h, taps_w, last_y, last_x, step;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {  // r: (in, i, j)
        const std::size_t j = r % taps_w, i = r / taps_w % taps_h, channel = r / (taps_w * taps_h);
        const std::size_t tap = (last_y - step * i) * kernel + (last_x - step * j);
        backend::store<P>(to + r * out + c, backend::load<P>(from + (tap * in + channel) * out + c));
    }

    [[nodiscard]] double values_moved(double visits) const { return 2 * visits; }
};

/// The windows of a layer's forward.
[[nodiscard]] inline window_grid windows_of(const convolution& layer, const shape& input, const shape& output) {
    return {.image_h = input.h,
            .image_w = input.w,
            .grid_h = output.h,
            .grid_w = output.w,
            .kernel_h = layer.kernel,
            .kernel_w = layer.kernel,
            .stride = layer.stride,
            .padding = layer.padding()};
}

/// Writes epilogue(convolution of the input).
template <Backend B, class Prologue>
void im2col_forward(typename B::queue& q, const convolution& layer, const shape& size, const Prologue& input,
                    const backend::rhs_matrix<typename B::value_type>& weights,
                    const backend::epilogue<typename B::value_type>& epilogue) {
    using T = typename B::value_type;
    const shape output = layer.output_shape(size);
    const backend::gemm_shape gemm{.rows = output.pixels(), .k = layer.taps() * layer.in, .n = layer.out};
    const to_pixels<T> consumer{.epilogue = epilogue, .channels = layer.out};
    if constexpr (is_identity<Prologue>) {
        if (layer.kernel == 1 && layer.stride == 1) {
            backend::fused_gemm<B>(q, gemm, backend::rows_in_place<T>{input.x, input.stride}, weights, consumer);
            return;
        }
        if (layer.in < 4 && input.stride == layer.in) {
            const im2col_runs<T> producer{.input = input, .grid = windows_of(layer, size, output), .image_channels = layer.in};
            backend::fused_gemm<B>(q, gemm, producer, weights, consumer);
            return;
        }
    }
    const im2col_rows<T, Prologue> producer{.input = input, .grid = windows_of(layer, size, output), .channels = layer.in};
    backend::fused_gemm<B>(q, gemm, producer, weights, consumer);
}

/// Input gradient of a 1x1 convolution: the weights [in][out] are the transposed right-hand matrix.
template <Backend B>
void pointwise_input_gradient(typename B::queue& q, const convolution& layer, const shape& output,
                              const typename B::value_type* output_gradient, const typename B::value_type* weights,
                              const backend::epilogue<typename B::value_type>& epilogue) {
    using T = typename B::value_type;
    const backend::gemm_shape gemm{.rows = output.pixels(), .k = layer.out, .n = layer.in};
    const backend::rows_in_place<T> rows{output_gradient, layer.out};
    if (layer.stride == 1)
        backend::fused_gemm<B>(q, gemm, rows, {weights, true}, to_pixels<T>{.epilogue = epilogue, .channels = layer.in});
    else
        backend::fused_gemm<B>(q, gemm, rows, {weights, true},
                               to_every_second_pixel<T>{.epilogue = epilogue,
                                                        .channels = layer.in,
                                                        .grid_h = output.h,
                                                        .grid_w = output.w,
                                                        .offset_y = 0,
                                                        .offset_x = 0,
                                                        .fill_square = true});
}

/// Input gradient of a 3x3 convolution of stride 2. Even rows of the input meet the middle tap of one output, odd rows the
/// outer taps of two: four small convolutions of the gradient, by the parity of row and column.
template <Backend B>
void strided_input_gradient(typename B::queue& q, const convolution& layer, const shape& output,
                            const typename B::value_type* output_gradient, const typename B::value_type* weights,
                            const backend::epilogue<typename B::value_type>& epilogue) {
    using T = typename B::value_type;
    T* flipped = q.scratch(backend::scratch_slot::weights, layer.weight_count());
    for (std::size_t odd_y = 0; odd_y < 2; ++odd_y)
        for (std::size_t odd_x = 0; odd_x < 2; ++odd_x) {
            const std::size_t h = 1 + odd_y, w = 1 + odd_x;
            B::apply(q, layer.in * h * w, layer.out,
                     flip_kernel<T>{.from = weights,
                                    .to = flipped,
                                    .kernel = 3,
                                    .in = layer.in,
                                    .out = layer.out,
                                    .taps_h = h,
                                    .taps_w = w,
                                    .last_y = 1 + odd_y,
                                    .last_x = 1 + odd_x,
                                    .step = 2});
            const window_grid grid{output.h, output.w, output.h, output.w, h, w, 1, 0};
            backend::fused_gemm<B>(
                q, {.rows = output.pixels(), .k = h * w * layer.out, .n = layer.in},
                im2col_rows<T, identity_prologue<T>>{.input = {output_gradient, layer.out}, .grid = grid, .channels = layer.out},
                {flipped, true},
                to_every_second_pixel<T>{.epilogue = epilogue,
                                         .channels = layer.in,
                                         .grid_h = output.h,
                                         .grid_w = output.w,
                                         .offset_y = odd_y,
                                         .offset_x = odd_x,
                                         .fill_square = false});
        }
}

/// Writes epilogue(input gradient) from the output gradient; `size`: the input's shape.
template <Backend B>
void im2col_input_gradient(typename B::queue& q, const convolution& layer, const shape& size,
                           const typename B::value_type* output_gradient, const typename B::value_type* weights,
                           const backend::epilogue<typename B::value_type>& epilogue) {
    using T = typename B::value_type;
    const shape output = layer.output_shape(size);
    if (layer.kernel == 1) return pointwise_input_gradient<B>(q, layer, output, output_gradient, weights, epilogue);
    if (layer.stride != 1) return strided_input_gradient<B>(q, layer, output, output_gradient, weights, epilogue);
    const std::size_t k = layer.kernel;
    T* flipped = q.scratch(backend::scratch_slot::weights, layer.weight_count());
    B::apply(q, layer.in * k * k, layer.out,
             flip_kernel<T>{.from = weights,
                            .to = flipped,
                            .kernel = k,
                            .in = layer.in,
                            .out = layer.out,
                            .taps_h = k,
                            .taps_w = k,
                            .last_y = k - 1,
                            .last_x = k - 1,
                            .step = 1});
    const window_grid grid{output.h, output.w, size.h, size.w, k, k, 1, k - 1 - layer.padding()};
    backend::fused_gemm<B>(
        q, {.rows = size.pixels(), .k = layer.taps() * layer.out, .n = layer.in},
        im2col_rows<T, identity_prologue<T>>{.input = {output_gradient, layer.out}, .grid = grid, .channels = layer.out},
        {flipped, true}, to_pixels<T>{.epilogue = epilogue, .channels = layer.in});
}

/// weight_gradient (laid out as the weights) = sum over the output's pixels of im2col row x output gradient.
template <Backend B, class Prologue>
void im2col_weight_gradient(typename B::queue& q, const convolution& layer, const shape& size, const Prologue& input,
                            const typename B::value_type* output_gradient, typename B::value_type* weight_gradient) {
    using T = typename B::value_type;
    const shape output = layer.output_shape(size);
    const backend::gemm_shape gemm{.rows = output.pixels(), .k = layer.taps() * layer.in, .n = layer.out};
    const backend::rows_in_place<T> gradient{output_gradient, layer.out};
    if constexpr (is_identity<Prologue>)
        if (layer.kernel == 1 && layer.stride == 1) {
            backend::fused_gemm_reduce<B>(q, gemm, backend::rows_in_place<T>{input.x, input.stride}, gradient, weight_gradient);
            return;
        }
    const im2col_rows<T, Prologue> rows{.input = input, .grid = windows_of(layer, size, output), .channels = layer.in};
    backend::fused_gemm_reduce<B>(q, gemm, rows, gradient, weight_gradient);
}

}  // namespace rd4ad::inline RD4AD_ABI::nn
