// rd4ad/nn/convolution/winograd_transforms.hpp: Winograd's transforms for 3x3 convolutions, along one direction. Twin:
// tests/nn/winograd_transforms.cpp
#pragma once
#include <array>
#include <cstddef>

#include <rd4ad/backend/gemm_shape.hpp>
#include <rd4ad/backend/kernel.hpp>

// Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016): y = A^T [(G w G^T) . (B^T d B)] A over
// overlapping tiles. Summed over channels, the element-wise product is one matrix product per plane. The weight gradient is
// the exact adjoint, dw = G^T [sum over tiles of (B^T d B) x (A dy A^T)] G.
//
// A transform states its sizes along one direction of an image:
//   input_tile        values that a tile reads
//   tile_stride       values from one tile's first value to the next tile's
//   padding           values of the first tile that lie before the image
//   output_tile       outputs of a tile
//   transformed_tile  products of a tile
//   weight_tile       distinct weights among the products' factors
//   direct_products   products of a tile in two directions by direct convolution, where Winograd has `planes`
// and has five functions: input_transform (input_tile to transformed_tile), output_transform (transformed_tile to output_tile),
// gradient_transform (output_tile to transformed_tile, the adjoint of output_transform), weight_transform (three taps to
// weight_tile) and weight_gradient_transform (its adjoint). In two directions the products form `planes` planes: plane(i, j) is
// the plane of product i down and j across, matrix(a, b) the weight matrix a down and b across. Planes that share a weight
// matrix are neighbours; `groups` counts them in the order of the planes.
namespace rd4ad::inline RD4AD_ABI::nn::winograd {

/// F(4x4, 3x3) with the interpolation points 0, 1, -1, 2, -2 and infinity: 36 products per 16 outputs instead of 144.
struct f4x4_3x3 {
    static constexpr std::size_t input_tile = 6, tile_stride = 4, padding = 1, output_tile = 4, transformed_tile = 6,
                                 weight_tile = 6, planes = 36, direct_products = 144;
    static constexpr std::array<backend::plane_group, 1> groups{{{36, 1}}};
    [[nodiscard]] RD4AD_KERNEL static constexpr std::size_t plane(std::size_t i, std::size_t j) {
        return i * transformed_tile + j;
    }
    [[nodiscard]] RD4AD_KERNEL static constexpr std::size_t matrix(std::size_t a, std::size_t b) { return a * weight_tile + b; }

    /// B^T d, on six values `step` apart.
    template <class P>
    RD4AD_KERNEL static void input_transform(const P* d, std::size_t step, P* o) {
        using T = backend::value_of<P>;
        const P a = d[0], b = d[step], c = d[2 * step], e = d[3 * step], f = d[4 * step], g = d[5 * step];
        const P four = backend::broadcast<P>(T{4}), five = backend::broadcast<P>(T{5}), two = backend::broadcast<P>(T{2});
        o[0] = four * a - five * c + f;
        const P even = f - four * c, odd = e - four * b;
        o[1] = even + odd;
        o[2] = even - odd;
        const P even2 = f - c, odd2 = two * (e - b);
        o[3] = even2 + odd2;
        o[4] = even2 - odd2;
        o[5] = four * b - five * e + g;
    }

    /// A^T m, from six values `step` apart to four.
    template <class P>
    RD4AD_KERNEL static void output_transform(const P* m, std::size_t step, P* o) {
        using T = backend::value_of<P>;
        const P a = m[step] + m[2 * step], b = m[step] - m[2 * step], c = m[3 * step] + m[4 * step],
                d = m[3 * step] - m[4 * step];
        o[0] = m[0] + a + c;
        o[1] = b + backend::broadcast<P>(T{2}) * d;
        o[2] = a + backend::broadcast<P>(T{4}) * c;
        o[3] = b + backend::broadcast<P>(T{8}) * d + m[5 * step];
    }

    /// A y, from four values `step` apart to six.
    template <class P>
    RD4AD_KERNEL static void gradient_transform(const P* y, std::size_t step, P* o) {
        using T = backend::value_of<P>;
        const P four = backend::broadcast<P>(T{4}), two = backend::broadcast<P>(T{2}), eight = backend::broadcast<P>(T{8});
        const P a = y[0] + y[2 * step], b = y[step] + y[3 * step];
        const P c = y[0] + four * y[2 * step], d = two * y[step] + eight * y[3 * step];
        o[0] = y[0];
        o[1] = a + b;
        o[2] = a - b;
        o[3] = c + d;
        o[4] = c - d;
        o[5] = y[3 * step];
    }

