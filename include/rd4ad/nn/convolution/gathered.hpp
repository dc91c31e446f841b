// rd4ad/nn/convolution/gathered.hpp: any convolution as one product over gathered windows, and its two gradients. Twin:
// tests/nn/convolution.cpp
#pragma once
#include <cstddef>

#include <rd4ad/backend/epilogue.hpp>
#include <rd4ad/backend/tiled_gemm.hpp>
#include <rd4ad/nn/convolution/geometry.hpp>
#include <rd4ad/nn/input.hpp>

namespace rd4ad::nn {

/// A grid of windows over an image: window (y, x) begins at (y stride - padding, x stride - padding).
struct window_grid {
    std::size_t image_h, image_w;  ///< sizes of what is read
    std::size_t grid_h, grid_w;    ///< number of windows
    std::size_t kernel_h, kernel_w, stride, padding;

    /// Image number and position of row r of the work.
    struct place {
        std::size_t n, y, x;
    };
    [[nodiscard]] RD4AD_KERNEL place at(std::size_t r) const {
        const std::size_t x = r % grid_w, rest = r / grid_w;
        return {rest / grid_h, rest % grid_h, x};
    }
};

/// Producing kernel: the window's pixels one after the other, zero beyond the border.
template <class T, class Input>
struct gather_windows {
    Input input;
    window_grid grid;
    std::size_t channels;

    RD4AD_KERNEL window_grid::place row(std::size_t r) const { return grid.at(r); }

    template <class P>
    RD4AD_KERNEL void operator()(const window_grid::place& at, std::size_t c, T* to, std::size_t) const {
        for (std::size_t ky = 0; ky < grid.kernel_h; ++ky) {
            const std::size_t y = at.y * grid.stride + ky - grid.padding;  // wraps below zero, so one test covers both ends
            for (std::size_t kx = 0; kx < grid.kernel_w; ++kx) {
                const std::size_t x = at.x * grid.stride + kx - grid.padding;
                const bool inside = y < grid.image_h && x < grid.image_w;
                const P value =
                    inside ? input.template get<P>((at.n * grid.image_h + y) * grid.image_w + x, c) : backend::fill<P>(T{0});
                backend::store<P>(to + (ky * grid.kernel_w + kx) * channels, value);
            }
        }
    }
};

/// Producing kernel for images of few channels, a whole window at a time: within the image each of its lines is one run of
/// kernel_w x channels values.
template <class T>
struct gather_runs {
    plain_input<T> input;
    window_grid grid;
    std::size_t image_channels;
    static constexpr std::size_t channels = 1;

    RD4AD_KERNEL window_grid::place row(std::size_t r) const { return grid.at(r); }

    template <class P>
    RD4AD_KERNEL void operator()(const window_grid::place& at, std::size_t, T* to, std::size_t) const {
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
};

/// Consuming kernel: row r of the product is pixel r of the result.
template <class T>
struct to_pixels {
    backend::epilogue<T> finish;
    std::size_t channels;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c, const T* from, std::size_t) const {
        finish.template operator()<P>(r, c, backend::load<P>(from));
    }
};

/// Consuming kernel: row r of the product is pixel (2 y + offset_y, 2 x + offset_x) of an image twice the grid's size; the
/// other three pixels of its square are set as if the product were 0, where `fill_square`.
template <class T>
struct to_every_second_pixel {
    backend::epilogue<T> finish;
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
            finish.template operator()<P>(corner + offset_y * 2 * grid_w + offset_x, c, value);
            return;
        }
        for (std::size_t dy = 0; dy < 2; ++dy)
            for (std::size_t dx = 0; dx < 2; ++dx)
                finish.template operator()<P>(corner + dy * 2 * grid_w + dx, c,
                                              dy == offset_y && dx == offset_x ? value : backend::fill<P>(T{0}));
    }
};

/// Weights [tap][in][out] to [in][tap of the part][out], the right-hand side (stored transposed) of an input's gradient.
/// The part has the taps ky = last_y - step x i, kx = last_x - step x j.
template <class T>
struct turn_taps {
    const T* from;
    T* to;
    std::size_t kernel, in, out;
    std::size_t part_h, part_w, last_y, last_x, step;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {  // r: (in, i, j)
        const std::size_t j = r % part_w, i = r / part_w % part_h, channel = r / (part_w * part_h);
        const std::size_t tap = (last_y - step * i) * kernel + (last_x - step * j);
        backend::store<P>(to + r * out + c, backend::load<P>(from + (tap * in + channel) * out + c));
    }
};

[[nodiscard]] inline window_grid windows_of(const convolution& layer, const shape& input, const shape& result) {
    return {input.h, input.w, result.h, result.w, layer.kernel, layer.kernel, layer.stride, layer.padding()};
}

