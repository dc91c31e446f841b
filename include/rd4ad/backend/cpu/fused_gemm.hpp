// rd4ad/backend/cpu/fused_gemm.hpp: fused GEMMs on a CPU, one cache-sized block of rows at a time. Twin:
// tests/backend/primitives.cpp
#pragma once
#include <algorithm>
#include <cstddef>

#include <rd4ad/backend/cpu/gemm.hpp>
#include <rd4ad/backend/cpu/packed_gemm.hpp>
#include <rd4ad/backend/cpu/storage.hpp>
#include <rd4ad/backend/fused_gemm.hpp>

namespace rd4ad::inline RD4AD_ABI::backend::cpu {

/// Bytes of rows that a thread works on at once: three quarters of an L2 cache.
inline constexpr std::size_t block_bytes = std::size_t{768} << 10;

/// Rows per block, at least: with fewer, loading the right-hand matrix takes longer than multiplying by it.
inline constexpr std::size_t min_rows = 48;

/// Rows from which packing the right-hand matrix for one call pays.
inline constexpr std::size_t min_rows_to_pack = 192;

/// Private sums per thread are kept up to this many bytes over all threads.
inline constexpr std::size_t max_private_sum_bytes = std::size_t{8} << 20;

/// Rows per block: within the cache if that leaves enough rows, whole register tiles, equal over all blocks.
template <class T>
[[nodiscard]] std::size_t rows_per_block(std::size_t rows, std::size_t values_per_row) {
    const std::size_t fitting = block_bytes / std::max<std::size_t>(1, values_per_row * sizeof(T));
    const std::size_t wanted = std::clamp<std::size_t>(fitting, min_rows, 4096);
    const std::size_t blocks = std::max<std::size_t>(1, (rows + wanted - 1) / wanted);
    constexpr std::size_t tile = register_tile<T>::rows;
    return ((rows + blocks - 1) / blocks + tile - 1) / tile * tile;
}

/// Rows per block of a reduction. Every block reads and writes the sums once and reads its rows once, so neither should be
/// much larger than the other; the cache has priority.
template <class T>
[[nodiscard]] std::size_t rows_per_reduction(std::size_t rows, std::size_t values_per_row, std::size_t sums) {
    const std::size_t wanted = std::max(block_bytes, sums * sizeof(T) / 2) / std::max<std::size_t>(1, values_per_row * sizeof(T));
    const std::size_t block = std::clamp<std::size_t>(wanted, 64, 1024);
    const std::size_t blocks = std::max<std::size_t>(1, (rows + block - 1) / block);
    return std::max<std::size_t>(1, (rows + blocks - 1) / blocks);
}

namespace detail {

/// One side of a product: rows where they lie, or a panel that a producer kernel fills.
template <class T, class Producer>
struct operand {
    const Producer& producer;
    std::size_t width;  ///< values per row of the panel

    static constexpr bool in_place = is_in_place<Producer>;

    /// Values of the panel for `planes` x `rows` rows.
    [[nodiscard]] std::size_t panel_values(std::size_t planes, std::size_t rows) const {
        return in_place ? 0 : planes * rows * width;
    }
    /// Fills rows [from, to) of the block of `rows` rows that starts at `first`.
    void fill(T* panel, std::size_t first, std::size_t rows, std::size_t from, std::size_t to) const {
        if constexpr (!in_place)
            run_rows<native_pack<T>>(
                first + from, first + to, producer.channels,
                produce_into<Producer, T>{
                    .producer = producer, .panel = panel, .first = first, .stride = width, .plane = rows * width});
    }
    /// The first row of the block that starts at `first`.
    [[nodiscard]] const T* rows(const T* panel, std::size_t first) const {
        if constexpr (in_place)
            return producer.data + first * producer.stride;
        else
            return panel;
    }
    [[nodiscard]] std::size_t stride() const {
        if constexpr (in_place)
            return producer.stride;
        else
            return width;
    }
};

/// One call of fused_gemm: its operands, and the three stages of a block.
template <class Products, class T, class Producer, class Consumer>
struct fused_call {
    const gemm_shape& shape;
    operand<T, Producer> lhs;
    const rhs_matrix<T>& rhs;
    const T* packed;  ///< the packed right-hand matrices; none: OpenBLAS multiplies
    const Consumer& consumer;

    /// Partition `index` of `count` of the products of a block.
    void multiply(std::size_t first, std::size_t rows, const T* lhs_panel, T* out_panel, std::size_t index,
                  std::size_t count) const {
        const T* left = lhs.rows(lhs_panel, first);
        shape.for_each_group([&](const plane_group& group, std::size_t plane, std::size_t matrix) {
            const auto call = group_product(shape, group, rows, left + plane * rows * shape.k, lhs.stride(),
                                            plain_matrix(rhs, shape, matrix), out_panel + plane * rows * shape.n);
            if (packed != nullptr)
                Products::multiply(call, packed + matrix * Products::count(shape.k, shape.n), index, count);
            else
                gemm_partition(call, index, count);
        });
    }
    /// Consumes rows [from, to) of a block.
    void consume(const T* out_panel, std::size_t first, std::size_t rows, std::size_t from, std::size_t to) const {
        run_rows<native_pack<T>>(
            first + from, first + to, consumer.channels,
            consume_from<Consumer, T>{
                .consumer = consumer, .panel = out_panel, .first = first, .stride = shape.n, .plane = rows * shape.n});
    }

