// rd4ad/nn/convolution/winograd.hpp: 3x3 convolutions by Winograd's transforms: forward, input gradient, weight gradient. Twin:
// tests/nn/convolution.cpp
#pragma once
#include <cstddef>

#include <rd4ad/backend/epilogue.hpp>
#include <rd4ad/backend/fused_gemm.hpp>
#include <rd4ad/nn/convolution/layer.hpp>
#include <rd4ad/nn/convolution/winograd_transforms.hpp>
#include <rd4ad/nn/prologue.hpp>

namespace rd4ad::inline RD4AD_ABI::nn::winograd {

/// The tiles with which `Transform` maps images of one size to images of another.
template <class Transform>
struct tiling {
    std::size_t read_h, read_w, written_h, written_w, tiles_h, tiles_w;

    tiling(const shape& read, const shape& written)
        : read_h{read.h},
          read_w{read.w},
          written_h{written.h},
          written_w{written.w},
          tiles_h{(written.h + Transform::output_tile - 1) / Transform::output_tile},
          tiles_w{(written.w + Transform::output_tile - 1) / Transform::output_tile} {}

    struct position {
        std::size_t n, y, x;  ///< image, row and column of the tile
    };
    [[nodiscard]] RD4AD_KERNEL position at(std::size_t r) const {
        const std::size_t x = r % tiles_w, rest = r / tiles_w;
        return {rest / tiles_h, rest % tiles_h, x};
    }
};

/// Tiles of N output images.
template <class Transform>
[[nodiscard]] std::size_t tile_count(const shape& written) {
    const tiling<Transform> tiles{written, written};
    return written.n * tiles.tiles_h * tiles.tiles_w;
}

/// Producer: transforms the tiles of the input, B^T d B.
template <class Transform, class T, class Prologue>
struct input_tiles {
    Prologue input;
    tiling<Transform> tiles;
    std::size_t channels;

    RD4AD_KERNEL auto row(std::size_t r) const { return tiles.at(r); }

    template <class P>
    RD4AD_KERNEL void operator()(const typename tiling<Transform>::position& at, std::size_t c, T* to, std::size_t plane) const {
        constexpr std::size_t tile = Transform::input_tile, transformed = Transform::transformed_tile;
        P half[tile * transformed];
        for (std::size_t i = 0; i < tile; ++i) {
            const std::size_t y =
                at.y * Transform::tile_stride + i - Transform::padding;  // wraps below zero: one test for both ends
            P line[tile];
            for (std::size_t j = 0; j < tile; ++j) {
                const std::size_t x = at.x * Transform::tile_stride + j - Transform::padding;
                line[j] = y < tiles.read_h && x < tiles.read_w
                              ? input.template get<P>((at.n * tiles.read_h + y) * tiles.read_w + x, c)
                              : backend::broadcast<P>(T{0});
            }
            Transform::input_transform(line, 1, half + i * transformed);
        }
        for (std::size_t j = 0; j < transformed; ++j) {
            P line[transformed];
            Transform::input_transform(half + j, transformed, line);
            for (std::size_t i = 0; i < transformed; ++i) backend::store<P>(to + Transform::plane(i, j) * plane, line[i]);
        }
    }

    [[nodiscard]] double values_moved(double visits) const {
        return static_cast<double>(Transform::tile_stride * Transform::tile_stride + Transform::planes) * visits;
    }
};

/// Producer: transforms the tiles of the output gradient, A dy A^T.
template <class Transform, class T>
struct gradient_tiles {
    identity_prologue<T> gradient;
    tiling<Transform> tiles;
    std::size_t channels;

    RD4AD_KERNEL auto row(std::size_t r) const { return tiles.at(r); }

    template <class P>
    RD4AD_KERNEL void operator()(const typename tiling<Transform>::position& at, std::size_t c, T* to, std::size_t plane) const {
        constexpr std::size_t tile = Transform::output_tile, transformed = Transform::transformed_tile;
        P half[tile * transformed];
        for (std::size_t i = 0; i < tile; ++i) {
            const std::size_t y = at.y * tile + i;
            P line[tile];
            for (std::size_t j = 0; j < tile; ++j) {
                const std::size_t x = at.x * tile + j;
                line[j] = y < tiles.written_h && x < tiles.written_w
                              ? gradient.template get<P>((at.n * tiles.written_h + y) * tiles.written_w + x, c)
                              : backend::broadcast<P>(T{0});
            }
            Transform::gradient_transform(line, 1, half + i * transformed);
        }
        for (std::size_t j = 0; j < transformed; ++j) {
            P line[transformed];
            Transform::gradient_transform(half + j, transformed, line);
            for (std::size_t i = 0; i < transformed; ++i) backend::store<P>(to + Transform::plane(i, j) * plane, line[i]);
        }
    }

