// rd4ad/nn/convolution/schemes.hpp: fewer multiplications for 3x3 convolutions: what a tile reads, its products, its results,
// along one direction. Twin: tests/nn/schemes.cpp
#pragma once
#include <array>
#include <cstddef>

#include <rd4ad/backend/kernel.hpp>
#include <rd4ad/backend/tiled_gemm.hpp>

// Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016): y = A^T [(G w G^T) . (B^T d B)] A over tiles that
// overlap. Summed over channels, the element-wise product is one matrix product a plane. The gradient of the weights is the
// exact adjoint, dw = G^T [sum over tiles of (B^T d B) x (A dy A^T)] G.
//
// A scheme states, for one direction of an image:
//   reach       values that a tile reads           read_step   values from one tile's first to the next one's
//   read_ahead  of the first tile's values that lie before the image
//   results     of a tile                          products    multiplications of a tile
//   distinct    different weights among the products' factors
//   plain       products of a tile in two directions by the plain algorithm, where the scheme has `planes`
// and its five transforms, input (reach to products), output (products to results), gradient (results to products, the
// output's adjoint), weight (three taps to distinct) and weight_gradient (its adjoint). In two directions the products are
// `planes` planes; `plane(i, j)` is the place of product i down and j across, `matrix(a, b)` that of the weights. Planes with the
// same weights are neighbours: `groups` counts them, in the order of the planes.
namespace rd4ad::nn::schemes {

/// F(4x4, 3x3), by the points 0, 1, -1, 2, -2 and infinity: 36 products for 16 results that take 144.
struct four {
    static constexpr std::size_t reach = 6, read_step = 4, read_ahead = 1, results = 4, products = 6, distinct = 6, planes = 36,
                                 plain = 144;
    static constexpr std::array<backend::plane_group, 1> groups{{{36, 1}}};
    [[nodiscard]] RD4AD_KERNEL static constexpr std::size_t plane(std::size_t i, std::size_t j) { return i * products + j; }
    [[nodiscard]] RD4AD_KERNEL static constexpr std::size_t matrix(std::size_t a, std::size_t b) { return a * distinct + b; }

    /// B^T d, along six values `step` apart.
    template <class P>
    RD4AD_KERNEL static void input_transform(const P* d, std::size_t step, P* o) {
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
    RD4AD_KERNEL static void output_transform(const P* m, std::size_t step, P* o) {
        using T = backend::value_of<P>;
        const P a = m[step] + m[2 * step], b = m[step] - m[2 * step], c = m[3 * step] + m[4 * step],
                d = m[3 * step] - m[4 * step];
        o[0] = m[0] + a + c;
        o[1] = b + backend::fill<P>(T{2}) * d;
        o[2] = a + backend::fill<P>(T{4}) * c;
        o[3] = b + backend::fill<P>(T{8}) * d + m[5 * step];
    }

    /// A y, along four values `step` apart, to six.
    template <class P>
    RD4AD_KERNEL static void gradient_transform(const P* y, std::size_t step, P* o) {
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
    RD4AD_KERNEL static void weight_transform(const P* w, std::size_t step, P* o) {
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
    RD4AD_KERNEL static void weight_gradient_transform(const P* u, std::size_t step, P* o) {
        using T = backend::value_of<P>;
        const P quarter = backend::fill<P>(T{1} / T{4}), sixth = backend::fill<P>(T{1} / T{6});
        const P twelfth = backend::fill<P>(T{1} / T{12}), twenty_fourth = backend::fill<P>(T{1} / T{24});
        const P near = u[step] + u[2 * step], far = u[3 * step] + u[4 * step];
        o[0] = quarter * u[0] - sixth * near + twenty_fourth * far;
        o[1] = sixth * (u[2 * step] - u[step]) + twelfth * (u[3 * step] - u[4 * step]);
        o[2] = sixth * (far - near) + u[5 * step];
    }
};

/// F(2x2, 3x3), by the points 0, 1, -1 and infinity: 16 products for 4 results that take 36. For few tiles of many channels: its
/// weights are less than half of F(4x4, 3x3)'s.
struct two {
    static constexpr std::size_t reach = 4, read_step = 2, read_ahead = 1, results = 2, products = 4, distinct = 4, planes = 16,
                                 plain = 36;
    static constexpr std::array<backend::plane_group, 1> groups{{{16, 1}}};
    [[nodiscard]] RD4AD_KERNEL static constexpr std::size_t plane(std::size_t i, std::size_t j) { return i * products + j; }
    [[nodiscard]] RD4AD_KERNEL static constexpr std::size_t matrix(std::size_t a, std::size_t b) { return a * distinct + b; }

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
        o[3] = backend::fill<P>(backend::value_of<P>{0}) - y[step];
    }
    template <class P>
    RD4AD_KERNEL static void weight_transform(const P* w, std::size_t step, P* o) {
        const P half = backend::fill<P>(backend::value_of<P>{1} / backend::value_of<P>{2});
        const P outer = half * (w[0] + w[2 * step]), middle = half * w[step];
        o[0] = w[0];
        o[1] = outer + middle;
        o[2] = outer - middle;
        o[3] = w[2 * step];
    }
    template <class P>
    RD4AD_KERNEL static void weight_gradient_transform(const P* u, std::size_t step, P* o) {
        const P half = backend::fill<P>(backend::value_of<P>{1} / backend::value_of<P>{2});
        const P sum = half * (u[step] + u[2 * step]);
        o[0] = u[0] + sum;
        o[1] = half * (u[step] - u[2 * step]);
        o[2] = sum + u[3 * step];
    }
};

namespace detail {

/// What the two schemes of stride 2 share. Two of the five products along a direction have the middle tap, the others are
/// F(2, 2) of the outer taps a and b: (d0 - d1) a, d1 (a + b), (d1 - d2) b. 25 products for 4 results that take 36.
struct split {
    static constexpr std::size_t products = 5, distinct = 4, planes = 25, plain = 36;
    static constexpr std::array<backend::plane_group, 3> groups{{{1, 4}, {6, 2}, {9, 1}}};

    /// Products 0 and 1 have the middle tap's weights: four planes share (0, 0), pairs share (0, b) and (a, 0).
    [[nodiscard]] RD4AD_KERNEL static constexpr std::size_t plane(std::size_t i, std::size_t j) {
        if (i < 2 && j < 2) return i * 2 + j;
        if (i < 2) return 4 + (j - 2) * 2 + i;
        if (j < 2) return 10 + (i - 2) * 2 + j;
        return 16 + (i - 2) * 3 + (j - 2);
    }
    /// Place of weight a down and b across (0: the middle tap).
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

/// 3x3 of stride 2: each result takes the middle tap of an even value and the outer taps of the odd ones beside it.
struct strided : detail::split {
    static constexpr std::size_t reach = 5, read_step = 4, read_ahead = 1, results = 2;

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
        o[4] = backend::fill<P>(backend::value_of<P>{0}) - y[step];
    }
};

/// Gradient of the input of a 3x3 of stride 2, from the gradient of its result and turned weights: even values take the
/// middle tap of one result, odd ones the outer taps of the two beside them.
struct strided_back : detail::split {
    static constexpr std::size_t reach = 3, read_step = 2, read_ahead = 0, results = 4;

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

}  // namespace rd4ad::nn::schemes
