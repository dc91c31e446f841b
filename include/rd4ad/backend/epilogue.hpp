// rd4ad/backend/epilogue.hpp: bias, residual and ReLU, applied as a convolution writes its output. Twin:
// tests/backend/primitives.cpp
#pragma once
#include <cstddef>

#include <rd4ad/backend/kernel.hpp>

namespace rd4ad::inline RD4AD_ABI::backend {

/// y = relu(result + bias + residual); each term is optional. The last pass of every convolution applies it, so that no
/// value is written to memory twice.
template <class T>
struct epilogue {
    T* y{nullptr};               ///< pixel p, channel c at y[p x stride + c]
    std::size_t stride{0};       ///< values from one pixel to the next
    const T* bias{nullptr};      ///< one value per channel, or none
    const T* residual{nullptr};  ///< laid out as y, or none; may be y itself
    bool relu{false};

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t pixel, std::size_t c, P value) const {
        const std::size_t at = pixel * stride + c;
        if (bias != nullptr) value = value + load<P>(bias + c);
        if (residual != nullptr) value = value + load<P>(residual + at);
        if (relu) value = backend::max(broadcast<P>(T{0}), value);
        store<P>(y + at, value);
    }
};

}  // namespace rd4ad::inline RD4AD_ABI::backend
