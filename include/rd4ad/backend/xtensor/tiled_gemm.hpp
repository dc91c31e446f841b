// rd4ad/backend/xtensor/tiled_gemm.hpp: products between two kernels, a block of rows at a time in the cache. Twin:
// tests/backend/primitives.cpp
#pragma once
#include <algorithm>
#include <cstddef>

#include <rd4ad/backend/tiled_gemm.hpp>
#include <rd4ad/backend/xtensor/gemm.hpp>
#include <rd4ad/backend/xtensor/panel_gemm.hpp>
#include <rd4ad/backend/xtensor/storage.hpp>

namespace rd4ad::backend::host {

/// Bytes of rows that a thread keeps busy: three quarters of a second-level cache.
inline constexpr std::size_t block_bytes = std::size_t{768} << 10;

/// Rows of a block at least: with fewer, fetching the right-hand matrix takes longer than multiplying by it.
inline constexpr std::size_t least_rows = 48;

/// From this many rows on the right-hand matrix is worth laying out in panels for one call.
inline constexpr std::size_t rows_worth_panels = 192;

/// Rows of a block: within the cache where that leaves enough of them, whole register tiles, equal over all blocks.
template <class T>
std::size_t rows_a_block(std::size_t rows, std::size_t values_a_row, std::size_t least = least_rows) {
    const std::size_t fitting = block_bytes / std::max<std::size_t>(1, values_a_row * sizeof(T));
    const std::size_t wanted = std::clamp<std::size_t>(fitting, least, 4096);
    const std::size_t blocks = std::max<std::size_t>(1, (rows + wanted - 1) / wanted);
    constexpr std::size_t tile = panel_tile<T>::rows;
    return ((rows + blocks - 1) / blocks + tile - 1) / tile * tile;
}

/// The products of tiled_gemm by right-hand matrices laid out in panels (panel_gemm.hpp). Another way to multiply offers the
/// same three functions.
template <class T>
struct panel_products {
    /// Values of a k x n matrix laid out.
    [[nodiscard]] static std::size_t count(std::size_t k, std::size_t n) { return panel_count<T>(k, n); }

    /// Lays the right-hand matrices out at `to`, matrices x count(k, n) values.
    static void lay_out(std::size_t threads, const tile_sizes& sizes, const right_side<T>& right, T* to) {
        const std::size_t each = panels_of<T>(sizes.n), panel = sizes.k * panel_tile<T>::columns;
        on_threads(threads, [&](std::size_t index, std::size_t parts) {
            const auto [first, last] = part_of(sizes.matrices() * each, parts, index);
            for (std::size_t task = first; task < last; ++task)
                fill_one_panel(right.data + task / each * sizes.k * sizes.n, right.transposed, sizes.k, sizes.n, task % each,
                               to + task * panel);
        });
    }

