// rd4ad/nn/traffic.hpp: how many values each kernel of the layers moves: what budgets and profiles count. Twin:
// tests/nn/traffic.cpp
#pragma once
#include <cstddef>
#include <type_traits>

#include <rd4ad/backend/reduce.hpp>
#include <rd4ad/nn/adam.hpp>
#include <rd4ad/nn/convolution.hpp>
#include <rd4ad/nn/cosine_loss.hpp>
#include <rd4ad/nn/cosine_map.hpp>
#include <rd4ad/nn/pooling.hpp>
#include <rd4ad/nn/residual_block.hpp>

namespace rd4ad::nn {

/// Values that a kernel moves in `visits` calls (one at each row and channel of the work, or at each row): its operands, each
/// once, where a cache holds what neighbours share.
template <class Kernel>
struct moved {
    static double values(const Kernel&, double visits) { return visits; }
};
template <class T>
struct moved<adam_kernel<T>> {
    static double values(const adam_kernel<T>&, double visits) { return 7 * visits; }
};
template <class T>
struct moved<normalised_gradient<T>> {
    static double values(const normalised_gradient<T>&, double visits) { return 3 * visits; }
};
template <class T>
struct moved<block_sum<T>> {
    static double values(const block_sum<T>&, double visits) { return 3 * visits; }
};
template <class T>
struct moved<shut_where_zero<T>> {
    static double values(const shut_where_zero<T>&, double visits) { return 3 * visits; }
};
template <class T>
struct moved<add_cosine_gradient<T>> {
    static double values(const add_cosine_gradient<T>& kernel, double visits) { return (kernel.add ? 4 : 3) * visits; }
};
template <class T>
struct moved<distance_of_pixels<T>> {
    static double values(const distance_of_pixels<T>& kernel, double rows) {
        return (2 * static_cast<double>(kernel.channels) + 1) * rows;
    }
};
template <class T, class Input>
struct moved<largest_of_window<T, Input>> {
    static double values(const largest_of_window<T, Input>&, double visits) { return 5 * visits; }
};
template <class Scheme, class T>
struct moved<winograd::transform_weights<Scheme, T>> {
    static double values(const winograd::transform_weights<Scheme, T>&, double visits) {
        return (9 + Scheme::distinct * Scheme::distinct) * visits;
    }
};
template <class Scheme, class T>
struct moved<winograd::transform_weight_gradient<Scheme, T>> {
    static double values(const winograd::transform_weight_gradient<Scheme, T>&, double visits) {
        return (9 + Scheme::distinct * Scheme::distinct) * visits;
    }
};
template <class T>
struct moved<turn_taps<T>> {
    static double values(const turn_taps<T>&, double visits) { return 2 * visits; }
};

/// A reduction's chunks: two operands where it compares two tensors.
template <std::size_t K, class T, class Term>
struct moved<backend::detail::chunk_sums<K, T, Term>> {
    static constexpr double operands = std::is_same_v<Term, shifted_moments<T>> ? 1 : 2;
    static double values(const backend::detail::chunk_sums<K, T, Term>& kernel, double visits) {
        return visits * (operands * static_cast<double>(kernel.rows) / static_cast<double>(kernel.chunks) + K);
    }
};
template <class T>
struct moved<backend::detail::combine_chunks<T>> {
    static double values(const backend::detail::combine_chunks<T>& kernel, double visits) {
        return visits * (static_cast<double>(kernel.chunks) / static_cast<double>(backend::detail::chunks_of(kernel.chunks)) + 1);
    }
};

/// Producers: what is read and what goes into the panel.
template <class T, class Input>
struct moved<gather_windows<T, Input>> {
    static double values(const gather_windows<T, Input>& kernel, double visits) {
        return visits *
               static_cast<double>(kernel.grid.stride * kernel.grid.stride + kernel.grid.kernel_h * kernel.grid.kernel_w);
    }
};
template <class T>
struct moved<gather_runs<T>> {
    static double values(const gather_runs<T>& kernel, double rows) {
        const auto& grid = kernel.grid;
        return rows * static_cast<double>((grid.stride * grid.stride + grid.kernel_h * grid.kernel_w) * kernel.image_channels);
    }
};
template <class T, class Input>
struct moved<pixel_rows<T, Input>> {
    static double values(const pixel_rows<T, Input>&, double visits) { return 2 * visits; }
};
template <class Scheme, class T, class Input>
struct moved<winograd::input_tiles<Scheme, T, Input>> {
    static double values(const winograd::input_tiles<Scheme, T, Input>&, double visits) {
        return (Scheme::read_step * Scheme::read_step + Scheme::planes) * visits;
    }
};
template <class Scheme, class T>
struct moved<winograd::gradient_tiles<Scheme, T>> {
    static double values(const winograd::gradient_tiles<Scheme, T>&, double visits) {
        return (Scheme::results * Scheme::results + Scheme::planes) * visits;
    }
};

/// Consumers: what comes out of the panel and what is written, with the residual where there is one.
template <class T>
struct moved<to_pixels<T>> {
    static double values(const to_pixels<T>& kernel, double visits) { return (kernel.finish.residual ? 3 : 2) * visits; }
};
template <class T>
struct moved<to_every_second_pixel<T>> {
    static double values(const to_every_second_pixel<T>& kernel, double visits) {
        return (1 + (kernel.fill_square ? 4 : 1) * (kernel.finish.residual ? 2 : 1)) * visits;
    }
};
template <class T>
struct moved<to_squares<T>> {
    static double values(const to_squares<T>&, double visits) { return 8 * visits; }
};
template <class Scheme, class T>
struct moved<winograd::output_tiles<Scheme, T>> {
    static double values(const winograd::output_tiles<Scheme, T>& kernel, double visits) {
        return (Scheme::planes + Scheme::results * Scheme::results * (kernel.finish.residual ? 2 : 1)) * visits;
    }
};

// bound to a panel, the kernels move what they moved
template <class Kernel>
struct moved<backend::detail::shifted<Kernel>> {
    static double values(const backend::detail::shifted<Kernel>& bound, double visits) {
        return moved<Kernel>::values(bound.kernel, visits);
    }
};
template <class Kernel, class T>
struct moved<backend::detail::produce_into<Kernel, T>> {
    static double values(const backend::detail::produce_into<Kernel, T>& bound, double visits) {
        return moved<Kernel>::values(bound.producer, visits);
    }
};
template <class Kernel, class T>
struct moved<backend::detail::consume_from<Kernel, T>> {
    static double values(const backend::detail::consume_from<Kernel, T>& bound, double visits) {
        return moved<Kernel>::values(bound.consumer, visits);
    }
};

}  // namespace rd4ad::nn
