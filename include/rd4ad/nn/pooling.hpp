// rd4ad/nn/pooling.hpp: the teacher's 3x3 maximum of stride 2, forward only since the teacher is frozen. Twin:
// tests/nn/pooling.cpp
#pragma once
#include <cstddef>

#include <rd4ad/nn/convolution/gathered.hpp>

namespace rd4ad::nn {

/// Kernel: the largest value of each 3x3 window; what lies beyond the border does not count.
template <class T, class Input>
struct largest_of_window {
    Input input;
    window_grid grid;
    T* y;
    std::size_t channels;

    RD4AD_KERNEL auto row(std::size_t r) const {
        struct bound {
            window_grid::place at;
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
                    best = backend::larger(best, input.template get<P>((at.n * grid.image_h + py) * grid.image_w + px, c));
            }
        backend::store<P>(y + row.pixel * channels + c, best);
    }
};

/// 3x3 maximum, stride 2, padding 1, of an input of shape `size` with even height and width.
template <Backend B, class Input>
[[nodiscard]] tensor<B> max_pool(typename B::queue& q, const shape& size, const Input& input) {
    using T = typename B::value_type;
    const shape result{size.n, size.c, (size.h + 1) / 2, (size.w + 1) / 2};
    auto y = make_tensor<B>(q, result);
    const window_grid grid{size.h, size.w, result.h, result.w, 3, 3, 2, 1};
    B::apply(q, result.pixels(), size.c, largest_of_window<T, Input>{input, grid, y.data(), size.c});
    return y;
}

}  // namespace rd4ad::nn
