// rd4ad/nn/convolution/winograd.hpp: 3x3 convolutions by a scheme of fewer multiplications, in all three directions. Twin:
// tests/nn/convolution.cpp
#pragma once
#include <cstddef>

#include <rd4ad/backend/epilogue.hpp>
#include <rd4ad/backend/tiled_gemm.hpp>
#include <rd4ad/nn/convolution/geometry.hpp>
#include <rd4ad/nn/convolution/schemes.hpp>
#include <rd4ad/nn/input.hpp>

namespace rd4ad::nn::winograd {

/// The tiles of n images that `Scheme` reads from images of one size to write those of another.
template <class Scheme>
struct tiling {
    std::size_t read_h, read_w, written_h, written_w, tiles_h, tiles_w;

    tiling(const shape& read, const shape& written)
        : read_h{read.h},
          read_w{read.w},
          written_h{written.h},
          written_w{written.w},
          tiles_h{(written.h + Scheme::results - 1) / Scheme::results},
          tiles_w{(written.w + Scheme::results - 1) / Scheme::results} {}

    struct place {
        std::size_t n, y, x;  ///< image, row and column of the tile
    };
    [[nodiscard]] RD4AD_KERNEL place at(std::size_t r) const {
        const std::size_t x = r % tiles_w, rest = r / tiles_w;
        return {rest / tiles_h, rest % tiles_h, x};
    }
};

template <class Scheme>
[[nodiscard]] std::size_t tile_count(const shape& written) {
    const tiling<Scheme> tiles{written, written};
    return written.n * tiles.tiles_h * tiles.tiles_w;
}

/// Producing kernel: B^T d B.
template <class Scheme, class T, class Input>
struct input_tiles {
    Input input;
    tiling<Scheme> tiles;
    std::size_t channels;

    RD4AD_KERNEL auto row(std::size_t r) const { return tiles.at(r); }

    template <class P>
    RD4AD_KERNEL void operator()(const typename tiling<Scheme>::place& at, std::size_t c, T* to, std::size_t plane) const {
        constexpr std::size_t reach = Scheme::reach, products = Scheme::products;
        P half[reach * products];
        for (std::size_t i = 0; i < reach; ++i) {
            const std::size_t y = at.y * Scheme::read_step + i - Scheme::read_ahead;  // wraps below zero: one test for both ends
            P line[reach];
            for (std::size_t j = 0; j < reach; ++j) {
                const std::size_t x = at.x * Scheme::read_step + j - Scheme::read_ahead;
                line[j] = y < tiles.read_h && x < tiles.read_w
                              ? input.template get<P>((at.n * tiles.read_h + y) * tiles.read_w + x, c)
                              : backend::fill<P>(T{0});
            }
            Scheme::input_transform(line, 1, half + i * products);
        }
        for (std::size_t j = 0; j < products; ++j) {
            P line[products];
            Scheme::input_transform(half + j, products, line);
            for (std::size_t i = 0; i < products; ++i) backend::store<P>(to + Scheme::plane(i, j) * plane, line[i]);
        }
    }
};

/// Producing kernel: A dy A^T.
template <class Scheme, class T>
struct gradient_tiles {
    plain_input<T> gradient;
    tiling<Scheme> tiles;
    std::size_t channels;

    RD4AD_KERNEL auto row(std::size_t r) const { return tiles.at(r); }

    template <class P>
    RD4AD_KERNEL void operator()(const typename tiling<Scheme>::place& at, std::size_t c, T* to, std::size_t plane) const {
        constexpr std::size_t results = Scheme::results, products = Scheme::products;
        P half[results * products];
        for (std::size_t i = 0; i < results; ++i) {
            const std::size_t y = at.y * results + i;
            P line[results];
            for (std::size_t j = 0; j < results; ++j) {
                const std::size_t x = at.x * results + j;
                line[j] = y < tiles.written_h && x < tiles.written_w
                              ? gradient.template get<P>((at.n * tiles.written_h + y) * tiles.written_w + x, c)
                              : backend::fill<P>(T{0});
            }
            Scheme::gradient_transform(line, 1, half + i * products);
        }
        for (std::size_t j = 0; j < products; ++j) {
            P line[products];
            Scheme::gradient_transform(half + j, products, line);
            for (std::size_t i = 0; i < products; ++i) backend::store<P>(to + Scheme::plane(i, j) * plane, line[i]);
        }
    }
};

/// Consuming kernel: A^T m A, then the epilogue.
template <class Scheme, class T>
struct output_tiles {
    backend::epilogue<T> finish;
    tiling<Scheme> tiles;
    std::size_t channels;

    RD4AD_KERNEL auto row(std::size_t r) const { return tiles.at(r); }

