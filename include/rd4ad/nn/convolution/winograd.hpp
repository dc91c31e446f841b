// rd4ad/nn/convolution/winograd.hpp: 3x3 convolutions of stride 1 by Winograd's F(4x4, 3x3): 36 products instead of 144 a tile,
// in all three directions. Twin: tests/nn/convolution.cpp
#pragma once
#include <cstddef>

#include <rd4ad/backend/epilogue.hpp>
#include <rd4ad/backend/tiled_gemm.hpp>
#include <rd4ad/nn/convolution/geometry.hpp>
#include <rd4ad/nn/input.hpp>

// Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016), with the points 0, 1, -1, 2, -2 and infinity:
// y = A^T [(G w G^T) . (B^T d B)] A over tiles of 4 x 4 results, each read from 6 x 6 inputs that overlap by two. Summed
// over channels, the element-wise product is 36 matrix products. The gradient of the weights is the exact adjoint,
// dw = G^T [sum over tiles of (B^T d B) x (A dy A^T)] G; that of the input is the forward with turned weights.
namespace rd4ad::nn::winograd {

inline constexpr std::size_t outputs = 4, reach = 6, planes = 36;

/// B^T d, along six values `step` apart.
template <class P>
RD4AD_KERNEL void input_transform(const P* d, std::size_t step, P* o) {
    using T = backend::value_of<P>;
    const P a = d[0], b = d[step], c = d[2 * step], e = d[3 * step], f = d[4 * step], g = d[5 * step];
    const P four = backend::fill<P>(T{4}), five = backend::fill<P>(T{5}), two = backend::fill<P>(T{2});
    o[0] = four * a - five * c + f;
    const P even = f - four * c, odd = e - four * b;
    o[1] = even + odd;
    o[2] = even - odd;
    const P even2 = f - c, odd2 = two * (e - b);
    o[3] = even2 + odd2;
    o[4] = even2 - odd2;
    o[5] = four * b - five * e + g;
}

/// A^T m, along six values `step` apart, to four.
template <class P>
RD4AD_KERNEL void output_transform(const P* m, std::size_t step, P* o) {
    using T = backend::value_of<P>;
    const P a = m[step] + m[2 * step], b = m[step] - m[2 * step], c = m[3 * step] + m[4 * step], d = m[3 * step] - m[4 * step];
    o[0] = m[0] + a + c;
    o[1] = b + backend::fill<P>(T{2}) * d;
    o[2] = a + backend::fill<P>(T{4}) * c;
    o[3] = b + backend::fill<P>(T{8}) * d + m[5 * step];
}

/// A y, along four values `step` apart, to six.
template <class P>
RD4AD_KERNEL void gradient_transform(const P* y, std::size_t step, P* o) {
    using T = backend::value_of<P>;
    const P four = backend::fill<P>(T{4}), two = backend::fill<P>(T{2}), eight = backend::fill<P>(T{8});
    const P a = y[0] + y[2 * step], b = y[step] + y[3 * step];
    const P c = y[0] + four * y[2 * step], d = two * y[step] + eight * y[3 * step];
    o[0] = y[0];
    o[1] = a + b;
    o[2] = a - b;
    o[3] = c + d;
    o[4] = c - d;
    o[5] = y[3 * step];
}

/// G w, along three values `step` apart, to six.
template <class P>
RD4AD_KERNEL void weight_transform(const P* w, std::size_t step, P* o) {
    using T = backend::value_of<P>;
    const P a = w[0], b = w[step], c = w[2 * step];
    const P quarter = backend::fill<P>(T{1} / T{4}), sixth = backend::fill<P>(T{1} / T{6});
    const P twelfth = backend::fill<P>(T{1} / T{12}), twenty_fourth = backend::fill<P>(T{1} / T{24});
    o[0] = quarter * a;
    const P outer = sixth * (a + c), middle = sixth * b;
    o[1] = backend::fill<P>(T{0}) - outer - middle;
    o[2] = middle - outer;
    const P outer2 = twenty_fourth * a + sixth * c, middle2 = twelfth * b;
    o[3] = outer2 + middle2;
    o[4] = outer2 - middle2;
    o[5] = c;
}

/// G^T u, along six values `step` apart, to three.
template <class P>
RD4AD_KERNEL void weight_gradient_transform(const P* u, std::size_t step, P* o) {
    using T = backend::value_of<P>;
    const P quarter = backend::fill<P>(T{1} / T{4}), sixth = backend::fill<P>(T{1} / T{6});
    const P twelfth = backend::fill<P>(T{1} / T{12}), twenty_fourth = backend::fill<P>(T{1} / T{24});
    const P near = u[step] + u[2 * step], far = u[3 * step] + u[4 * step];
    o[0] = quarter * u[0] - sixth * near + twenty_fourth * far;
    o[1] = sixth * (u[2 * step] - u[step]) + twelfth * (u[3 * step] - u[4 * step]);
    o[2] = sixth * (far - near) + u[5 * step];
}

/// The tiles of an image, n images of tiles_h x tiles_w.
struct tiling {
    std::size_t h, w, tiles_h, tiles_w;

