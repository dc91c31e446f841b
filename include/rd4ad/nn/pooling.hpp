// rd4ad/nn/pooling.hpp: the teacher's 3x3 max pooling of stride 2; forward only, because the teacher is frozen. Twin:
// tests/nn/pooling.cpp
#pragma once
#include <cstddef>

#include <rd4ad/nn/convolution/im2col.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

/// Kernel: the maximum of each 3x3 window; pixels beyond the border do not count.
template <class T, class Prologue>
struct window_max {
    Prologue input;
    window_grid grid;
    T* y;
    std::size_t channels;

    RD4AD_KERNEL auto row(std::size_t r) const {
        struct bound {
            window_grid::position at;
            std::size_t pixel;
        };
        return bound{grid.at(r), r};
    }

    template <class P, class Row>
    RD4AD_KERNEL void operator()(const Row& row, std::size_t c) const {
        const auto& at = row.at;
        P best = input.template get<P>((at.n * grid.image_h + 2 * at.y) * grid.image_w + 2 * at.x, c);
        for (std::size_t ky = 0; ky < 3; ++ky)
            for (std::size_t kx = 0; kx < 3; ++kx) {
                const std::size_t py = 2 * at.y + ky - 1, px = 2 * at.x + kx - 1;
                if (py < grid.image_h && px < grid.image_w)
                    best = backend::max(best, input.template get<P>((at.n * grid.image_h + py) * grid.image_w + px, c));
            }
        backend::store<P>(y + row.pixel * channels + c, best);
    }

    [[nodiscard]] double values_moved(double visits) const { return 5 * visits; }
};

/// 3x3 maximum, stride 2, padding 1, of an input of shape `size` with even height and width.
template <Backend B, class Prologue>
[[nodiscard]] tensor<B> max_pool(typename B::queue& q, const shape& size, const Prologue& input) {
    using T = typename B::value_type;
    const shape output{size.n, size.c, (size.h + 1) / 2, (size.w + 1) / 2};
    auto y = make_tensor<B>(q, output);
    const window_grid grid{.image_h = size.h,
                           .image_w = size.w,
                           .grid_h = output.h,
                           .grid_w = output.w,
                           .kernel_h = 3,
                           .kernel_w = 3,
                           .stride = 2,
                           .padding = 1};
    B::apply(q, output.pixels(), size.c,
             window_max<T, Prologue>{.input = input, .grid = grid, .y = y.data(), .channels = size.c});
    return y;
}

}  // namespace rd4ad::inline RD4AD_ABI::nn
