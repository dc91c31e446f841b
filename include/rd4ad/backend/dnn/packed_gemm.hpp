// rd4ad/backend/dnn/packed_gemm.hpp: oneDNN's matrix products on weights in its own layout, in float or bf16. Twin:
// tests/backend/onednn.cpp
#pragma once
#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

#include <rd4ad/backend/cpu/apply.hpp>
#include <rd4ad/backend/cpu/scoped_threads.hpp>
#include <rd4ad/backend/gemm_shape.hpp>
#include <rd4ad/core/bf16.hpp>

namespace rd4ad::inline RD4AD_ABI::backend {

/// Brain floating point, as a tag and as storage: factors are rounded to it, sums stay in float.
struct bf16 {
    std::uint16_t bits;
};

}  // namespace rd4ad::inline RD4AD_ABI::backend

namespace rd4ad::inline RD4AD_ABI::backend::dnn {

using desc = dnnl::memory::desc;

/// oneDNN's name for the type of the factors.
template <class Factor>
inline constexpr auto type_of = std::is_same_v<Factor, float> ? dnnl::memory::data_type::f32 : dnnl::memory::data_type::bf16;

/// The CPU as oneDNN's engine.
inline const dnnl::engine& cpu_engine() {
    static const dnnl::engine engine{dnnl::engine::kind::cpu, 0};
    return engine;
}

/// A size in oneDNN's type.
[[nodiscard]] inline dnnl::memory::dim dim_of(std::size_t value) { return static_cast<dnnl::memory::dim>(value); }

/// A strided matrix: `row_stride` and `column_stride` values between neighbours.
[[nodiscard]] inline desc strided_matrix(std::size_t rows, std::size_t columns, dnnl::memory::data_type type,
                                         std::size_t row_stride, std::size_t column_stride) {
    return {{dim_of(rows), dim_of(columns)}, type, {dim_of(row_stride), dim_of(column_stride)}};
}

/// A dense row-major matrix.
[[nodiscard]] inline desc dense_matrix(std::size_t rows, std::size_t columns, dnnl::memory::data_type type) {
    return strided_matrix(rows, columns, type, columns, 1);
}

/// A matrix product, as oneDNN 2 and 3 describe it.
[[nodiscard]] inline dnnl::matmul::primitive_desc describe_matmul(const desc& a, const desc& b, const desc& c) {
#if DNNL_VERSION_MAJOR >= 3
    return {cpu_engine(), a, b, c};
#else
    return {dnnl::matmul::desc{a, b, c}, cpu_engine()};
#endif
}

/// The layout that oneDNN prefers for a k x n right-hand matrix; it serves any number of rows and threads.
template <class Factor>
[[nodiscard]] desc packed_layout(std::size_t k, std::size_t n) {
    static std::mutex guard;
    static std::map<std::pair<std::size_t, std::size_t>, desc> known;
    const std::lock_guard lock{guard};
    const auto found = known.find({k, n});
    if (found != known.end()) return found->second;
    constexpr std::size_t rows = 64;
    const desc any{{dim_of(k), dim_of(n)}, type_of<Factor>, dnnl::memory::format_tag::any};
    const auto product =
        describe_matmul(dense_matrix(rows, k, type_of<Factor>), any, dense_matrix(rows, n, dnnl::memory::data_type::f32));
    return known.emplace(std::pair{k, n}, product.weights_desc()).first->second;
}

/// The sizes of one matrix product.
struct matmul_shape {
    std::size_t m, k, n;
    friend auto operator<=>(const matmul_shape&, const matmul_shape&) = default;
};

/// A product of dense rows with a packed matrix, created once per thread and shape.
class matmul {
   public:
    template <class Factor>
    static matmul& of(const matmul_shape& shape) {
        // created by the thread that runs it: oneDNN distributes the work over the threads that it finds at creation
        thread_local std::map<matmul_shape, matmul> made;
        const auto found = made.find(shape);
        if (found != made.end()) return found->second;
        const auto description =
            describe_matmul(dense_matrix(shape.m, shape.k, type_of<Factor>), packed_layout<Factor>(shape.k, shape.n),
                            dense_matrix(shape.m, shape.n, dnnl::memory::data_type::f32));
        return made.emplace(shape, matmul{description}).first->second;
    }