    struct place {
        std::size_t n, y, x;  ///< image, first row and column of the tile's results
    };
    [[nodiscard]] RD4AD_KERNEL place at(std::size_t r) const {
        const std::size_t x = r % tiles_w, rest = r / tiles_w;
        return {rest / tiles_h, rest % tiles_h * outputs, x * outputs};
    }
};

[[nodiscard]] inline tiling tiles_of(const shape& size) {
    return {size.h, size.w, (size.h + outputs - 1) / outputs, (size.w + outputs - 1) / outputs};
}

[[nodiscard]] inline std::size_t tile_count(const shape& size) {
    const tiling tiles = tiles_of(size);
    return size.n * tiles.tiles_h * tiles.tiles_w;
}

/// Producing kernel: B^T d B.
template <class T, class Input>
struct input_tiles {
    Input input;
    tiling tiles;
    std::size_t channels;

    RD4AD_KERNEL tiling::place row(std::size_t r) const { return tiles.at(r); }

    template <class P>
    RD4AD_KERNEL void operator()(const tiling::place& at, std::size_t c, T* to, std::size_t plane) const {
        P half[planes];
        for (std::size_t i = 0; i < reach; ++i) {
            const std::size_t y = at.y + i - 1;  // wraps below zero, so one test covers both ends
            P line[reach];
            for (std::size_t j = 0; j < reach; ++j) {
                const std::size_t x = at.x + j - 1;
                line[j] = y < tiles.h && x < tiles.w ? input.template get<P>((at.n * tiles.h + y) * tiles.w + x, c)
                                                     : backend::fill<P>(T{0});
            }
            input_transform(line, 1, half + i * reach);
        }
        for (std::size_t j = 0; j < reach; ++j) {
            P line[reach];
            input_transform(half + j, reach, line);
            for (std::size_t i = 0; i < reach; ++i) backend::store<P>(to + (i * reach + j) * plane, line[i]);
        }
    }
};

/// Producing kernel: A dy A^T.
template <class T>
struct gradient_tiles {
    plain_input<T> gradient;
    tiling tiles;
    std::size_t channels;

    RD4AD_KERNEL tiling::place row(std::size_t r) const { return tiles.at(r); }

    template <class P>
    RD4AD_KERNEL void operator()(const tiling::place& at, std::size_t c, T* to, std::size_t plane) const {
        P half[outputs * reach];
        for (std::size_t i = 0; i < outputs; ++i) {
            const std::size_t y = at.y + i;
            P line[outputs];
            for (std::size_t j = 0; j < outputs; ++j) {
                const std::size_t x = at.x + j;
                line[j] = y < tiles.h && x < tiles.w ? gradient.template get<P>((at.n * tiles.h + y) * tiles.w + x, c)
                                                     : backend::fill<P>(T{0});
            }
            gradient_transform(line, 1, half + i * reach);
        }
        for (std::size_t j = 0; j < reach; ++j) {
            P line[reach];
            gradient_transform(half + j, reach, line);
            for (std::size_t i = 0; i < reach; ++i) backend::store<P>(to + (i * reach + j) * plane, line[i]);
        }
    }
};

/// Consuming kernel: A^T m A, then the epilogue.
template <class T>
struct output_tiles {
    backend::epilogue<T> finish;
    tiling tiles;
    std::size_t channels;

    RD4AD_KERNEL tiling::place row(std::size_t r) const { return tiles.at(r); }

