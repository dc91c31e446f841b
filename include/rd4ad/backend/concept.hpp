// rd4ad/backend/concept.hpp: the interface of a backend, required and optional parts. Twin: tests/backend/primitives.cpp
//
// Required (concept Backend), in groups, so that a compiler's message names the group that is missing:
//   HasValues     value_type (float or double), name(), blas_description()
//   HasStorage    buffer, allocate(count)
//   HasQueue      queue{threads}: threads, pool, scratch(slot, count), wait()
//   HasCopies     upload(queue, span, address), download(queue, address, span)
//   HasApply      apply(queue, rows, channels, kernel)
//   HasGemm       gemm(queue, call)
// Optional. A backend that has one asserts its concept, so that a misspelt or changed hook does not compile:
//   HasFusedGemm          fused_gemm(queue, shape, producer, rhs, consumer)         else: the general form in fused_gemm.hpp
//   HasFusedGemmReduce    fused_gemm_reduce(queue, shape, lhs, rhs, out)            else: the general form in fused_gemm.hpp
//   HasPackedWeights      packed_size(shape), pack_b(queue, shape, rhs, to)         else: weights stay row-major
//   HasBlockSize          block_values                                              else: 2^26 values per block
//   HasNativeConvolution  native_convolution(shape) and three more                  else: im2col and Winograd alone
//   WorksOnHost           for_each(queue, count, work)                              else: images load on threads of their own
//   narrow_products       bool                                                      else: false
#pragma once
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <rd4ad/backend/convolution_shape.hpp>
#include <rd4ad/backend/epilogue.hpp>
#include <rd4ad/backend/gemm.hpp>
#include <rd4ad/backend/gemm_shape.hpp>
#include <rd4ad/backend/kernel.hpp>
#include <rd4ad/backend/scratch.hpp>
#include <rd4ad/core/error.hpp>
#include <rd4ad/core/shape.hpp>