    /// G w, from three values `step` apart to six.
    template <class P>
    RD4AD_KERNEL static void weight_transform(const P* w, std::size_t step, P* o) {
        using T = backend::value_of<P>;
        const P a = w[0], b = w[step], c = w[2 * step];
        const P quarter = backend::broadcast<P>(T{1} / T{4}), sixth = backend::broadcast<P>(T{1} / T{6});
        const P twelfth = backend::broadcast<P>(T{1} / T{12}), twenty_fourth = backend::broadcast<P>(T{1} / T{24});
        o[0] = quarter * a;
        const P outer = sixth * (a + c), middle = sixth * b;
        o[1] = backend::broadcast<P>(T{0}) - outer - middle;
        o[2] = middle - outer;
        const P outer2 = twenty_fourth * a + sixth * c, middle2 = twelfth * b;
        o[3] = outer2 + middle2;
        o[4] = outer2 - middle2;
        o[5] = c;
    }

    /// G^T u, from six values `step` apart to three.
    template <class P>
    RD4AD_KERNEL static void weight_gradient_transform(const P* u, std::size_t step, P* o) {
        using T = backend::value_of<P>;
        const P quarter = backend::broadcast<P>(T{1} / T{4}), sixth = backend::broadcast<P>(T{1} / T{6});
        const P twelfth = backend::broadcast<P>(T{1} / T{12}), twenty_fourth = backend::broadcast<P>(T{1} / T{24});
        const P near = u[step] + u[2 * step], far = u[3 * step] + u[4 * step];
        o[0] = quarter * u[0] - sixth * near + twenty_fourth * far;
        o[1] = sixth * (u[2 * step] - u[step]) + twelfth * (u[3 * step] - u[4 * step]);
        o[2] = sixth * (far - near) + u[5 * step];
    }
};

/// F(2x2, 3x3) with the points 0, 1, -1 and infinity: 16 products per 4 outputs instead of 36. For few tiles with many
/// channels: it has less than half the weights of F(4x4, 3x3).
struct f2x2_3x3 {
    static constexpr std::size_t input_tile = 4, tile_stride = 2, padding = 1, output_tile = 2, transformed_tile = 4,
                                 weight_tile = 4, planes = 16, direct_products = 36;
    static constexpr std::array<backend::plane_group, 1> groups{{{16, 1}}};
    [[nodiscard]] RD4AD_KERNEL static constexpr std::size_t plane(std::size_t i, std::size_t j) {
        return i * transformed_tile + j;
    }
    [[nodiscard]] RD4AD_KERNEL static constexpr std::size_t matrix(std::size_t a, std::size_t b) { return a * weight_tile + b; }

    template <class P>
    RD4AD_KERNEL static void input_transform(const P* d, std::size_t step, P* o) {
        o[0] = d[0] - d[2 * step];
        o[1] = d[step] + d[2 * step];
        o[2] = d[2 * step] - d[step];
        o[3] = d[step] - d[3 * step];
    }
    template <class P>
    RD4AD_KERNEL static void output_transform(const P* m, std::size_t step, P* o) {
        o[0] = m[0] + m[step] + m[2 * step];
        o[1] = m[step] - m[2 * step] - m[3 * step];
    }
    template <class P>
    RD4AD_KERNEL static void gradient_transform(const P* y, std::size_t step, P* o) {
        o[0] = y[0];
        o[1] = y[0] + y[step];
        o[2] = y[0] - y[step];
        o[3] = backend::broadcast<P>(backend::value_of<P>{0}) - y[step];
    }
    template <class P>
    RD4AD_KERNEL static void weight_transform(const P* w, std::size_t step, P* o) {
        const P half = backend::broadcast<P>(backend::value_of<P>{1} / backend::value_of<P>{2});
        const P outer = half * (w[0] + w[2 * step]), middle = half * w[step];
        o[0] = w[0];
        o[1] = outer + middle;
        o[2] = outer - middle;
        o[3] = w[2 * step];
    }
    template <class P>
    RD4AD_KERNEL static void weight_gradient_transform(const P* u, std::size_t step, P* o) {
        const P half = backend::broadcast<P>(backend::value_of<P>{1} / backend::value_of<P>{2});
        const P sum = half * (u[step] + u[2 * step]);
        o[0] = u[0] + sum;
        o[1] = half * (u[step] - u[2 * step]);
        o[2] = sum + u[3 * step];
    }
};

namespace detail {

/// The common part of the two transforms of stride 2. Two of the five products along a direction use the middle tap. The
/// others are F(2, 2) of the outer taps a and b: (d0 - d1) a, d1 (a + b), (d1 - d2) b. 25 products per 4 outputs instead
/// of 36.
struct stride_2 {
    static constexpr std::size_t transformed_tile = 5, weight_tile = 4, planes = 25, direct_products = 36;
    static constexpr std::array<backend::plane_group, 3> groups{{{1, 4}, {6, 2}, {9, 1}}};

