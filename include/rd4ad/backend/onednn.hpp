// rd4ad/backend/onednn.hpp: the CPU backend with oneDNN's products, in float or bf16. Twin: tests/backend/onednn.cpp
#pragma once
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

#include <rd4ad/backend/dnn/convolution.hpp>
#include <rd4ad/backend/dnn/packed_gemm.hpp>
#include <rd4ad/backend/xtensor.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::backend {

/// Whether this processor multiplies bf16 faster than float.
[[nodiscard]] inline bool has_bf16() { return __builtin_cpu_supports("avx512bf16"); }

/// The xtensor backend with oneDNN's matrix products, and with oneDNN's direct convolutions where those are faster. Factor:
/// float, or bf16, which halves the bytes that are multiplied. bf16 is for scoring only: 8-bit images lose little by it,
/// gradients lose much.
template <std::same_as<float> T, class Factor = T>
requires std::same_as<Factor, float> || std::same_as<Factor, bf16>
struct onednn : xtensor<T> {
    static constexpr bool narrow_products = std::same_as<Factor, bf16>;
    using products = dnn::packed_products<Factor>;

    /// Throws option_error for bf16 on a processor without AVX512_BF16.
    struct queue : cpu::queue<T> {
        explicit queue(std::size_t thread_count = 0) : cpu::queue<T>{thread_count} {
            if (narrow_products && !has_bf16())
                throw option_error{
                    "bf16: this processor has no AVX512_BF16, so bf16 products are slower than float ones; use the backend "
                    "onednn or xtensor"};
        }
    };

    /// "onednn" or "onednn-bf16".
    [[nodiscard]] static std::string_view name() { return narrow_products ? "onednn-bf16" : "onednn"; }

    /// oneDNN's version, and OpenBLAS's kernels, which compute the remaining products.
    [[nodiscard]] static std::string blas_description() {
        const auto* version = dnnl::version();
        return text("oneDNN ", version->major, '.', version->minor, '.', version->patch, ", ", xtensor<T>::blas_description());
    }

    template <class Producer, class Consumer>
    static void fused_gemm(queue& q, const gemm_shape& shape, const Producer& producer, const rhs_matrix<T>& rhs,
                           const Consumer& consumer) {
        cpu::fused_gemm<products>(q, shape, producer, rhs, consumer);
    }

    [[nodiscard]] static std::size_t packed_size(const gemm_shape& shape) {
        return shape.matrices() * products::count(shape.k, shape.n);
    }
    static void pack_b(queue& q, const gemm_shape& shape, const rhs_matrix<T>& rhs, T* to) {
        products::pack(q.threads, shape, rhs, to);
    }

    /// In bf16 with AMX every convolution: AMX multiplies faster than Winograd saves. In float the 7x7 convolution, for which
    /// there is no Winograd. Measured: docs/measurements/performance.md.
    [[nodiscard]] static bool native_convolution(const convolution_shape& shape) {
        return narrow_products ? dnn::has_amx() : shape.kernel > 3;
    }
    [[nodiscard]] static std::size_t native_weights_size(const convolution_shape& shape) {
        return dnn::native_weights_size<Factor>(shape);
    }
    static void pack_native_weights(queue& q, const convolution_shape& shape, const T* weights, T* to) {
        dnn::pack_native_weights<Factor>(q.threads, shape, weights, to);
    }
    static void convolve(queue& q, const convolution_shape& shape, const T* x, const T* weights, const epilogue<T>& epilogue) {
        dnn::convolve<Factor>(q, shape, x, weights, epilogue);
    }
};

static_assert(Backend<onednn<float>> && Backend<onednn<float, bf16>>);
static_assert(HasFusedGemm<onednn<float>> && HasFusedGemmReduce<onednn<float>> && HasPackedWeights<onednn<float>>);
static_assert(HasNativeConvolution<onednn<float>> && HasNativeConvolution<onednn<float, bf16>>);
static_assert(WorksOnHost<onednn<float>>);

}  // namespace rd4ad::inline RD4AD_ABI::backend