    /// Each thread takes one block after the other through all three stages.
    void run_blocks_per_thread(std::size_t threads, std::size_t block, T* scratch) const {
        const std::size_t lhs_values = lhs.panel_values(shape.planes, block), out_values = shape.planes * block * shape.n;
        share((shape.rows + block - 1) / block, threads, [&](std::size_t b, std::size_t slot) {
            T* lhs_panel = scratch + slot * (lhs_values + out_values);
            T* out_panel = lhs_panel + lhs_values;
            const std::size_t first = b * block, rows = std::min(block, shape.rows - first);
            lhs.fill(lhs_panel, first, rows, 0, rows);
            multiply(first, rows, lhs_panel, out_panel, 0, 1);
            consume(out_panel, first, rows, 0, rows);
        });
    }

    /// All threads share each stage of one block after the other.
    void run_blocks_together(std::size_t threads, std::size_t block, T* scratch) const {
        T* out_panel = scratch + lhs.panel_values(shape.planes, block);
        for (std::size_t first = 0; first < shape.rows; first += block) {
            const std::size_t rows = std::min(block, shape.rows - first);
            if constexpr (!operand<T, Producer>::in_place)
                on_threads(threads, [&](std::size_t index, std::size_t count) {
                    const auto [from, to] = partition(rows, count, index);
                    lhs.fill(scratch, first, rows, from, to);
                });
            on_threads(threads,
                       [&](std::size_t index, std::size_t count) { multiply(first, rows, scratch, out_panel, index, count); });
            on_threads(threads, [&](std::size_t index, std::size_t count) {
                const auto [from, to] = partition(rows, count, index);
                consume(out_panel, first, rows, from, to);
            });
        }
    }
};

}  // namespace detail

/// See backend::fused_gemm. With enough rows each thread works on blocks of its own; with few, all threads share one block.
/// Products: the multiplication policy (packed_products).
template <class Products, class T, class Producer, class Consumer>
void fused_gemm(queue<T>& q, const gemm_shape& shape, const Producer& producer, const rhs_matrix<T>& rhs,
                const Consumer& consumer) {
    one_blas_thread();
    const detail::operand<T, Producer> lhs{producer, shape.k};
    const std::size_t values = shape.planes * (shape.n + (lhs.in_place ? 0 : shape.k));
    const std::size_t threads = std::max<std::size_t>(1, q.threads);
    const bool per_thread = shape.rows >= threads * min_rows;
    const std::size_t block = rows_per_block<T>(per_thread ? (shape.rows + threads - 1) / threads : shape.rows, values);
    const std::size_t workers = per_thread ? threads : 1;
    T* scratch =
        q.scratch(scratch_slot::lhs_panel, workers * (lhs.panel_values(shape.planes, block) + shape.planes * block * shape.n));
    const T* packed = rhs.packed;
    if (packed == nullptr && shape.rows >= min_rows_to_pack) {
        T* made = q.scratch(scratch_slot::packed_rhs, shape.matrices() * Products::count(shape.k, shape.n));
        Products::pack(threads, shape, rhs, made);
        packed = made;
    }
    const detail::fused_call<Products, T, Producer, Consumer> call{
        .shape = shape, .lhs = lhs, .rhs = rhs, .packed = packed, .consumer = consumer};
    if (per_thread)
        call.run_blocks_per_thread(threads, block, scratch);
    else
        call.run_blocks_together(threads, block, scratch);
}

namespace detail {

/// Kernel: adds the threads' private sums in the order of the threads.
template <class T>
struct add_private_sums {
    const T* sums;
    std::size_t threads, values, width;
    T* out;
    template <class P>
    void operator()(std::size_t r, std::size_t c) const {
        const std::size_t at = r * width + c;
        P total = load<P>(sums + at);
        for (std::size_t i = 1; i < threads; ++i) total = total + load<P>(sums + i * values + at);
        store<P>(out + at, total);
    }
};

/// One call of fused_gemm_reduce.
template <class T, class Lhs, class Rhs>
struct fused_reduction {
    const gemm_shape& shape;
    operand<T, Lhs> lhs;
    operand<T, Rhs> rhs;
    std::size_t block;

    [[nodiscard]] std::size_t lhs_values() const { return lhs.panel_values(shape.planes, block); }
    [[nodiscard]] std::size_t panel_values() const { return lhs_values() + rhs.panel_values(shape.planes, block); }
    [[nodiscard]] std::size_t sum_rows() const { return shape.matrices() * shape.k; }
    [[nodiscard]] std::size_t sums() const { return sum_rows() * shape.n; }

    void fill(T* panels, std::size_t first, std::size_t rows, std::size_t from, std::size_t to) const {
        lhs.fill(panels, first, rows, from, to);
        rhs.fill(panels + lhs_values(), first, rows, from, to);
    }

