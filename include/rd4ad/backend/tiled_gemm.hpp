// rd4ad/backend/tiled_gemm.hpp: matrix products between two kernels, the shape of every convolution. Twin:
// tests/backend/primitives.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>

#include <rd4ad/backend/concept.hpp>

namespace rd4ad::backend {

/// So many right-hand matrices, each for so many neighbouring planes.
struct plane_group {
    std::size_t matrices, planes;
};

/// Sizes of a tiled product: `planes` products of `rows` x k by k x n. A pointwise or gathered convolution has one plane,
/// Winograd's F(4x4, 3x3) has 36. Each plane has a matrix of its own, unless `groups` says which share one.
struct tile_sizes {
    std::size_t planes{1}, rows{0}, k{0}, n{0};
    std::span<const plane_group> groups{};

    [[nodiscard]] std::size_t matrices() const {
        std::size_t count = groups.empty() ? planes : 0;
        for (const auto& group : groups) count += group.matrices;
        return count;
    }

    /// Calls use(group, first plane, first matrix) for each group. The planes of one matrix are one product of as many
    /// times the rows.
    template <class Use>
    void for_each_group(const Use& use) const {
        if (groups.empty()) use(plane_group{planes, 1}, std::size_t{0}, std::size_t{0});
        std::size_t plane = 0, matrix = 0;
        for (const auto& group : groups) {
            use(group, plane, matrix);
            plane += group.matrices * group.planes;
            matrix += group.matrices;
        }
    }
};

/// Rows that already lie in memory as the product wants them: takes the place of a producing kernel.
template <class T>
struct rows_in_place {
    const T* data;
    std::size_t stride;  ///< values from one row to the next
};

/// The right-hand matrices: matrix p at data + p x k x n, k x n row-major (or stored n x k, if transposed). `panels`: the same
/// in the order of the backend's own (make_panels), where it was made beforehand.
template <class T>
struct right_side {
    const T* data;
    bool transposed{false};
    const T* panels{nullptr};
};

namespace detail {

template <class Producer>
inline constexpr bool is_in_place = false;
template <class T>
inline constexpr bool is_in_place<rows_in_place<T>> = true;

/// A producing kernel bound to the panel it fills: row r of the work is row r - first of the panel.
template <class Producer, class T>
struct produce_into {
    Producer producer;
    T* panel;
    std::size_t first, stride, plane;  // values a row, values a plane

    RD4AD_KERNEL auto row(std::size_t r) const {
        struct bound {
            decltype(row_of(producer, r)) where;
            T* to;
        };
        return bound{row_of(producer, r), panel + (r - first) * stride};
    }
    template <class P, class Row>
    RD4AD_KERNEL void operator()(const Row& bound, std::size_t c) const {
        producer.template operator()<P>(bound.where, c, bound.to + c, plane);
    }
};

/// A consuming kernel bound to the panel it reads.
template <class Consumer, class T>
struct consume_from {
    Consumer consumer;
    const T* panel;
    std::size_t first, stride, plane;