    /// Products 0 and 1 use the middle tap's weights: four planes share (0, 0), pairs of planes share (0, b) and (a, 0).
    [[nodiscard]] RD4AD_KERNEL static constexpr std::size_t plane(std::size_t i, std::size_t j) {
        if (i < 2 && j < 2) return i * 2 + j;
        if (i < 2) return 4 + (j - 2) * 2 + i;
        if (j < 2) return 10 + (i - 2) * 2 + j;
        return 16 + (i - 2) * 3 + (j - 2);
    }
    /// Index of the weight matrix a down and b across (0: the middle tap).
    [[nodiscard]] RD4AD_KERNEL static constexpr std::size_t matrix(std::size_t a, std::size_t b) {
        if (a == 0) return b;  // (0, 0) and (0, b)
        if (b == 0) return 3 + a;
        return 7 + (a - 1) * 3 + (b - 1);
    }

    template <class P>
    RD4AD_KERNEL static void weight_transform(const P* w, std::size_t step, P* o) {
        o[0] = w[step];
        o[1] = w[0];
        o[2] = w[0] + w[2 * step];
        o[3] = w[2 * step];
    }
    template <class P>
    RD4AD_KERNEL static void weight_gradient_transform(const P* u, std::size_t step, P* o) {
        o[0] = u[step] + u[2 * step];
        o[1] = u[0];
        o[2] = u[2 * step] + u[3 * step];
    }
};

}  // namespace detail

/// 3x3 of stride 2: each output uses the middle tap on an even input value and the outer taps on its odd neighbours.
struct f2x2_3x3_s2 : detail::stride_2 {
    static constexpr std::size_t input_tile = 5, tile_stride = 4, padding = 1, output_tile = 2;

    template <class P>
    RD4AD_KERNEL static void input_transform(const P* d, std::size_t step, P* o) {  // d: odd, even, odd, even, odd
        o[0] = d[step];
        o[1] = d[3 * step];
        o[2] = d[0] - d[2 * step];
        o[3] = d[2 * step];
        o[4] = d[2 * step] - d[4 * step];
    }
    template <class P>
    RD4AD_KERNEL static void output_transform(const P* m, std::size_t step, P* o) {
        o[0] = m[0] + m[2 * step] + m[3 * step];
        o[1] = m[step] + m[3 * step] - m[4 * step];
    }
    template <class P>
    RD4AD_KERNEL static void gradient_transform(const P* y, std::size_t step, P* o) {
        o[0] = y[0];
        o[1] = y[step];
        o[2] = y[0];
        o[3] = y[0] + y[step];
        o[4] = backend::broadcast<P>(backend::value_of<P>{0}) - y[step];
    }
};

/// Input gradient of a 3x3 of stride 2, from the output gradient and flipped weights: even values use the middle tap on one
/// output, odd values the outer taps on their two neighbours.
struct f2x2_3x3_s2_backward : detail::stride_2 {
    static constexpr std::size_t input_tile = 3, tile_stride = 2, padding = 0, output_tile = 4;

    template <class P>
    RD4AD_KERNEL static void input_transform(const P* d, std::size_t step, P* o) {
        o[0] = d[0];
        o[1] = d[step];
        o[2] = d[0] - d[step];
        o[3] = d[step];
        o[4] = d[step] - d[2 * step];
    }
    template <class P>
    RD4AD_KERNEL static void output_transform(const P* m, std::size_t step, P* o) {
        o[0] = m[0];
        o[1] = m[2 * step] + m[3 * step];
        o[2] = m[step];
        o[3] = m[3 * step] - m[4 * step];
    }
};

}  // namespace rd4ad::inline RD4AD_ABI::nn::winograd