    void operator()(const void* a, const void* b, float* c) {
        a_.set_data_handle(const_cast<void*>(a));
        b_.set_data_handle(const_cast<void*>(b));
        c_.set_data_handle(c);
        primitive_.execute(stream_, arguments_);
    }

   private:
    explicit matmul(const dnnl::matmul::primitive_desc& description)
        : primitive_{description},
          stream_{cpu_engine()},
          a_{description.src_desc(), cpu_engine(), nullptr},
          b_{description.weights_desc(), cpu_engine(), nullptr},
          c_{description.dst_desc(), cpu_engine(), nullptr},
          arguments_{{DNNL_ARG_SRC, a_}, {DNNL_ARG_WEIGHTS, b_}, {DNNL_ARG_DST, c_}} {}

    dnnl::matmul primitive_;
    dnnl::stream stream_;
    dnnl::memory a_, b_, c_;
    std::unordered_map<int, dnnl::memory> arguments_;
};

/// The multiplication policy of cpu::fused_gemm with oneDNN's packed layout (compare cpu::packed_products).
template <class Factor>
struct packed_products {
    /// Values (floats of memory) of one packed k x n matrix, in whole cache lines.
    [[nodiscard]] static std::size_t count(std::size_t k, std::size_t n) {
        return (packed_layout<Factor>(k, n).get_size() + 63) / 64 * (64 / sizeof(float));
    }

    /// Packs the right-hand matrices: shape.matrices() x count(k, n) values at `to`.
    static void pack(std::size_t threads, const gemm_shape& shape, const rhs_matrix<float>& rhs, float* to) {
        const std::size_t k = shape.k, n = shape.n, each = count(k, n);
        const desc plain = strided_matrix(k, n, dnnl::memory::data_type::f32, rhs.transposed ? 1 : n, rhs.transposed ? k : 1);
        const desc layout = packed_layout<Factor>(k, n);
        const auto reorder = [&](std::size_t first, std::size_t last, std::size_t own_threads) {
            const cpu::scoped_threads scope{own_threads};
            dnnl::stream stream{cpu_engine()};
            for (std::size_t m = first; m < last; ++m) {
                dnnl::memory source{plain, cpu_engine(), const_cast<float*>(rhs.data + m * k * n)};
                dnnl::memory result{layout, cpu_engine(), to + m * each};
                dnnl::reorder{source, result}.execute(stream, source, result);
            }
        };
        if (shape.matrices() == 1) return reorder(0, 1, threads);  // oneDNN's own threads share one matrix
        cpu::on_threads(threads, [&](std::size_t index, std::size_t workers) {
            const auto [first, last] = partition(shape.matrices(), workers, index);
            reorder(first, last, 1);
        });
    }

    /// Partition `index` of `workers` of a call on packed matrices: whole products where there are many, else their rows.
    static void multiply(const gemm_call<float>& call, const float* packed, std::size_t index, std::size_t workers) {
        const std::size_t cuts = call.batch >= 8 * workers ? 1 : workers, each = count(call.k, call.n);
        const auto [first, last] = partition(call.batch * cuts, workers, index);
        const cpu::scoped_threads scope{1};  // the pool's threads are the only ones
        for (std::size_t task = first; task < last; ++task) {
            const std::size_t matrix = task / cuts;
            const auto [from, to] = partition(call.m, cuts, task % cuts);
            if (from == to) continue;
            matmul::of<Factor>({to - from, call.k, call.n})(
                dense_rows(call.a + matrix * call.stride_a + from * call.lda, to - from, call.k, call.lda),
                packed + matrix * each, call.c + matrix * call.stride_c + from * call.ldc);
        }
    }

   private:
    /// Rows as oneDNN's fast products read them: dense, in the factors' type.
    static const void* dense_rows(const float* rows, std::size_t count, std::size_t width, std::size_t stride) {
        if (std::is_same_v<Factor, float> && stride == width) return rows;
        thread_local std::vector<Factor> copy;
        copy.resize(std::max(copy.size(), count * width));
        for (std::size_t r = 0; r < count; ++r)
            for (std::size_t c = 0; c < width; ++c) {
                if constexpr (std::is_same_v<Factor, float>)
                    copy[r * width + c] = rows[r * stride + c];
                else
                    copy[r * width + c] = {round_to_bf16(rows[r * stride + c])};
            }
        return copy.data();
    }
};

}  // namespace rd4ad::inline RD4AD_ABI::backend::dnn
