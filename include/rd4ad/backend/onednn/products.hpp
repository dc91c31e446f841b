// rd4ad/backend/onednn/products.hpp: oneDNN's products by matrices in its own order, in float or bf16. Twin:
// tests/backend/onednn.cpp
#pragma once
#include <algorithm>
#include <bit>
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

#include <rd4ad/backend/tiled_gemm.hpp>
#include <rd4ad/backend/xtensor/apply.hpp>

namespace rd4ad::backend {

/// Brain floating point: float's range with 8 bits of precision. Says how products are multiplied; sums stay in float.
struct bf16 {
    std::uint16_t bits;
};

/// The nearest bf16, ties to even. NaN is not asked for.
[[nodiscard]] inline bf16 rounded(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return {static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}

}  // namespace rd4ad::backend

namespace rd4ad::backend::dnn {

using desc = dnnl::memory::desc;

template <class Factor>
inline constexpr auto type_of = std::is_same_v<Factor, float> ? dnnl::memory::data_type::f32 : dnnl::memory::data_type::bf16;

inline const dnnl::engine& processor() {
    static const dnnl::engine one{dnnl::engine::kind::cpu, 0};
    return one;
}

/// A size in oneDNN's own type.
[[nodiscard]] inline dnnl::memory::dim dim_of(std::size_t value) { return static_cast<dnnl::memory::dim>(value); }

/// A matrix with its rows `step` and its columns `each` values apart.
[[nodiscard]] inline desc matrix(std::size_t rows, std::size_t columns, dnnl::memory::data_type type, std::size_t step,
                                 std::size_t each) {
    return {{dim_of(rows), dim_of(columns)}, type, {dim_of(step), dim_of(each)}};
}

/// A matrix of dense rows.
[[nodiscard]] inline desc rows_of(std::size_t rows, std::size_t columns, dnnl::memory::data_type type) {
    return matrix(rows, columns, type, columns, 1);
}

/// oneDNN 2 and 3 differ in how a product is described.
[[nodiscard]] inline dnnl::matmul::primitive_desc describe(const desc& a, const desc& b, const desc& c) {
#if DNNL_VERSION_MAJOR >= 3
    return {processor(), a, b, c};
#else
    return {dnnl::matmul::desc{a, b, c}, processor()};
#endif
}

/// The order that oneDNN wants a k x n right-hand matrix in, the same for any number of rows and threads.
template <class Factor>
[[nodiscard]] desc order_of(std::size_t k, std::size_t n) {
    static std::mutex guard;
    static std::map<std::pair<std::size_t, std::size_t>, desc> known;
    const std::lock_guard lock{guard};
    const auto found = known.find({k, n});
    if (found != known.end()) return found->second;
    constexpr std::size_t some_rows = 64;
    const desc any{{dim_of(k), dim_of(n)}, type_of<Factor>, dnnl::memory::format_tag::any};
    const auto product =
        describe(rows_of(some_rows, k, type_of<Factor>), any, rows_of(some_rows, n, dnnl::memory::data_type::f32));
    return known.emplace(std::pair{k, n}, product.weights_desc()).first->second;
}

/// Sizes that a product is made for.
struct product_key {
    std::size_t m, k, n;
    friend auto operator<=>(const product_key&, const product_key&) = default;
};

/// A product of dense rows, made once a thread and size.
class product {
   public:
    template <class Factor>
    static product& of(const product_key& key) {
        // made by the thread that runs it: oneDNN deals the work out to as many threads as it finds when it is made
        thread_local std::map<product_key, product> made;
        const auto found = made.find(key);
        if (found != made.end()) return found->second;
        const auto description = describe(rows_of(key.m, key.k, type_of<Factor>), order_of<Factor>(key.k, key.n),
                                          rows_of(key.m, key.n, dnnl::memory::data_type::f32));
        return made.emplace(key, product{description}).first->second;
    }