    template <class P>
    RD4AD_KERNEL void operator()(const tiling::place& at, std::size_t c, const T* from, std::size_t plane) const {
        P half[reach * outputs];
        for (std::size_t i = 0; i < reach; ++i) {
            P line[reach];
            for (std::size_t j = 0; j < reach; ++j) line[j] = backend::load<P>(from + (i * reach + j) * plane);
            output_transform(line, 1, half + i * outputs);
        }
        for (std::size_t j = 0; j < outputs; ++j) {
            P line[outputs];
            output_transform(half + j, outputs, line);
            for (std::size_t i = 0; i < outputs; ++i)
                if (at.y + i < tiles.h && at.x + j < tiles.w)
                    finish.template operator()<P>((at.n * tiles.h + at.y + i) * tiles.w + at.x + j, c, line[i]);
        }
    }
};

/// Kernel over in x out: U = G w G^T, plane by plane; w turned by half a turn where asked (for the input's gradient).
template <class T>
struct transform_weights {
    const T* from;
    T* to;
    std::size_t in, out;
    bool turned;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        P taps[9], half[18];
        for (std::size_t t = 0; t < 9; ++t) taps[t] = backend::load<P>(from + ((turned ? 8 - t : t) * in + r) * out + c);
        for (std::size_t j = 0; j < 3; ++j) {
            P line[reach];
            weight_transform(taps + j, 3, line);
            for (std::size_t i = 0; i < reach; ++i) half[i * 3 + j] = line[i];
        }
        for (std::size_t i = 0; i < reach; ++i) {
            P line[reach];
            weight_transform(half + i * 3, 1, line);
            for (std::size_t j = 0; j < reach; ++j) backend::store<P>(to + ((i * reach + j) * in + r) * out + c, line[j]);
        }
    }
};

/// Kernel over in x out: dw = G^T dU G.
template <class T>
struct transform_weight_gradient {
    const T* from;
    T* to;
    std::size_t in, out;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        P half[18];
        for (std::size_t i = 0; i < reach; ++i) {
            P line[reach];
            for (std::size_t j = 0; j < reach; ++j) line[j] = backend::load<P>(from + ((i * reach + j) * in + r) * out + c);
            weight_gradient_transform(line, 1, half + i * 3);
        }
        for (std::size_t j = 0; j < 3; ++j) {
            P line[3];
            weight_gradient_transform(half + j, 3, line);
            for (std::size_t i = 0; i < 3; ++i) backend::store<P>(to + ((i * 3 + j) * in + r) * out + c, line[i]);
        }
    }
};

/// Values of the transformed weights.
[[nodiscard]] inline std::size_t transformed_count(const convolution& layer) { return planes * layer.in * layer.out; }

/// transformed = G w G^T; `turned` for the gradient of the input.
template <Backend B>
void prepare(typename B::queue& q, const convolution& layer, const typename B::value_type* weights, bool turned,
             typename B::value_type* transformed) {
    using T = typename B::value_type;
    B::apply(q, layer.in, layer.out, transform_weights<T>{weights, transformed, layer.in, layer.out, turned});
}

/// y = finish(convolution of the input), with weights from `prepare`.
template <Backend B, class Input>
void forward(typename B::queue& q, const convolution& layer, const shape& size, const Input& input,
             const backend::right_side<typename B::value_type>& transformed,
             const backend::epilogue<typename B::value_type>& finish) {
    using T = typename B::value_type;
    const tiling tiles = tiles_of(size);
    backend::tiled_gemm<B>(q, {planes, tile_count(size), layer.in, layer.out}, input_tiles<T, Input>{input, tiles, layer.in},
                           transformed, output_tiles<T>{finish, tiles, layer.out});
}

/// out = finish(gradient of the input), with turned weights from `prepare`.
template <Backend B>
void input_gradient(typename B::queue& q, const convolution& layer, const shape& size,
                    const typename B::value_type* result_gradient, const typename B::value_type* turned,
                    const backend::epilogue<typename B::value_type>& finish) {
    using T = typename B::value_type;
    const tiling tiles = tiles_of(size);
    const input_tiles<T, plain_input<T>> produce{{result_gradient, layer.out}, tiles, layer.out};
    backend::tiled_gemm<B>(q, {planes, tile_count(size), layer.out, layer.in}, produce, {turned, true},
                           output_tiles<T>{finish, tiles, layer.in});
}

/// weight_gradient = G^T [sum over tiles] G.
template <Backend B, class Input>
void weight_gradient(typename B::queue& q, const convolution& layer, const shape& size, const Input& input,
                     const typename B::value_type* result_gradient, typename B::value_type* weight_gradient) {
    using T = typename B::value_type;
    const tiling tiles = tiles_of(size);
    T* sums = q.scratch(4, transformed_count(layer));
    backend::tiled_gemm_reduce<B>(q, {planes, tile_count(size), layer.in, layer.out},
                                  input_tiles<T, Input>{input, tiles, layer.in},
                                  gradient_tiles<T>{{result_gradient, layer.out}, tiles, layer.out}, sums);
    B::apply(q, layer.in, layer.out, transform_weight_gradient<T>{sums, weight_gradient, layer.in, layer.out});
}

}  // namespace rd4ad::nn::winograd
