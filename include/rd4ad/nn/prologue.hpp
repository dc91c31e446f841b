// rd4ad/nn/prologue.hpp: the operation that a convolution applies as it reads its input: none, or batch norm with ReLU. Twin:
// tests/nn/convolution.cpp
#pragma once
#include <cstddef>

#include <rd4ad/backend/tensor.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

/// Reads the values as they are.
template <class T>
struct identity_prologue {
    const T* x;
    std::size_t stride;  ///< values from one pixel to the next

    template <class P>
    RD4AD_KERNEL P get(std::size_t pixel, std::size_t c) const {
        return backend::load<P>(x + pixel * stride + c);
    }
};

/// Reads relu(x scale + shift): the previous layer's batch norm and ReLU, whose output is never written to memory.
template <class T>
struct bn_relu_prologue {
    const T* x;
    std::size_t stride;
    const T* scale;  ///< one value per channel
    const T* shift;  ///< one value per channel

    template <class P>
    RD4AD_KERNEL P get(std::size_t pixel, std::size_t c) const {
        const P value =
            backend::mul_add(backend::load<P>(x + pixel * stride + c), backend::load<P>(scale + c), backend::load<P>(shift + c));
        return backend::max(backend::broadcast<P>(T{0}), value);
    }
};

template <class Prologue>
inline constexpr bool is_identity = false;
template <class T>
inline constexpr bool is_identity<identity_prologue<T>> = true;

/// A dense tensor, read as it is.
template <Backend B>
[[nodiscard]] identity_prologue<typename B::value_type> no_prologue(const tensor<B>& x) {
    return {.x = x.data(), .stride = x.shape.c};
}

}  // namespace rd4ad::inline RD4AD_ABI::nn