    template <class P>
    RD4AD_KERNEL void operator()(const typename tiling<Scheme>::place& at, std::size_t c, const T* from,
                                 std::size_t plane) const {
        constexpr std::size_t results = Scheme::results, products = Scheme::products;
        P half[products * results];
        for (std::size_t i = 0; i < products; ++i) {
            P line[products];
            for (std::size_t j = 0; j < products; ++j) line[j] = backend::load<P>(from + Scheme::plane(i, j) * plane);
            Scheme::output_transform(line, 1, half + i * results);
        }
        for (std::size_t j = 0; j < results; ++j) {
            P line[results];
            Scheme::output_transform(half + j, results, line);
            const std::size_t x = at.x * results + j;
            for (std::size_t i = 0; i < results; ++i)
                if (const std::size_t y = at.y * results + i; y < tiles.written_h && x < tiles.written_w)
                    finish.template operator()<P>((at.n * tiles.written_h + y) * tiles.written_w + x, c, line[i]);
        }
    }
};

/// Kernel over in x out: U = G w G^T, matrix by matrix; w turned by half a turn where asked (for the input's gradient).
template <class Scheme, class T>
struct transform_weights {
    const T* from;
    T* to;
    std::size_t in, out;
    bool turned;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        constexpr std::size_t distinct = Scheme::distinct;
        P taps[9], half[distinct * 3];
        for (std::size_t t = 0; t < 9; ++t) taps[t] = backend::load<P>(from + ((turned ? 8 - t : t) * in + r) * out + c);
        for (std::size_t j = 0; j < 3; ++j) {
            P line[distinct];
            Scheme::weight_transform(taps + j, 3, line);
            for (std::size_t i = 0; i < distinct; ++i) half[i * 3 + j] = line[i];
        }
        for (std::size_t i = 0; i < distinct; ++i) {
            P line[distinct];
            Scheme::weight_transform(half + i * 3, 1, line);
            for (std::size_t j = 0; j < distinct; ++j) backend::store<P>(to + (Scheme::matrix(i, j) * in + r) * out + c, line[j]);
        }
    }
};

/// Kernel over in x out: dw = G^T dU G.
template <class Scheme, class T>
struct transform_weight_gradient {
    const T* from;
    T* to;
    std::size_t in, out;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        constexpr std::size_t distinct = Scheme::distinct;
        P half[distinct * 3];
        for (std::size_t i = 0; i < distinct; ++i) {
            P line[distinct];
            for (std::size_t j = 0; j < distinct; ++j)
                line[j] = backend::load<P>(from + (Scheme::matrix(i, j) * in + r) * out + c);
            Scheme::weight_gradient_transform(line, 1, half + i * 3);
        }
        for (std::size_t j = 0; j < 3; ++j) {
            P line[3];
            Scheme::weight_gradient_transform(half + j, 3, line);
            for (std::size_t i = 0; i < 3; ++i) backend::store<P>(to + ((i * 3 + j) * in + r) * out + c, line[i]);
        }
    }
};

/// The product of `rows` tiles.
template <class Scheme>
[[nodiscard]] backend::tile_sizes product_sizes(std::size_t rows, std::size_t in, std::size_t out) {
    return {Scheme::planes, rows, in, out, Scheme::groups};
}

/// Values of the transformed weights.
template <class Scheme>
[[nodiscard]] std::size_t transformed_count(const convolution& layer) {
    return Scheme::distinct * Scheme::distinct * layer.in * layer.out;
}

/// transformed = G w G^T; `turned` for the gradient of the input.
template <Backend B, class Scheme>
void prepare(typename B::queue& q, const convolution& layer, const typename B::value_type* weights, bool turned,
             typename B::value_type* transformed) {
    using T = typename B::value_type;
    B::apply(q, layer.in, layer.out, transform_weights<Scheme, T>{weights, transformed, layer.in, layer.out, turned});
}

/// y = finish(convolution of the input), with weights from `prepare`.
template <Backend B, class Scheme, class Input>
void forward(typename B::queue& q, const convolution& layer, const shape& size, const Input& input,
             const backend::right_side<typename B::value_type>& transformed,
             const backend::epilogue<typename B::value_type>& finish) {
    using T = typename B::value_type;
    const shape result = layer.result_of(size);
    const tiling<Scheme> tiles{size, result};
    backend::tiled_gemm<B>(q, product_sizes<Scheme>(tile_count<Scheme>(result), layer.in, layer.out),
                           input_tiles<Scheme, T, Input>{input, tiles, layer.in}, transformed,
                           output_tiles<Scheme, T>{finish, tiles, layer.out});
}

/// out = finish(gradient of the input, of shape `size`), with turned weights from `prepare`. Stride 1: the forward's scheme;
/// stride 2: strided_back.
template <Backend B, class Scheme>
void input_gradient(typename B::queue& q, const convolution& layer, const shape& size,
                    const typename B::value_type* result_gradient, const typename B::value_type* turned,
                    const backend::epilogue<typename B::value_type>& finish) {
    using T = typename B::value_type;
    const tiling<Scheme> tiles{layer.result_of(size), size};
    backend::tiled_gemm<B>(q, product_sizes<Scheme>(tile_count<Scheme>(size), layer.out, layer.in),
                           input_tiles<Scheme, T, plain_input<T>>{{result_gradient, layer.out}, tiles, layer.out}, {turned, true},
                           output_tiles<Scheme, T>{finish, tiles, layer.in});
}

/// weight_gradient = G^T [sum over tiles] G.
template <Backend B, class Scheme, class Input>
void weight_gradient(typename B::queue& q, const convolution& layer, const shape& size, const Input& input,
                     const typename B::value_type* result_gradient, typename B::value_type* weight_gradient) {
    using T = typename B::value_type;
    const shape result = layer.result_of(size);
    const tiling<Scheme> tiles{size, result};
    T* sums = q.scratch(3, transformed_count<Scheme>(layer));
    backend::tiled_gemm_reduce<B>(q, product_sizes<Scheme>(tile_count<Scheme>(result), layer.in, layer.out),
                                  input_tiles<Scheme, T, Input>{input, tiles, layer.in},
                                  gradient_tiles<Scheme, T>{{result_gradient, layer.out}, tiles, layer.out}, sums);
    B::apply(q, layer.in, layer.out, transform_weight_gradient<Scheme, T>{sums, weight_gradient, layer.in, layer.out});
}

}  // namespace rd4ad::nn::winograd