/// y = finish(convolution of the input).
template <Backend B, class Input>
void gathered_forward(typename B::queue& q, const convolution& layer, const shape& size, const Input& input,
                      const backend::right_side<typename B::value_type>& weights,
                      const backend::epilogue<typename B::value_type>& finish) {
    using T = typename B::value_type;
    const shape result = layer.result_of(size);
    const backend::tile_sizes sizes{1, result.pixels(), layer.taps() * layer.in, layer.out};
    const to_pixels<T> consume{finish, layer.out};
    if constexpr (is_plain<Input>) {
        if (layer.kernel == 1 && layer.stride == 1) {
            backend::tiled_gemm<B>(q, sizes, backend::rows_in_place<T>{input.x, input.stride}, weights, consume);
            return;
        }
        if (layer.in < 4 && input.stride == layer.in) {
            backend::tiled_gemm<B>(q, sizes, gather_runs<T>{input, windows_of(layer, size, result), layer.in}, weights, consume);
            return;
        }
    }
    backend::tiled_gemm<B>(q, sizes, gather_windows<T, Input>{input, windows_of(layer, size, result), layer.in}, weights,
                           consume);
}

/// out = finish(gradient of the input), from the gradient of the result; `size` is the input's shape.
template <Backend B>
void gathered_input_gradient(typename B::queue& q, const convolution& layer, const shape& size,
                             const typename B::value_type* result_gradient, const typename B::value_type* weights,
                             const backend::epilogue<typename B::value_type>& finish) {
    using T = typename B::value_type;
    const shape result = layer.result_of(size);
    const plain_input<T> gradient{result_gradient, layer.out};
    if (layer.kernel == 1) {  // weights [in][out] are the transposed right-hand side as they lie
        const backend::tile_sizes sizes{1, result.pixels(), layer.out, layer.in};
        const backend::rows_in_place<T> rows{result_gradient, layer.out};
        if (layer.stride == 1)
            backend::tiled_gemm<B>(q, sizes, rows, {weights, true}, to_pixels<T>{finish, layer.in});
        else
            backend::tiled_gemm<B>(q, sizes, rows, {weights, true},
                                   to_every_second_pixel<T>{finish, layer.in, result.h, result.w, 0, 0, true});
        return;
    }
    T* turned = q.scratch(3, layer.weight_count());
    if (layer.stride == 1) {
        const std::size_t k = layer.kernel;
        B::apply(q, layer.in * k * k, layer.out, turn_taps<T>{weights, turned, k, layer.in, layer.out, k, k, k - 1, k - 1, 1});
        const window_grid grid{result.h, result.w, size.h, size.w, k, k, 1, k - 1 - layer.padding()};
        backend::tiled_gemm<B>(q, {1, size.pixels(), layer.taps() * layer.out, layer.in},
                               gather_windows<T, plain_input<T>>{gradient, grid, layer.out}, {turned, true},
                               to_pixels<T>{finish, layer.in});
        return;
    }
    // 3x3 of stride 2: the input's even rows meet the middle tap of one result, its odd rows the outer taps of two; four
    // parts, by the parity of row and column, each a small convolution of the gradient
    for (std::size_t odd_y = 0; odd_y < 2; ++odd_y)
        for (std::size_t odd_x = 0; odd_x < 2; ++odd_x) {
            const std::size_t h = 1 + odd_y, w = 1 + odd_x;
            B::apply(q, layer.in * h * w, layer.out,
                     turn_taps<T>{weights, turned, 3, layer.in, layer.out, h, w, 1 + odd_y, 1 + odd_x, 2});
            const window_grid grid{result.h, result.w, result.h, result.w, h, w, 1, 0};
            backend::tiled_gemm<B>(q, {1, result.pixels(), h * w * layer.out, layer.in},
                                   gather_windows<T, plain_input<T>>{gradient, grid, layer.out}, {turned, true},
                                   to_every_second_pixel<T>{finish, layer.in, result.h, result.w, odd_y, odd_x, false});
        }
}

/// weight_gradient (as the weights lie) = sum over the result's pixels of window x gradient.
template <Backend B, class Input>
void gathered_weight_gradient(typename B::queue& q, const convolution& layer, const shape& size, const Input& input,
                              const typename B::value_type* result_gradient, typename B::value_type* weight_gradient) {
    using T = typename B::value_type;
    const shape result = layer.result_of(size);
    const backend::tile_sizes sizes{1, result.pixels(), layer.taps() * layer.in, layer.out};
    const backend::rows_in_place<T> gradient{result_gradient, layer.out};
    if constexpr (is_plain<Input>)
        if (layer.kernel == 1 && layer.stride == 1) {
            backend::tiled_gemm_reduce<B>(q, sizes, backend::rows_in_place<T>{input.x, input.stride}, gradient, weight_gradient);
            return;
        }
    backend::tiled_gemm_reduce<B>(q, sizes, gather_windows<T, Input>{input, windows_of(layer, size, result), layer.in}, gradient,
                                  weight_gradient);
}

}  // namespace rd4ad::nn
