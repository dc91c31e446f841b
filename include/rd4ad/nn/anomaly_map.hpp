// rd4ad/nn/anomaly_map.hpp: upsamples, blurs and sums the scales' maps by two constant matrices per scale. Twin:
// tests/nn/anomaly_map.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <rd4ad/backend/tensor.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

/// A dense row-major matrix on the host.
struct matrix {
    std::size_t rows{0}, columns{0};
    std::vector<double> values{};

    [[nodiscard]] double& at(std::size_t r, std::size_t c) { return values[r * columns + c]; }
    [[nodiscard]] double at(std::size_t r, std::size_t c) const { return values[r * columns + c]; }
};

/// `to` x `from`: bilinear upsampling with aligned corners (the first and last values keep their place).
[[nodiscard]] inline matrix aligned_upsampling(std::size_t from, std::size_t to) {
    matrix m{to, from, std::vector<double>(to * from)};
    for (std::size_t r = 0; r < to; ++r) {
        const double at = to > 1 ? static_cast<double>(r * (from - 1)) / static_cast<double>(to - 1) : 0.0;
        const std::size_t low = std::min(static_cast<std::size_t>(at), from - 1), high = std::min(low + 1, from - 1);
        const double share = at - static_cast<double>(low);
        m.at(r, low) += 1 - share;
        m.at(r, high) += share;
    }
    return m;
}

/// The weights of a Gaussian of `sigma` from -radius to radius = int(4 sigma + 0.5); they sum to 1. sigma 0: one weight.
[[nodiscard]] inline std::vector<double> gaussian_weights(double sigma) {
    const auto radius = static_cast<std::ptrdiff_t>(4 * sigma + 0.5);
    std::vector<double> weights;
    double total = 0;
    for (std::ptrdiff_t d = -radius; d <= radius; ++d) {
        const double x = sigma > 0 ? static_cast<double>(d) / sigma : 0.0;
        weights.push_back(std::exp(-0.5 * x * x));
        total += weights.back();
    }
    for (double& weight : weights) weight /= total;
    return weights;
}

/// size x size: the Gaussian with a mirrored border that repeats the edge (d c b a | a b c d), as
/// scipy.ndimage.gaussian_filter. sigma 0: the identity.
[[nodiscard]] inline matrix gaussian_blur(std::size_t size, double sigma) {
    matrix m{size, size, std::vector<double>(size * size)};
    const auto weights = gaussian_weights(sigma);
    const auto radius = static_cast<std::ptrdiff_t>(weights.size() / 2), n = static_cast<std::ptrdiff_t>(size);
    for (std::ptrdiff_t r = 0; r < n; ++r)
        for (std::ptrdiff_t d = -radius; d <= radius; ++d) {
            std::ptrdiff_t c = (r + d) % (2 * n);
            if (c < 0) c += 2 * n;
            if (c >= n) c = 2 * n - 1 - c;
            m.at(static_cast<std::size_t>(r), static_cast<std::size_t>(c)) += weights[static_cast<std::size_t>(d + radius)];
        }
    return m;
}

/// The matrix product a b.
[[nodiscard]] inline matrix product(const matrix& a, const matrix& b) {
    matrix m{a.rows, b.columns, std::vector<double>(a.rows * b.columns)};
    for (std::size_t r = 0; r < a.rows; ++r)
        for (std::size_t k = 0; k < a.columns; ++k)
            if (const double left = a.at(r, k); left != 0)
                for (std::size_t c = 0; c < b.columns; ++c) m.at(r, c) += left * b.at(k, c);
    return m;
}

/// `to` x `from`: upsampling with aligned corners, then a Gaussian of `sigma` pixels (0: none), times `weight`.
[[nodiscard]] inline matrix upsampling_matrix(std::size_t from, std::size_t to, double sigma, double weight = 1) {
    auto m = product(gaussian_blur(to, sigma), aligned_upsampling(from, to));
    for (double& value : m.values) value *= weight;
    return m;
}

/// The constant matrices of one scale on a device: rows (H x h) and columns (W x w).
template <Backend B>
struct upsampling {
    tensor<B> rows{}, columns{};
};

/// Upsampling from h x w to height x width with aligned corners, then a Gaussian of `sigma` pixels (0: none). `weight` multiplies
/// the result.
template <Backend B>
[[nodiscard]] upsampling<B> make_upsampling(typename B::queue& q, std::size_t h, std::size_t w, std::size_t height,
                                            std::size_t width, double sigma, double weight = 1) {
    using T = typename B::value_type;
    const auto upload = [&](std::size_t from, std::size_t to, double by) {
        const matrix m = upsampling_matrix(from, to, sigma, by);
        const std::vector<T> values(m.values.begin(), m.values.end());
        return to_device<B>(q, {1, 1, to, from}, values);
    };
    return {upload(h, height, weight), upload(w, width, 1)};
}

/// out (N x 1 x H x W) = or += rows x map x columns^T, image by image. Throws shape_error unless the matrices fit both sizes.
template <Backend B>
void add_upsampled(typename B::queue& q, const upsampling<B>& by, const tensor<B>& map, bool accumulate, tensor<B>& out) {
    using T = typename B::value_type;
    const auto& small = map.shape;
    const auto& large = out.shape;
    if (by.rows.shape.h != large.h || by.columns.shape.h != large.w || by.rows.shape.w != small.h ||
        by.columns.shape.w != small.w)
        throw shape_error{text("add_upsampled: matrices for ", by.rows.shape.w, 'x', by.columns.shape.w, " to ", by.rows.shape.h,
                               'x', by.columns.shape.h, " (height x width) expected, found a map of ", to_string(small),
                               " and a result of ", to_string(large))};
    auto wide = make_tensor<B>(q, {small.n, 1, small.h, large.w});  // map x columns^T
    backend::gemm_call<T> first{.m = small.n * small.h, .n = large.w, .k = small.w};
    first.a = map.data(), first.lda = small.w;
    first.b = by.columns.data(), first.ldb = small.w, first.transpose_b = true;
    first.c = wide.data(), first.ldc = large.w;
    B::gemm(q, first);
    backend::gemm_call<T> second{.m = large.h, .n = large.w, .k = small.h};
    second.a = by.rows.data(), second.lda = small.h;
    second.b = wide.data(), second.ldb = large.w, second.stride_b = small.h * large.w;
    second.c = out.data(), second.ldc = large.w, second.stride_c = large.h * large.w;
    second.batch = small.n;
    second.beta = accumulate ? T{1} : T{0};
    B::gemm(q, second);
}

}  // namespace rd4ad::inline RD4AD_ABI::nn
