// rd4ad/backend/xtensor.hpp: the CPU backend: xtensor's storage, xsimd's packs, OpenBLAS's products. Twin:
// tests/backend/primitives.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <new>
#include <span>
#include <string>
#include <string_view>

#include <rd4ad/backend/concept.hpp>
#include <rd4ad/backend/cpu/apply.hpp>
#include <rd4ad/backend/cpu/fused_gemm.hpp>
#include <rd4ad/backend/cpu/gemm.hpp>
#include <rd4ad/backend/cpu/storage.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::backend {

/// The CPU backend in T, float or double. It runs everywhere; gradient checks use it in double.
template <std::floating_point T>
struct xtensor {
    using value_type = T;
    using buffer = cpu::buffer<T>;
    using queue = cpu::queue<T>;

    /// "xtensor", or "xtensor double".
    [[nodiscard]] static std::string_view name() { return sizeof(T) == sizeof(float) ? "xtensor" : "xtensor double"; }

    /// The kernels that OpenBLAS chose for this processor ("SkylakeX", "Zen", ...).
    [[nodiscard]] static std::string blas_description() { return openblas_get_corename(); }

    /// Uninitialised memory for `count` values. Throws memory_error where there is not enough.
    [[nodiscard]] static buffer allocate(std::size_t count) {
        try {
            return buffer{count};
        } catch (const std::bad_alloc&) {
            throw memory_error{
                text("out of memory: ", count * sizeof(T), " bytes were requested at once; use a smaller batch or image size")};
        }
    }

    static void upload(queue&, std::span<const T> from, T* to) { std::copy(from.begin(), from.end(), to); }
    static void download(queue&, const T* from, std::span<T> to) { std::copy(from, from + to.size(), to.begin()); }

    template <class Kernel>
    static void apply(queue& q, std::size_t rows, std::size_t channels, const Kernel& kernel) {
        cpu::apply<T>(q.threads, rows, channels, kernel);
    }

    static void gemm(queue& q, const gemm_call<T>& call) { cpu::gemm(q.threads, call); }

    template <class Work>
    static void for_each(queue& q, std::size_t count, const Work& work) {
        cpu::for_each(q.threads, count, work);
    }

    template <class Producer, class Consumer>
    static void fused_gemm(queue& q, const gemm_shape& shape, const Producer& producer, const rhs_matrix<T>& rhs,
                           const Consumer& consumer) {
        cpu::fused_gemm<cpu::packed_products<T>>(q, shape, producer, rhs, consumer);
    }
    template <class Lhs, class Rhs>
    static void fused_gemm_reduce(queue& q, const gemm_shape& shape, const Lhs& lhs, const Rhs& rhs, T* out) {
        cpu::fused_gemm_reduce(q, shape, lhs, rhs, out);
    }

    [[nodiscard]] static std::size_t packed_size(const gemm_shape& shape) {
        return shape.matrices() * cpu::packed_products<T>::count(shape.k, shape.n);
    }
    static void pack_b(queue& q, const gemm_shape& shape, const rhs_matrix<T>& rhs, T* to) {
        cpu::packed_products<T>::pack(q.threads, shape, rhs, to);
    }
};

static_assert(Backend<xtensor<float>> && Backend<xtensor<double>>);
static_assert(HasFusedGemm<xtensor<float>> && HasFusedGemmReduce<xtensor<float>> && HasPackedWeights<xtensor<float>>);
static_assert(WorksOnHost<xtensor<float>>);

}  // namespace rd4ad::inline RD4AD_ABI::backend
