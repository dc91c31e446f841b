// rd4ad/score/smoothing.hpp: smooths a whole map in place by a Gaussian, for maps joined from patches. Twin:
// tests/score/smoothing.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <vector>

#include <rd4ad/core/threads.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/nn/anomaly_map.hpp>

namespace rd4ad::inline RD4AD_ABI {

namespace score_detail {

/// Returns the index `at` - radius, mirrored at both ends into 0 .. length - 1: d c b a | a b c d | d c b a.
[[nodiscard]] inline std::size_t mirrored(std::size_t at, std::size_t radius, std::size_t length) noexcept {
    const std::size_t period = 2 * length, position = (at + period * (1 + radius / period) - radius) % period;
    return position < length ? position : period - 1 - position;
}

/// Replaces each of `length` lines by the weighted sum of its neighbours. A line has `width` values; lines are `stride` values
/// apart. The inner loop runs along a line.
inline void smooth_lines(float* first, std::size_t length, std::size_t stride, std::size_t width,
                         const std::vector<float>& weights, std::vector<float>& scratch) {
    const std::size_t radius = weights.size() / 2;
    scratch.resize((length + 2 * radius) * width);
    for (std::size_t i = 0; i < length + 2 * radius; ++i)
        std::copy_n(first + mirrored(i, radius, length) * stride, width, scratch.data() + i * width);
    for (std::size_t i = 0; i < length; ++i) {
        float* out = first + i * stride;
        std::fill_n(out, width, 0.0f);
        for (std::size_t k = 0; k < weights.size(); ++k) {
            const float weight = weights[k];
            const float* in = scratch.data() + (i + k) * width;
            for (std::size_t x = 0; x < width; ++x) out[x] += weight * in[x];
        }
    }
}

/// Replaces each value of a row by the weighted sum of its neighbours.
inline void smooth_row(float* row, std::size_t length, const std::vector<float>& weights, std::vector<float>& scratch) {
    const std::size_t radius = weights.size() / 2;
    scratch.resize(length + 2 * radius);
    for (std::size_t i = 0; i < scratch.size(); ++i) scratch[i] = row[mirrored(i, radius, length)];
    std::fill_n(row, length, 0.0f);
    for (std::size_t k = 0; k < weights.size(); ++k) {
        const float weight = weights[k];
        const float* in = scratch.data() + k;
        for (std::size_t x = 0; x < length; ++x) row[x] += weight * in[x];
    }
}

}  // namespace score_detail

/// Smooths the map in place by a Gaussian of `sigma` pixels: radius int(4 sigma + 0.5), border mirrored with its edge repeated,
/// as by the matrices of nn::gaussian_blur. With sigma 0 the map stays as it is. `threads` 0: default_threads(). Memory: one row
/// and 64 columns per thread. Throws shape_error unless the map has 1 channel.
inline void smooth(image::image_f32& map, double sigma, std::size_t threads = 0) {
    image::check_image(map, 1, "smooth");
    if (!(sigma > 0)) return;
    const auto gaussian = nn::gaussian_weights(sigma);
    const std::vector<float> weights(gaussian.begin(), gaussian.end());
    const std::size_t workers = threads == 0 ? default_threads() : threads;
    parallel_for(workers, workers, [&](std::size_t worker) {
        const auto rows = partition(map.height, workers, worker);
        std::vector<float> scratch;
        for (std::size_t y = rows.first; y < rows.last; ++y) score_detail::smooth_row(map.row(y), map.width, weights, scratch);
    });
    constexpr std::size_t strip_width = 64;
    const std::size_t strips = (map.width + strip_width - 1) / strip_width;
    parallel_for(workers, workers, [&](std::size_t worker) {
        const auto range = partition(strips, workers, worker);
        std::vector<float> scratch;
        for (std::size_t s = range.first; s < range.last; ++s)
            score_detail::smooth_lines(map.row(0) + s * strip_width, map.height, map.width,
                                       std::min(strip_width, map.width - s * strip_width), weights, scratch);
    });
}

}  // namespace rd4ad::inline RD4AD_ABI
