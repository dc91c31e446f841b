// rd4ad/backend/own_convolution.hpp: what a backend offers that computes some convolutions whole, instead of by products between
// kernels. Twin: tests/backend/onednn.cpp
#pragma once
#include <compare>
#include <concepts>
#include <cstddef>

#include <rd4ad/backend/epilogue.hpp>

namespace rd4ad::backend {

/// A convolution of an N x H x W x in input with padding kernel / 2.
struct convolution_sizes {
    std::size_t n{0}, h{0}, w{0}, in{0}, out{0}, kernel{1}, stride{1};

    /// Height or width of the result.
    [[nodiscard]] constexpr std::size_t result_of(std::size_t size) const noexcept {
        return (size + 2 * (kernel / 2) - kernel) / stride + 1;
    }
    [[nodiscard]] constexpr std::size_t pixels() const noexcept { return n * result_of(h) * result_of(w); }

    friend auto operator<=>(const convolution_sizes&, const convolution_sizes&) = default;
};

/// A backend with convolutions of its own, for weights that are kept:
///   own_convolution(sizes): whether it computes this one;
///   own_weights_size(sizes), own_weights(q, sizes, weights, to): the weights ([ky][kx][in][out]) in its own order, so many
///   values; they serve any n, h and w;
///   convolve(q, sizes, x, own weights, finish): finish.y = finish(convolution of x), x dense.
template <class B>
concept OwnConvolution = requires(typename B::queue& q, const convolution_sizes& sizes, const typename B::value_type* from,
                                  typename B::value_type* to, const epilogue<typename B::value_type>& finish) {
    { B::own_convolution(sizes) } -> std::same_as<bool>;
    { B::own_weights_size(sizes) } -> std::same_as<std::size_t>;
    B::own_weights(q, sizes, from, to);
    B::convolve(q, sizes, from, from, finish);
};

}  // namespace rd4ad::backend