    [[nodiscard]] double values_moved(double visits) const {
        return static_cast<double>(Transform::output_tile * Transform::output_tile + Transform::planes) * visits;
    }
};

/// Consumer: transforms the products of a tile back, A^T m A, and applies the epilogue.
template <class Transform, class T>
struct output_tiles {
    backend::epilogue<T> epilogue;
    tiling<Transform> tiles;
    std::size_t channels;

    RD4AD_KERNEL auto row(std::size_t r) const { return tiles.at(r); }

    template <class P>
    RD4AD_KERNEL void operator()(const typename tiling<Transform>::position& at, std::size_t c, const T* from,
                                 std::size_t plane) const {
        constexpr std::size_t tile = Transform::output_tile, transformed = Transform::transformed_tile;
        P half[transformed * tile];
        for (std::size_t i = 0; i < transformed; ++i) {
            P line[transformed];
            for (std::size_t j = 0; j < transformed; ++j) line[j] = backend::load<P>(from + Transform::plane(i, j) * plane);
            Transform::output_transform(line, 1, half + i * tile);
        }
        for (std::size_t j = 0; j < tile; ++j) {
            P line[tile];
            Transform::output_transform(half + j, tile, line);
            const std::size_t x = at.x * tile + j;
            for (std::size_t i = 0; i < tile; ++i)
                if (const std::size_t y = at.y * tile + i; y < tiles.written_h && x < tiles.written_w)
                    epilogue.template operator()<P>((at.n * tiles.written_h + y) * tiles.written_w + x, c, line[i]);
        }
    }

    [[nodiscard]] double values_moved(double visits) const {
        const std::size_t outputs = Transform::output_tile * Transform::output_tile;
        return static_cast<double>(Transform::planes + outputs * (epilogue.residual ? 2 : 1)) * visits;
    }
};

/// Kernel over in x out: U = G w G^T, matrix by matrix; w rotated by 180 degrees where `flipped` (for the input gradient).
template <class Transform, class T>
struct transform_weights {
    const T* from;
    T* to;
    std::size_t in, out;
    bool flipped;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        constexpr std::size_t tile = Transform::weight_tile;
        P taps[9], half[tile * 3];
        for (std::size_t t = 0; t < 9; ++t) taps[t] = backend::load<P>(from + ((flipped ? 8 - t : t) * in + r) * out + c);
        for (std::size_t j = 0; j < 3; ++j) {
            P line[tile];
            Transform::weight_transform(taps + j, 3, line);
            for (std::size_t i = 0; i < tile; ++i) half[i * 3 + j] = line[i];
        }
        for (std::size_t i = 0; i < tile; ++i) {
            P line[tile];
            Transform::weight_transform(half + i * 3, 1, line);
            for (std::size_t j = 0; j < tile; ++j) backend::store<P>(to + (Transform::matrix(i, j) * in + r) * out + c, line[j]);
        }
    }

    [[nodiscard]] double values_moved(double visits) const {
        return static_cast<double>(9 + Transform::weight_tile * Transform::weight_tile) * visits;
    }
};

/// Kernel over in x out: dw = G^T dU G.
template <class Transform, class T>
struct transform_weight_gradient {
    const T* from;
    T* to;
    std::size_t in, out;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        constexpr std::size_t tile = Transform::weight_tile;
        P half[tile * 3];
        for (std::size_t i = 0; i < tile; ++i) {
            P line[tile];
            for (std::size_t j = 0; j < tile; ++j)
                line[j] = backend::load<P>(from + (Transform::matrix(i, j) * in + r) * out + c);
            Transform::weight_gradient_transform(line, 1, half + i * 3);
        }
        for (std::size_t j = 0; j < 3; ++j) {
            P line[3];
            Transform::weight_gradient_transform(half + j, 3, line);
            for (std::size_t i = 0; i < 3; ++i) backend::store<P>(to + ((i * 3 + j) * in + r) * out + c, line[i]);
        }
    }

    [[nodiscard]] double values_moved(double visits) const {
        return static_cast<double>(9 + Transform::weight_tile * Transform::weight_tile) * visits;
    }
};

