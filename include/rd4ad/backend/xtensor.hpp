// rd4ad/backend/xtensor.hpp: the CPU backend: xtensor's storage, xsimd's packs, OpenBLAS's products, OpenMP's threads.
#pragma once
#include <algorithm>
#include <cstddef>
#include <new>
#include <span>
#include <string>

#include <rd4ad/backend/concept.hpp>
#include <rd4ad/backend/xtensor/apply.hpp>
#include <rd4ad/backend/xtensor/gemm.hpp>
#include <rd4ad/backend/xtensor/storage.hpp>
#include <rd4ad/backend/xtensor/tiled_gemm.hpp>

namespace rd4ad::backend {

/// The CPU backend in T, float or double. Runs everywhere; in double for gradient checks.
template <std::floating_point T>
struct xtensor {
    using value_type = T;
    using buffer = host::buffer<T>;
    using queue = host::queue<T>;

    /// "xtensor", with the value type where it is not float.
    [[nodiscard]] static std::string_view name() { return sizeof(T) == sizeof(float) ? "xtensor" : "xtensor double"; }

    /// OpenBLAS's choice of kernels on this processor ("SkylakeX", "Zen", ...): named beside each figure.
    [[nodiscard]] static std::string kernels() { return openblas_get_corename(); }

    /// Uninitialised memory for `count` values; memory_error where there is not enough.
    [[nodiscard]] static buffer allocate(std::size_t count) {
        try {
            return buffer{count};
        } catch (const std::bad_alloc&) {
            throw memory_error{"out of memory: " + std::to_string(count * sizeof(T)) +
                               " bytes were wanted in one piece; use a smaller batch or image size"};
        }
    }

    static void upload(queue&, std::span<const T> from, T* to) { std::copy(from.begin(), from.end(), to); }
    static void download(queue&, const T* from, std::span<T> to) { std::copy(from, from + to.size(), to.begin()); }

    template <class Kernel>
    static void apply(queue& q, std::size_t rows, std::size_t channels, const Kernel& kernel) {
        host::apply<T>(q.threads, rows, channels, kernel);
    }

    static void gemm(queue& q, const gemm_call<T>& call) { host::gemm(q.threads, call); }

    template <class Work>
    static void for_each(queue& q, std::size_t count, const Work& work) {
        host::for_each(q.threads, count, work);
    }

    template <class Producer, class Consumer>
    static void tiled_gemm(queue& q, const tile_sizes& sizes, const Producer& producer, const right_side<T>& right,
                           const Consumer& consumer) {
        host::tiled_gemm<host::panel_products<T>>(q, sizes, producer, right, consumer);
    }

    /// Values of a right-hand side in panels, and the panels themselves: for weights that many calls share.
    [[nodiscard]] static std::size_t panels_size(const tile_sizes& sizes) {
        return sizes.matrices() * host::panel_products<T>::count(sizes.k, sizes.n);
    }
    static void make_panels(queue& q, const tile_sizes& sizes, const right_side<T>& right, T* to) {
        host::panel_products<T>::lay_out(q.threads, sizes, right, to);
    }

    template <class Left, class Right>
    static void tiled_gemm_reduce(queue& q, const tile_sizes& sizes, const Left& left, const Right& right, T* out) {
        host::tiled_gemm_reduce(q, sizes, left, right, out);
    }
};

static_assert(Backend<xtensor<float>> && Backend<xtensor<double>> && WorksOnHost<xtensor<float>>);

}  // namespace rd4ad::backend
