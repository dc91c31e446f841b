// rd4ad/backend/onednn.hpp: the CPU backend with oneDNN's products, in float or in bf16. Twin: tests/backend/onednn.cpp
#pragma once
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

#include <rd4ad/backend/onednn/convolution.hpp>
#include <rd4ad/backend/onednn/products.hpp>
#include <rd4ad/backend/xtensor.hpp>

namespace rd4ad::backend {

/// Whether this processor multiplies bf16 faster than float.
[[nodiscard]] inline bool has_bf16() { return __builtin_cpu_supports("avx512bf16"); }

/// The xtensor backend with its convolutions' products, and where that is faster whole convolutions, by oneDNN. Factor: float, or
/// bf16, which halves what is multiplied and is for scoring only (images of 8 bits lose little by it, gradients do).
template <std::same_as<float> T, class Factor = T>
requires std::same_as<Factor, float> || std::same_as<Factor, bf16>
struct onednn : xtensor<T> {
    static constexpr bool narrow_products = std::same_as<Factor, bf16>;
    using products = dnn::products<Factor>;

    /// Refuses a processor without bf16 by option_error.
    struct queue : host::queue<T> {
        explicit queue(std::size_t thread_count = 0) : host::queue<T>{thread_count} {
            if (narrow_products && !has_bf16())
                throw option_error{
                    "bf16: this processor has no AVX512_BF16, so products in it would be slower than in float; "
                    "use the backend onednn or xtensor"};
        }
    };

    /// "onednn", with the factors' type where it is not float.
    [[nodiscard]] static std::string_view name() { return narrow_products ? "onednn-bf16" : "onednn"; }

    /// oneDNN's version, and OpenBLAS's choice of kernels for the products that stay with it.
    [[nodiscard]] static std::string kernels() {
        const auto* version = dnnl::version();
        return "oneDNN " + std::to_string(version->major) + '.' + std::to_string(version->minor) + '.' +
               std::to_string(version->patch) + ", " + xtensor<T>::kernels();
    }

    template <class Producer, class Consumer>
    static void tiled_gemm(queue& q, const tile_sizes& sizes, const Producer& producer, const right_side<T>& right,
                           const Consumer& consumer) {
        host::tiled_gemm<products>(q, sizes, producer, right, consumer);
    }

    [[nodiscard]] static std::size_t panels_size(const tile_sizes& sizes) {
        return sizes.matrices() * products::count(sizes.k, sizes.n);
    }
    static void make_panels(queue& q, const tile_sizes& sizes, const right_side<T>& right, T* to) {
        products::lay_out(q.threads, sizes, right, to);
    }

    /// By oneDNN whole: in bf16 all of them where there are tiles (AMX), which multiply faster than schemes save; in float the
    /// 7x7 one, which no scheme helps. Measured: docs/performance.md.
    [[nodiscard]] static bool own_convolution(const convolution_sizes& sizes) {
        return narrow_products ? dnn::has_tiles() : sizes.kernel > 3;
    }
    [[nodiscard]] static std::size_t own_weights_size(const convolution_sizes& sizes) {
        return dnn::own_weights_size<Factor>(sizes);
    }
    static void own_weights(queue& q, const convolution_sizes& sizes, const T* weights, T* to) {
        dnn::own_weights<Factor>(q.threads, sizes, weights, to);
    }
    static void convolve(queue& q, const convolution_sizes& sizes, const T* x, const T* weights, const epilogue<T>& finish) {
        dnn::convolve<Factor>(q, sizes, x, weights, finish);
    }
};

static_assert(OwnConvolution<onednn<float>> && OwnConvolution<onednn<float, bf16>>);
static_assert(Backend<onednn<float>> && Backend<onednn<float, bf16>>);

}  // namespace rd4ad::backend