/// The fused GEMM over `rows` tiles.
template <class Transform>
[[nodiscard]] backend::gemm_shape gemm_shape_of(std::size_t rows, std::size_t in, std::size_t out) {
    return {.planes = Transform::planes, .rows = rows, .k = in, .n = out, .groups = Transform::groups};
}

/// Values of a layer's transformed weights.
template <class Transform>
[[nodiscard]] std::size_t transformed_count(const convolution& layer) {
    return Transform::weight_tile * Transform::weight_tile * layer.in * layer.out;
}

/// transformed = G w G^T, with flipped weights for the input gradient.
template <Backend B, class Transform>
void prepare(typename B::queue& q, const convolution& layer, const typename B::value_type* weights, bool flipped,
             typename B::value_type* transformed) {
    using T = typename B::value_type;
    B::apply(q, layer.in, layer.out,
             transform_weights<Transform, T>{
                 .from = weights, .to = transformed, .in = layer.in, .out = layer.out, .flipped = flipped});
}

/// Writes epilogue(convolution of the input); `transformed`: weights from `prepare`.
template <Backend B, class Transform, class Prologue>
void forward(typename B::queue& q, const convolution& layer, const shape& size, const Prologue& input,
             const backend::rhs_matrix<typename B::value_type>& transformed,
             const backend::epilogue<typename B::value_type>& epilogue) {
    using T = typename B::value_type;
    const shape output = layer.output_shape(size);
    const tiling<Transform> tiles{size, output};
    backend::fused_gemm<B>(q, gemm_shape_of<Transform>(tile_count<Transform>(output), layer.in, layer.out),
                           input_tiles<Transform, T, Prologue>{.input = input, .tiles = tiles, .channels = layer.in}, transformed,
                           output_tiles<Transform, T>{.epilogue = epilogue, .tiles = tiles, .channels = layer.out});
}

/// Writes epilogue(input gradient), of shape `size`, with flipped weights from `prepare`. Stride 1 uses the forward's
/// transform, stride 2 f2x2_3x3_s2_backward.
template <Backend B, class Transform>
void input_gradient(typename B::queue& q, const convolution& layer, const shape& size,
                    const typename B::value_type* output_gradient, const typename B::value_type* flipped,
                    const backend::epilogue<typename B::value_type>& epilogue) {
    using T = typename B::value_type;
    const tiling<Transform> tiles{layer.output_shape(size), size};
    backend::fused_gemm<B>(q, gemm_shape_of<Transform>(tile_count<Transform>(size), layer.out, layer.in),
                           input_tiles<Transform, T, identity_prologue<T>>{
                               .input = {.x = output_gradient, .stride = layer.out}, .tiles = tiles, .channels = layer.out},
                           {flipped, true},
                           output_tiles<Transform, T>{.epilogue = epilogue, .tiles = tiles, .channels = layer.in});
}

/// weight_gradient = G^T [sum over tiles] G.
template <Backend B, class Transform, class Prologue>
void weight_gradient(typename B::queue& q, const convolution& layer, const shape& size, const Prologue& input,
                     const typename B::value_type* output_gradient, typename B::value_type* weight_gradient) {
    using T = typename B::value_type;
    const shape output = layer.output_shape(size);
    const tiling<Transform> tiles{size, output};
    T* sums = q.scratch(backend::scratch_slot::weights, transformed_count<Transform>(layer));
    backend::fused_gemm_reduce<B>(
        q, gemm_shape_of<Transform>(tile_count<Transform>(output), layer.in, layer.out),
        input_tiles<Transform, T, Prologue>{.input = input, .tiles = tiles, .channels = layer.in},
        gradient_tiles<Transform, T>{
            .gradient = {.x = output_gradient, .stride = layer.out}, .tiles = tiles, .channels = layer.out},
        sums);
    B::apply(q, layer.in, layer.out,
             transform_weight_gradient<Transform, T>{.from = sums, .to = weight_gradient, .in = layer.in, .out = layer.out});
}

}  // namespace rd4ad::inline RD4AD_ABI::nn::winograd
