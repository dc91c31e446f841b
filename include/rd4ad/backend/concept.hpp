// rd4ad/backend/concept.hpp: what a backend is, checked group by group. Twin: tests/backend/primitives.cpp
#pragma once
#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>

#include <rd4ad/backend/gemm.hpp>
#include <rd4ad/backend/kernel.hpp>
#include <rd4ad/core/error.hpp>
#include <rd4ad/core/shape.hpp>

namespace rd4ad::backend {

namespace detail {
/// The least kernel there is: what the concept's checks run.
template <class T>
struct any_kernel {
    template <class P>
    RD4AD_KERNEL void operator()(std::size_t, std::size_t) const {}
};
}  // namespace detail

/// The value type, float or double, and a name for messages.
template <class B>
concept HasValues = std::floating_point<typename B::value_type> && requires {
    { B::name() } -> std::convertible_to<std::string_view>;
};

/// Storage: `buffer(count)` owns uninitialised memory where the kernels run, data() is its address there.
template <class B>
concept HasStorage = HasValues<B> && std::movable<typename B::buffer> && requires(typename B::buffer& buffer, std::size_t n) {
    typename B::buffer;
    B::allocate(n);
    { buffer.size() } -> std::convertible_to<std::size_t>;
    { buffer.data() } -> std::convertible_to<typename B::value_type*>;
};

/// A queue: where work is ordered (threads, a stream) and scratch memory is kept. One thread uses a queue at a time.
template <class B>
concept HasQueue = HasValues<B> && std::constructible_from<typename B::queue, std::size_t> &&
    requires(typename B::queue& q, std::size_t n) {
    { q.scratch(n, n) } -> std::same_as<typename B::value_type*>;
    q.wait();
};

/// Copies from and to host memory, in order with the queue's work; download returns when the values are there.
template <class B>
concept HasCopies = HasQueue<B> && requires(typename B::queue& q, std::span<const typename B::value_type> from,
                                            typename B::value_type* there, std::span<typename B::value_type> to) {
    B::upload(q, from, there);
    B::download(q, there, to);
};

/// apply(queue, rows, channels, kernel): the kernel at every row and pack of channels, in any order, at once.
template <class B>
concept HasApply = HasQueue<B> && requires(typename B::queue& q, std::size_t n) {
    B::apply(q, n, n, detail::any_kernel<typename B::value_type>{});
};

/// gemm(queue, call): one matrix product or a batch of them.
template <class B>
concept HasGemm = HasQueue<B> && requires(typename B::queue& q, const gemm_call<typename B::value_type>& call) {
    B::gemm(q, call);
};

/// Storage, queue, copies, apply and gemm: everything else (reductions, convolutions, losses) is written on these. A
/// backend that can do better for products between two kernels (its cache, its fused kernels) offers tiled_gemm or
/// tiled_gemm_reduce as well (backend/tiled_gemm.hpp).
template <class B>
concept Backend = HasStorage<B> && HasQueue<B> && HasCopies<B> && HasApply<B> && HasGemm<B>;

/// A backend that computes on the processor lends its threads: for_each(queue, count, work) calls work(i) for i in
/// 0 .. count - 1 on them, each taking the next one when it is free. What work throws, of the lowest i, is thrown again there.
template <class B>
concept WorksOnHost = HasQueue<B> && requires(typename B::queue& q, std::size_t n, void (*work)(std::size_t)) {
    B::for_each(q, n, work);
};

/// Whether a backend multiplies in fewer bits than its values have (`B::narrow_products`): good for scoring alone.
template <class B>
inline constexpr bool narrow_products = false;
template <class B>
requires requires { B::narrow_products; }
inline constexpr bool narrow_products<B> = B::narrow_products;

}  // namespace rd4ad::backend

namespace rd4ad {
using backend::Backend;
}
