// rd4ad/nn/input.hpp: what a convolution reads: a tensor as it is, or normalised and rectified on the way in. Twin:
// tests/nn/convolution.cpp
#pragma once
#include <cstddef>

#include <rd4ad/backend/tensor.hpp>

namespace rd4ad::nn {

/// The tensor's own values.
template <class T>
struct plain_input {
    const T* x;
    std::size_t stride;  ///< values from one pixel to the next

    template <class P>
    RD4AD_KERNEL P get(std::size_t pixel, std::size_t c) const {
        return backend::load<P>(x + pixel * stride + c);
    }
};

/// relu(x scale + shift): batch norm and ReLU of the layer before, so that their result is never written to memory.
template <class T>
struct normalised_input {
    const T* x;
    std::size_t stride;
    const T* scale;
    const T* shift;

    template <class P>
    RD4AD_KERNEL P get(std::size_t pixel, std::size_t c) const {
        const P value = backend::multiply_add(backend::load<P>(x + pixel * stride + c), backend::load<P>(scale + c),
                                              backend::load<P>(shift + c));
        return backend::larger(backend::fill<P>(T{0}), value);
    }
};

template <class Input>
inline constexpr bool is_plain = false;
template <class T>
inline constexpr bool is_plain<plain_input<T>> = true;

/// A tensor to be read as it is.
template <Backend B>
[[nodiscard]] plain_input<typename B::value_type> as_input(const tensor<B>& x) {
    return {x.data(), x.shape.c};
}

}  // namespace rd4ad::nn