    /// Rows [from, to) of the sums, counted over all matrices.
    void multiply(std::size_t first, std::size_t rows, const T* panels, std::size_t from, std::size_t to, T* out,
                  bool accumulate) const {
        const T* a = lhs.rows(panels, first);
        const T* b = rhs.rows(panels + lhs_values(), first);
        shape.for_each_group([&](const plane_group& group, std::size_t first_plane, std::size_t first_matrix) {
            const std::size_t begin = first_matrix * shape.k, end = begin + group.matrices * shape.k;
            for (std::size_t at = std::max(from, begin); at < std::min(to, end);) {
                const std::size_t matrix = at / shape.k, row = at % shape.k;
                const std::size_t last = std::min(shape.k, row + std::min(to, end) - at);
                const std::size_t plane = first_plane + (matrix - first_matrix) * group.planes;
                gemm_tn_rows(row, last, shape.n, group.planes * rows, a + plane * rows * shape.k, lhs.stride(),
                             b + plane * rows * shape.n, rhs.stride(), out + matrix * shape.k * shape.n, accumulate);
                at += last - row;
            }
        });
    }

    /// Each thread reduces blocks of its own into private sums, which are then added.
    void run_blocks_per_thread(queue<T>& q, std::size_t threads, T* scratch, T* out) const {
        T* private_sums = q.scratch(scratch_slot::rhs_or_out_panel, threads * sums());
        on_threads(threads, [&](std::size_t index, std::size_t count) {
            T* panels = scratch + index * panel_values();
            const auto [begin, end] = partition(shape.rows, count, index);
            for (std::size_t first = begin; first < end; first += block) {
                const std::size_t rows = std::min(block, end - first);
                fill(panels, first, rows, 0, rows);
                multiply(first, rows, panels, 0, sum_rows(), private_sums + index * sums(), first != begin);
            }
        });
        apply<T>(threads, sum_rows(), shape.n,
                 add_private_sums<T>{.sums = private_sums, .threads = threads, .values = sums(), .width = shape.n, .out = out});
    }

    /// All threads fill one block's panels and share its products.
    void run_blocks_together(std::size_t threads, T* scratch, T* out) const {
        for (std::size_t first = 0; first < shape.rows; first += block) {
            const std::size_t rows = std::min(block, shape.rows - first);
            if constexpr (!operand<T, Lhs>::in_place || !operand<T, Rhs>::in_place)
                on_threads(threads, [&](std::size_t index, std::size_t count) {
                    const auto [from, to] = partition(rows, count, index);
                    fill(scratch, first, rows, from, to);
                });
            if (shape.planes == 1) {
                multiply_by_blas(threads, first, rows, scratch, out);
                continue;
            }
            on_threads(threads, [&](std::size_t index, std::size_t count) {
                const auto [from, to] = partition(sum_rows(), count, index);
                multiply(first, rows, scratch, from, to, out, first != 0);
            });
        }
    }

    /// One large product: packing both sides pays, so OpenBLAS multiplies.
    void multiply_by_blas(std::size_t threads, std::size_t first, std::size_t rows, const T* panels, T* out) const {
        gemm_call<T> call{.m = shape.k, .n = shape.n, .k = rows};
        call.a = lhs.rows(panels, first);
        call.lda = lhs.stride();
        call.transpose_a = true;
        call.b = rhs.rows(panels + lhs_values(), first);
        call.ldb = rhs.stride();
        call.c = out;
        call.ldc = shape.n;
        call.beta = first == 0 ? T{0} : T{1};
        gemm(threads, call);
    }
};

}  // namespace detail

/// See backend::fused_gemm_reduce. Where the sums are small each thread has private ones; else all threads share each block.
/// Either way the order of summation is fixed.
template <class T, class Lhs, class Rhs>
void fused_gemm_reduce(queue<T>& q, const gemm_shape& shape, const Lhs& lhs, const Rhs& rhs, T* out) {
    const std::size_t threads = std::max<std::size_t>(1, q.threads), sums = shape.matrices() * shape.k * shape.n;
    const bool per_thread =
        shape.planes > 1 && threads > 1 && sums * sizeof(T) * threads <= max_private_sum_bytes && shape.rows >= threads * 64;
    const std::size_t block = rows_per_reduction<T>(per_thread ? (shape.rows + threads - 1) / threads : shape.rows,
                                                    shape.planes * (shape.k + shape.n), sums);
    const detail::fused_reduction<T, Lhs, Rhs> reduction{
        .shape = shape, .lhs = {lhs, shape.k}, .rhs = {rhs, shape.n}, .block = block};
    T* scratch = q.scratch(scratch_slot::lhs_panel, (per_thread ? threads : 1) * reduction.panel_values());
    if (per_thread)
        reduction.run_blocks_per_thread(q, threads, scratch, out);
    else
        reduction.run_blocks_together(threads, scratch, out);
}

}  // namespace rd4ad::inline RD4AD_ABI::backend::cpu