    RD4AD_KERNEL auto row(std::size_t r) const {
        struct bound {
            decltype(row_of(consumer, r)) where;
            const T* from;
        };
        return bound{row_of(consumer, r), panel + (r - first) * stride};
    }
    template <class P, class Row>
    RD4AD_KERNEL void operator()(const Row& bound, std::size_t c) const {
        consumer.template operator()<P>(bound.where, c, bound.from + c, plane);
    }
};

/// Kernels over part of the rows: apply counts from 0, the work from `first`.
template <class Kernel>
struct shifted {
    Kernel kernel;
    std::size_t first;
    RD4AD_KERNEL auto row(std::size_t r) const { return row_of(kernel, first + r); }
    template <class P, class Row>
    RD4AD_KERNEL void operator()(const Row& row, std::size_t c) const {
        kernel.template operator()<P>(row, c);
    }
};

/// Values that the panels of the general form hold together: `B::block_values` where the backend states it.
template <class B>
[[nodiscard]] constexpr std::size_t panel_budget() {
    if constexpr (requires { B::block_values; })
        return B::block_values;
    else
        return std::size_t{1} << 26;
}

/// Rows of a block: what the budget allows but at least `least`, with fewer of which a product spends its time on fetching
/// what it multiplies by; equal over all blocks.
inline std::size_t rows_within(std::size_t budget, std::size_t values_a_row, std::size_t rows, std::size_t least) {
    const std::size_t fitting = std::max(least, budget / std::max<std::size_t>(1, values_a_row));
    const std::size_t blocks = std::max<std::size_t>(1, (rows + fitting - 1) / fitting);
    return std::max<std::size_t>(1, (rows + blocks - 1) / blocks);
}

}  // namespace detail

/// The products of a group of planes: `left` and `out` hold rows x k and rows x n values a plane, one plane after the other.
template <class T>
[[nodiscard]] gemm_call<T> group_product(const tile_sizes& sizes, const plane_group& group, std::size_t rows, const T* left,
                                         std::size_t left_stride, const right_side<T>& right, T* out) {
    gemm_call<T> call{.m = group.planes * rows, .n = sizes.n, .k = sizes.k};
    call.a = left;
    call.lda = left_stride;
    call.stride_a = group.planes * rows * sizes.k;
    call.b = right.data;
    call.transpose_b = right.transposed;
    call.ldb = right.transposed ? sizes.k : sizes.n;
    call.stride_b = sizes.k * sizes.n;
    call.c = out;
    call.ldc = sizes.n;
    call.stride_c = group.planes * rows * sizes.n;
    call.batch = group.matrices;
    return call;
}

/// out = consume(produce(rows) x right), plane by plane.
/// producer: `rows_in_place` (one plane), or a kernel with `channels` and
///   `operator()<P>(row, c, T* to, plane)`: writes what belongs to the row and the pack c to to[p x plane + ...].
/// consumer: a kernel with `channels` and `operator()<P>(row, c, const T* from, plane)`: reads from[p x plane + ...].
/// A backend's own `tiled_gemm` is used where it has one; this form makes panels as large as a budget allows.
template <Backend B, class Producer, class Consumer>
void tiled_gemm(typename B::queue& q, const tile_sizes& sizes, const Producer& producer,
                const right_side<typename B::value_type>& right, const Consumer& consumer) {
    using T = typename B::value_type;
    if constexpr (requires { B::tiled_gemm(q, sizes, producer, right, consumer); }) {
        B::tiled_gemm(q, sizes, producer, right, consumer);
    } else {
        constexpr bool in_place = detail::is_in_place<Producer>;
        const std::size_t values = sizes.planes * (sizes.n + (in_place ? 0 : sizes.k));
        const std::size_t block = detail::rows_within(detail::panel_budget<B>(), values, sizes.rows, 96);
        T* left_panel = in_place ? nullptr : q.scratch(1, sizes.planes * block * sizes.k);
        T* out_panel = q.scratch(2, sizes.planes * block * sizes.n);
        for (std::size_t first = 0; first < sizes.rows; first += block) {
            const std::size_t rows = std::min(block, sizes.rows - first);
            const T* left = nullptr;
            std::size_t left_stride = sizes.k;
            if constexpr (in_place) {
                left = producer.data + first * producer.stride;
                left_stride = producer.stride;
            } else {
                const detail::produce_into<Producer, T> fill_panel{producer, left_panel, first, sizes.k, rows * sizes.k};
                B::apply(q, rows, producer.channels, detail::shifted<detail::produce_into<Producer, T>>{fill_panel, first});
                left = left_panel;
            }
            sizes.for_each_group([&](const plane_group& group, std::size_t plane, std::size_t matrix) {
                B::gemm(q, group_product(sizes, group, rows, left + plane * rows * sizes.k, left_stride,
                                         {right.data + matrix * sizes.k * sizes.n, right.transposed},
                                         out_panel + plane * rows * sizes.n));
            });
            const detail::consume_from<Consumer, T> take{consumer, out_panel, first, sizes.n, rows * sizes.n};
            B::apply(q, rows, consumer.channels, detail::shifted<detail::consume_from<Consumer, T>>{take, first});
        }
    }
}

/// out[m] (k x n) = sum over rows of left row^T x right row, over all planes of matrix m: the gradient of a convolution's
/// weights.
/// left, right: producers as in tiled_gemm, k and n values a row.
template <Backend B, class Left, class Right>
void tiled_gemm_reduce(typename B::queue& q, const tile_sizes& sizes, const Left& left, const Right& right,
                       typename B::value_type* out) {
    using T = typename B::value_type;
    if constexpr (requires { B::tiled_gemm_reduce(q, sizes, left, right, out); }) {
        B::tiled_gemm_reduce(q, sizes, left, right, out);
    } else {
        constexpr bool left_in_place = detail::is_in_place<Left>, right_in_place = detail::is_in_place<Right>;
        const std::size_t values = sizes.planes * ((left_in_place ? 0 : sizes.k) + (right_in_place ? 0 : sizes.n));
        const std::size_t block =
            detail::rows_within(detail::panel_budget<B>(), values, sizes.rows, 512);  // each passes over `out`
        T* left_panel = left_in_place ? nullptr : q.scratch(1, sizes.planes * block * sizes.k);
        T* right_panel = right_in_place ? nullptr : q.scratch(2, sizes.planes * block * sizes.n);
        for (std::size_t first = 0; first < sizes.rows; first += block) {
            const std::size_t rows = std::min(block, sizes.rows - first);
            const auto side = [&](const auto& producer, T* panel, std::size_t width) {
                using Side = std::remove_cvref_t<decltype(producer)>;
                if constexpr (detail::is_in_place<Side>) {
                    return rows_in_place<T>{producer.data + first * producer.stride, producer.stride};
                } else {
                    const detail::produce_into<Side, T> fill_panel{producer, panel, first, width, rows * width};
                    B::apply(q, rows, producer.channels, detail::shifted<detail::produce_into<Side, T>>{fill_panel, first});
                    return rows_in_place<T>{panel, width};
                }
            };
            const auto a = side(left, left_panel, sizes.k), b = side(right, right_panel, sizes.n);
            sizes.for_each_group([&](const plane_group& group, std::size_t plane, std::size_t matrix) {
                gemm_call<T> call{.m = sizes.k, .n = sizes.n, .k = group.planes * rows};
                call.a = a.data + plane * rows * sizes.k;
                call.lda = a.stride;
                call.stride_a = group.planes * rows * sizes.k;
                call.transpose_a = true;
                call.b = b.data + plane * rows * sizes.n;
                call.ldb = b.stride;
                call.stride_b = group.planes * rows * sizes.n;
                call.c = out + matrix * sizes.k * sizes.n;
                call.ldc = sizes.n;
                call.stride_c = sizes.k * sizes.n;
                call.batch = group.matrices;
                call.beta = first == 0 ? T{0} : T{1};
                B::gemm(q, call);
            });
        }
    }
}

}  // namespace rd4ad::backend