    /// A part of the products of a block: planes and panels are dealt out to `parts`.
    static void share(const gemm_call<T>& call, const T* laid_out, std::size_t index, std::size_t parts) {
        const std::size_t each = panels_of<T>(call.n), plane = panel_count<T>(call.k, call.n);
        const auto [first, last] = part_of(call.batch * each, parts, index);
        for (std::size_t task = first; task < last;) {
            const std::size_t matrix = task / each, from = task % each, to = std::min(each, from + last - task);
            multiply_panels(call.m, call.n, call.k, call.a + matrix * call.stride_a, call.lda, laid_out + matrix * plane, from,
                            to, call.c + matrix * call.stride_c, call.ldc);
            task += to - from;
        }
    }
};

template <class T, class Producer>
void fill_panel(const Producer& producer, T* panel, std::size_t first, std::size_t rows, std::size_t from, std::size_t to,
                std::size_t stride) {
    if constexpr (!backend::detail::is_in_place<Producer>)
        run_rows<native_pack<T>>(first + from, first + to, producer.channels,
                                 backend::detail::produce_into<Producer, T>{producer, panel, first, stride, rows * stride});
}

/// Where the rows of a block are: where they lie, or in the panel.
template <class T, class Producer>
const T* rows_of(const Producer& producer, const T* panel, std::size_t first) {
    if constexpr (backend::detail::is_in_place<Producer>)
        return producer.data + first * producer.stride;
    else
        return panel;
}

template <class T, class Producer>
std::size_t stride_of(const Producer& producer, std::size_t width) {
    if constexpr (backend::detail::is_in_place<Producer>)
        return producer.stride;
    else
        return width;
}

/// See backend::tiled_gemm. With rows enough, each thread works through blocks of its own from the producing kernel to
/// the consuming one; with few, all threads share one block and each of its three stages.
template <class Products, class T, class Producer, class Consumer>
void tiled_gemm(queue<T>& q, const tile_sizes& sizes, const Producer& producer, const right_side<T>& right,
                const Consumer& consumer) {
    one_blas_thread();
    constexpr bool in_place = backend::detail::is_in_place<Producer>;
    const std::size_t values = sizes.planes * (sizes.n + (in_place ? 0 : sizes.k));
    const std::size_t threads = std::max<std::size_t>(1, q.threads);
    const bool alone = sizes.rows >= threads * least_rows;
    const std::size_t block = rows_a_block<T>(alone ? (sizes.rows + threads - 1) / threads : sizes.rows, values);
    const std::size_t workers = alone ? threads : 1;
    const std::size_t left_size = in_place ? 0 : sizes.planes * block * sizes.k, out_size = sizes.planes * block * sizes.n;
    T* scratch = q.scratch(1, workers * (left_size + out_size));

    const T* panels = right.panels;
    if (panels == nullptr && sizes.rows >= rows_worth_panels) {
        T* made = q.scratch(5, sizes.matrices() * Products::count(sizes.k, sizes.n));
        Products::lay_out(threads, sizes, right, made);
        panels = made;
    }
    const auto multiply = [&](std::size_t first, std::size_t rows, const T* left_panel, T* out_panel, std::size_t index,
                              std::size_t parts) {
        const T* left = rows_of(producer, left_panel, first);
        sizes.for_each_group([&](const plane_group& group, std::size_t plane, std::size_t matrix) {
            const right_side<T> matrices{right.data + matrix * sizes.k * sizes.n, right.transposed};
            const auto call = group_product(sizes, group, rows, left + plane * rows * sizes.k, stride_of<T>(producer, sizes.k),
                                            matrices, out_panel + plane * rows * sizes.n);
            if (panels != nullptr)
                Products::share(call, panels + matrix * Products::count(sizes.k, sizes.n), index, parts);
            else
                gemm_share(call, index, parts);
        });
    };
    const auto consume = [&](const T* out_panel, std::size_t first, std::size_t rows, std::size_t from, std::size_t to) {
        run_rows<native_pack<T>>(first + from, first + to, consumer.channels,
                                 backend::detail::consume_from<Consumer, T>{consumer, out_panel, first, sizes.n, rows * sizes.n});
    };

    if (alone) {
        const std::size_t blocks = (sizes.rows + block - 1) / block;
        on_threads(threads, [&](std::size_t index, std::size_t parts) {
            T* left_panel = scratch + index * (left_size + out_size);
            T* out_panel = left_panel + left_size;
            const auto [first_block, last_block] = part_of(blocks, parts, index);
            for (std::size_t b = first_block; b < last_block; ++b) {
                const std::size_t first = b * block, rows = std::min(block, sizes.rows - first);
                fill_panel(producer, left_panel, first, rows, 0, rows, sizes.k);
                multiply(first, rows, left_panel, out_panel, 0, 1);
                consume(out_panel, first, rows, 0, rows);
            }
        });
        return;
    }
    T* out_panel = scratch + left_size;
    for (std::size_t first = 0; first < sizes.rows; first += block) {
        const std::size_t rows = std::min(block, sizes.rows - first);
        if constexpr (!in_place)
            on_threads(threads, [&](std::size_t index, std::size_t parts) {
                const auto [from, to] = part_of(rows, parts, index);
                fill_panel(producer, scratch, first, rows, from, to, sizes.k);
            });
        on_threads(threads,
                   [&](std::size_t index, std::size_t parts) { multiply(first, rows, scratch, out_panel, index, parts); });
        on_threads(threads, [&](std::size_t index, std::size_t parts) {
            const auto [from, to] = part_of(rows, parts, index);
            consume(out_panel, first, rows, from, to);
        });
    }
}

/// Sums of at most this many bytes over all threads are kept once a thread.
inline constexpr std::size_t own_sums_bytes = std::size_t{8} << 20;

/// Rows of a reducing block: every block passes over the sums once and over its rows once, so neither should be much larger
/// than the other, but the cache comes first.
template <class T>
std::size_t rows_a_reduction(std::size_t rows, std::size_t values_a_row, std::size_t sums) {
    const std::size_t wanted = std::max(block_bytes, sums * sizeof(T) / 2) / std::max<std::size_t>(1, values_a_row * sizeof(T));
    const std::size_t block = std::clamp<std::size_t>(wanted, 64, 1024);
    const std::size_t blocks = std::max<std::size_t>(1, (rows + block - 1) / block);
    return std::max<std::size_t>(1, (rows + blocks - 1) / blocks);
}

/// Kernel: adds the threads' sums up, in their order.
template <class T>
struct add_sums {
    const T* parts;
    std::size_t count, values, width;
    T* out;
    template <class P>
    void operator()(std::size_t r, std::size_t c) const {
        const std::size_t at = r * width + c;
        P total = load<P>(parts + at);
        for (std::size_t i = 1; i < count; ++i) total = total + load<P>(parts + i * values + at);
        store<P>(out + at, total);
    }
};

/// See backend::tiled_gemm_reduce. Where the sums are small, each thread has its own and works through blocks of its own;
/// else all threads fill one block's panels and share its products. Either way the order is fixed.
template <class T, class Left, class Right>
void tiled_gemm_reduce(queue<T>& q, const tile_sizes& sizes, const Left& left, const Right& right, T* out) {
    constexpr bool left_in_place = backend::detail::is_in_place<Left>, right_in_place = backend::detail::is_in_place<Right>;
    const std::size_t threads = std::max<std::size_t>(1, q.threads), sums = sizes.matrices() * sizes.k * sizes.n;
    const bool alone =
        sizes.planes > 1 && threads > 1 && sums * sizeof(T) * threads <= own_sums_bytes && sizes.rows >= threads * 64;
    const std::size_t workers = alone ? threads : 1;
    const std::size_t block =
        rows_a_reduction<T>(alone ? (sizes.rows + threads - 1) / threads : sizes.rows, sizes.planes * (sizes.k + sizes.n), sums);
    const std::size_t left_size = left_in_place ? 0 : sizes.planes * block * sizes.k;
    const std::size_t right_size = right_in_place ? 0 : sizes.planes * block * sizes.n;
    T* scratch = q.scratch(1, workers * (left_size + right_size));
    // rows [from, to) of the sums of all matrices, counted through
    const auto multiply = [&](std::size_t first, std::size_t rows, const T* panels, std::size_t from, std::size_t to, T* into,
                              bool add) {
        const T* a = rows_of(left, panels, first);
        const T* b = rows_of(right, panels + left_size, first);
        sizes.for_each_group([&](const plane_group& group, std::size_t first_plane, std::size_t first_matrix) {
            const std::size_t begin = first_matrix * sizes.k, end = begin + group.matrices * sizes.k;
            for (std::size_t at = std::max(from, begin); at < std::min(to, end);) {
                const std::size_t matrix = at / sizes.k, row = at % sizes.k;
                const std::size_t last = std::min(sizes.k, row + std::min(to, end) - at);
                const std::size_t plane = first_plane + (matrix - first_matrix) * group.planes;
                reduce_rows(row, last, sizes.n, group.planes * rows, a + plane * rows * sizes.k, stride_of<T>(left, sizes.k),
                            b + plane * rows * sizes.n, stride_of<T>(right, sizes.n), into + matrix * sizes.k * sizes.n, add);
                at += last - row;
            }
        });
    };
    const std::size_t all = sizes.matrices() * sizes.k;
    if (alone) {
        T* own = q.scratch(2, threads * sums);
        on_threads(threads, [&](std::size_t index, std::size_t parts) {
            T* panels = scratch + index * (left_size + right_size);
            const auto [begin, end] = part_of(sizes.rows, parts, index);
            for (std::size_t first = begin; first < end; first += block) {
                const std::size_t rows = std::min(block, end - first);
                fill_panel(left, panels, first, rows, 0, rows, sizes.k);
                fill_panel(right, panels + left_size, first, rows, 0, rows, sizes.n);
                multiply(first, rows, panels, 0, all, own + index * sums, first != begin);
            }
        });
        apply<T>(threads, all, sizes.n, add_sums<T>{own, threads, sums, sizes.n, out});
        return;
    }
    for (std::size_t first = 0; first < sizes.rows; first += block) {
        const std::size_t rows = std::min(block, sizes.rows - first);
        if constexpr (!left_in_place || !right_in_place)
            on_threads(threads, [&](std::size_t index, std::size_t parts) {
                const auto [from, to] = part_of(rows, parts, index);
                fill_panel(left, scratch, first, rows, from, to, sizes.k);
                fill_panel(right, scratch + left_size, first, rows, from, to, sizes.n);
            });
        if (sizes.planes == 1) {  // one large product, for which a copy of both sides pays
            gemm_call<T> call{.m = sizes.k, .n = sizes.n, .k = rows};
            call.a = rows_of(left, scratch, first);
            call.lda = stride_of<T>(left, sizes.k);
            call.transpose_a = true;
            call.b = rows_of(right, scratch + left_size, first);
            call.ldb = stride_of<T>(right, sizes.n);
            call.c = out;
            call.ldc = sizes.n;
            call.beta = first == 0 ? T{0} : T{1};
            gemm(threads, call);
            continue;
        }
        on_threads(threads, [&](std::size_t index, std::size_t parts) {
            const auto [from, to] = part_of(all, parts, index);
            multiply(first, rows, scratch, from, to, out, first != 0);
        });
    }
}

}  // namespace rd4ad::backend::host