    void operator()(const void* a, const void* b, float* c) {
        a_.set_data_handle(const_cast<void*>(a));
        b_.set_data_handle(const_cast<void*>(b));
        c_.set_data_handle(c);
        run_.execute(stream_, arguments_);
    }

   private:
    explicit product(const dnnl::matmul::primitive_desc& description)
        : run_{description},
          stream_{processor()},
          a_{description.src_desc(), processor(), nullptr},
          b_{description.weights_desc(), processor(), nullptr},
          c_{description.dst_desc(), processor(), nullptr},
          arguments_{{DNNL_ARG_SRC, a_}, {DNNL_ARG_WEIGHTS, b_}, {DNNL_ARG_DST, c_}} {}

    dnnl::matmul run_;
    dnnl::stream stream_;
    dnnl::memory a_, b_, c_;
    std::unordered_map<int, dnnl::memory> arguments_;
};

/// Products for host::tiled_gemm, as host::panel_products are.
template <class Factor>
struct products {
    /// Values (floats of memory) of a k x n matrix laid out, whole cache lines.
    [[nodiscard]] static std::size_t count(std::size_t k, std::size_t n) {
        return (order_of<Factor>(k, n).get_size() + 63) / 64 * (64 / sizeof(float));
    }

    /// Lays the right-hand matrices out at `to`, matrices x count(k, n) values.
    static void lay_out(std::size_t threads, const tile_sizes& sizes, const right_side<float>& right, float* to) {
        const std::size_t k = sizes.k, n = sizes.n, each = count(k, n);
        const desc plain = matrix(k, n, dnnl::memory::data_type::f32, right.transposed ? 1 : n, right.transposed ? k : 1);
        const desc order = order_of<Factor>(k, n);
        const auto copy = [&](std::size_t first, std::size_t last) {
            dnnl::stream stream{processor()};
            for (std::size_t m = first; m < last; ++m) {
                dnnl::memory source{plain, processor(), const_cast<float*>(right.data + m * k * n)};
                dnnl::memory result{order, processor(), to + m * each};
                dnnl::reorder{source, result}.execute(stream, source, result);
            }
        };
        if (sizes.matrices() == 1) return copy(0, 1);  // oneDNN's own threads share it
        host::on_threads(threads, [&](std::size_t index, std::size_t parts) {
            const auto [first, last] = part_of(sizes.matrices(), parts, index);
            copy(first, last);
        });
    }

    /// A part of the products of a block: with many, whole ones are dealt out, else their rows.
    static void share(const gemm_call<float>& call, const float* laid_out, std::size_t index, std::size_t parts) {
        const std::size_t cuts = call.batch >= 8 * parts ? 1 : parts, each = count(call.k, call.n);
        const auto [first, last] = part_of(call.batch * cuts, parts, index);
        for (std::size_t task = first; task < last; ++task) {
            const std::size_t which = task / cuts;
            const auto [from, to] = part_of(call.m, cuts, task % cuts);
            if (from == to) continue;
            product::of<Factor>({to - from, call.k, call.n})(
                dense(call.a + which * call.stride_a + from * call.lda, to - from, call.k, call.lda), laid_out + which * each,
                call.c + which * call.stride_c + from * call.ldc);
        }
    }

   private:
    /// Rows as oneDNN's fast products take them: one after the other, in the factors' type.
    static const void* dense(const float* rows, std::size_t count, std::size_t width, std::size_t step) {
        if (std::is_same_v<Factor, float> && step == width) return rows;
        thread_local std::vector<Factor> copy;
        copy.resize(std::max(copy.size(), count * width));
        for (std::size_t r = 0; r < count; ++r)
            for (std::size_t c = 0; c < width; ++c) {
                if constexpr (std::is_same_v<Factor, float>)
                    copy[r * width + c] = rows[r * step + c];
                else
                    copy[r * width + c] = rounded(rows[r * step + c]);
            }
        return copy.data();
    }
};

}  // namespace rd4ad::backend::dnn