namespace rd4ad::inline RD4AD_ABI::backend {

namespace detail {
/// The smallest kernel, and the smallest producer and consumer of a fused GEMM: the concepts check calls with them.
template <class T>
struct any_kernel {
    template <class P>
    RD4AD_KERNEL void operator()(std::size_t, std::size_t) const {}
    [[nodiscard]] double values_moved(double) const { return 0; }
};
template <class T>
struct any_producer {
    std::size_t channels{0};
    template <class P>
    RD4AD_KERNEL void operator()(std::size_t, std::size_t, T*, std::size_t) const {}
    [[nodiscard]] double values_moved(double) const { return 0; }
};
template <class T>
struct any_consumer {
    std::size_t channels{0};
    template <class P>
    RD4AD_KERNEL void operator()(std::size_t, std::size_t, const T*, std::size_t) const {}
    [[nodiscard]] double values_moved(double) const { return 0; }
};
}  // namespace detail

/// The value type, float or double; a name for messages; and the library that multiplies, which is stated beside figures.
template <class B>
concept HasValues = std::floating_point<typename B::value_type> && requires {
    { B::name() } -> std::convertible_to<std::string_view>;
    { B::blas_description() } -> std::convertible_to<std::string>;
};

/// Storage: allocate(count) returns uninitialised memory where the kernels run; data() is its address there.
template <class B>
concept HasStorage = HasValues<B> && std::movable<typename B::buffer> && std::default_initializable<typename B::buffer> &&
    requires(typename B::buffer& buffer, std::size_t n) {
    { B::allocate(n) } -> std::same_as<typename B::buffer>;
    { buffer.size() } -> std::convertible_to<std::size_t>;
    { buffer.data() } -> std::convertible_to<typename B::value_type*>;
};

/// A queue orders work (on threads, on a stream) and keeps the pool of tensors' memory and the scratch memory. It is
/// constructed from a number of threads, 0: default_threads(). One thread uses a queue at a time.
template <class B>
concept HasQueue = HasStorage<B> && std::constructible_from<typename B::queue, std::size_t> &&
    requires(typename B::queue& q, std::size_t n, typename B::buffer (*allocate)(std::size_t)) {
    { q.threads } -> std::convertible_to<std::size_t>;
    { q.pool.take(n, allocate)->data() } -> std::convertible_to<typename B::value_type*>;
    q.pool.release();
    { q.scratch(scratch_slot::weights, n) } -> std::same_as<typename B::value_type*>;
    q.wait();
};

/// Copies from and to host memory, in order with the queue's work. download returns when the values have arrived.
template <class B>
concept HasCopies = HasQueue<B> && requires(typename B::queue& q, std::span<const typename B::value_type> from,
                                            typename B::value_type* there, std::span<typename B::value_type> to) {
    B::upload(q, from, there);
    B::download(q, there, to);
};

/// apply(queue, rows, channels, kernel) runs the kernel at every row and pack of channels, in any order, in parallel.
template <class B>
concept HasApply = HasQueue<B> && requires(typename B::queue& q, std::size_t n) {
    B::apply(q, n, n, detail::any_kernel<typename B::value_type>{});
};

/// gemm(queue, call) computes one matrix product or a batch of them.
template <class B>
concept HasGemm = HasQueue<B> && requires(typename B::queue& q, const gemm_call<typename B::value_type>& call) {
    B::gemm(q, call);
};

/// The required part. Reductions, convolutions and losses are written on it once, for all backends.
template <class B>
concept Backend = HasStorage<B> && HasQueue<B> && HasCopies<B> && HasApply<B> && HasGemm<B>;

/// A fused GEMM of the backend's own; see backend::fused_gemm.
template <class B>
concept HasFusedGemm = HasQueue<B> &&
    requires(typename B::queue& q, const gemm_shape& shape, const rhs_matrix<typename B::value_type>& rhs) {
    B::fused_gemm(q, shape, detail::any_producer<typename B::value_type>{}, rhs, detail::any_consumer<typename B::value_type>{});
};

/// A fused reduction of the backend's own; see backend::fused_gemm_reduce.
template <class B>
concept HasFusedGemmReduce = HasQueue<B> && requires(typename B::queue& q, const gemm_shape& shape, typename B::value_type* out) {
    B::fused_gemm_reduce(q, shape, detail::any_producer<typename B::value_type>{}, detail::any_producer<typename B::value_type>{},
                         out);
};

/// A packed layout of right-hand matrices that many calls share: packed_size(shape) values, which pack_b writes.
template <class B>
concept HasPackedWeights = HasQueue<B> && requires(typename B::queue& q, const gemm_shape& shape,
                                                   const rhs_matrix<typename B::value_type>& rhs, typename B::value_type* to) {
    { B::packed_size(shape) } -> std::same_as<std::size_t>;
    B::pack_b(q, shape, rhs, to);
};

/// block_values: values that one block of the general fused GEMM may hold.
template <class B>
concept HasBlockSize = HasValues<B> && requires {
    { B::block_values } -> std::convertible_to<std::size_t>;
};

/// Whole convolutions of the backend's own, for weights that many calls share:
///   native_convolution(shape): whether the backend computes this one;
///   native_weights_size(shape), pack_native_weights(q, shape, weights, to): the weights [ky][kx][in][out] in the backend's
///     layout, which serves any n, h and w;
///   convolve(q, shape, x, packed weights, epilogue): writes epilogue(convolution of x); x is dense.
template <class B>
concept HasNativeConvolution = HasQueue<B> &&
    requires(typename B::queue& q, const convolution_shape& shape, const typename B::value_type* from, typename B::value_type* to,
             const epilogue<typename B::value_type>& epilogue) {
    { B::native_convolution(shape) } -> std::same_as<bool>;
    { B::native_weights_size(shape) } -> std::same_as<std::size_t>;
    B::pack_native_weights(q, shape, from, to);
    B::convolve(q, shape, from, from, epilogue);
};

/// A CPU backend exposes its threads: for_each(queue, count, work) calls work(i) for i in 0 .. count - 1; each thread takes
/// the next i when it is free. Rethrows the exception of the lowest i.
template <class B>
concept WorksOnHost = HasQueue<B> && requires(typename B::queue& q, std::size_t n, void (*work)(std::size_t)) {
    B::for_each(q, n, work);
};

/// Whether a backend multiplies in fewer bits than its values have (`B::narrow_products`). Such a backend scores only.
template <class B>
inline constexpr bool narrow_products = false;
template <class B>
requires requires { B::narrow_products; }
inline constexpr bool narrow_products<B> = B::narrow_products;

}  // namespace rd4ad::inline RD4AD_ABI::backend

namespace rd4ad::inline RD4AD_ABI {
using backend::Backend;
}
