// rd4ad/score/smoothing.hpp: a Gaussian over a whole map, in place, for maps joined of patches. Twin: tests/score/smoothing.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <vector>

#include <rd4ad/core/threads.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/nn/separable_map.hpp>

namespace rd4ad {

namespace detail {

/// The position within 0 .. length - 1 that stands at `at` - radius, mirrored at both ends: d c b a | a b c d.
[[nodiscard]] inline std::size_t mirrored(std::size_t at, std::size_t radius, std::size_t length) noexcept {
    const std::size_t around = 2 * length, turned = (at + around * (1 + radius / around) - radius) % around;
    return turned < length ? turned : around - 1 - turned;
}

/// Lines of `width` values each, `length` of them `stride` apart, each replaced by its neighbours' weighted sum: across the
/// lines, so that the inner loop runs along them.
inline void smooth_lines(float* first, std::size_t length, std::size_t stride, std::size_t width, const std::vector<float>& bell,
                         std::vector<float>& scratch) {
    const std::size_t radius = bell.size() / 2;
    scratch.resize((length + 2 * radius) * width);
    for (std::size_t i = 0; i < length + 2 * radius; ++i)
        std::copy_n(first + mirrored(i, radius, length) * stride, width, scratch.data() + i * width);
    for (std::size_t i = 0; i < length; ++i) {
        float* out = first + i * stride;
        std::fill_n(out, width, 0.0f);
        for (std::size_t k = 0; k < bell.size(); ++k) {
            const float weight = bell[k];
            const float* in = scratch.data() + (i + k) * width;
            for (std::size_t x = 0; x < width; ++x) out[x] += weight * in[x];
        }
    }
}

/// One row, the same.
inline void smooth_row(float* row, std::size_t length, const std::vector<float>& bell, std::vector<float>& scratch) {
    const std::size_t radius = bell.size() / 2;
    scratch.resize(length + 2 * radius);
    for (std::size_t i = 0; i < scratch.size(); ++i) scratch[i] = row[mirrored(i, radius, length)];
    std::fill_n(row, length, 0.0f);
    for (std::size_t k = 0; k < bell.size(); ++k) {
        const float weight = bell[k];
        const float* in = scratch.data() + k;
        for (std::size_t x = 0; x < length; ++x) row[x] += weight * in[x];
    }
}

}  // namespace detail

/// A Gaussian of `sigma` pixels over the map, in place: radius int(4 sigma + 0.5), border mirrored with its edge repeated, as
/// nn::gaussian_blur's matrices do it. sigma 0: nothing. Memory beside the map: some rows and columns a thread.
inline void smooth(image::plane& map, double sigma, std::size_t threads = 0) {
    image::check_image(map, 1, "smooth");
    if (!(sigma > 0)) return;
    const auto weights = nn::gaussian_bell(sigma);
    const std::vector<float> bell(weights.begin(), weights.end());
    const std::size_t workers = threads == 0 ? default_threads() : threads;
    parallel_for(workers, workers, [&](std::size_t worker) {
        const auto rows = part_of(map.height, workers, worker);
        std::vector<float> scratch;
        for (std::size_t y = rows.first; y < rows.last; ++y) detail::smooth_row(map.row(y), map.width, bell, scratch);
    });
    constexpr std::size_t strip = 64;
    const std::size_t strips = (map.width + strip - 1) / strip;
    parallel_for(workers, workers, [&](std::size_t worker) {
        const auto mine = part_of(strips, workers, worker);
        std::vector<float> scratch;
        for (std::size_t s = mine.first; s < mine.last; ++s)
            detail::smooth_lines(map.pixels.data() + s * strip, map.height, map.width, std::min(strip, map.width - s * strip),
                                 bell, scratch);
    });
}

}  // namespace rd4ad
