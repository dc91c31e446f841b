// tests/support/tensors.hpp: tensors as host arrays in N x C x H x W order, and flat tensors.
#pragma once
#include <cstddef>
#include <vector>

#include <rd4ad/backend/tensor.hpp>

#include <support/values.hpp>

namespace rd4ad::test {

/// The values of a tensor, addressed as N x C x H x W.
template <class T>
struct host_array {
    rd4ad::shape shape;
    std::vector<T> values;  // channels last

    [[nodiscard]] const T& operator()(std::size_t n, std::size_t c, std::size_t y, std::size_t x) const {
        return values[((n * shape.h + y) * shape.w + x) * shape.c + c];
    }
};

template <Backend B>
[[nodiscard]] host_array<typename B::value_type> to_array(typename B::queue& q, const tensor<B>& from) {
    return {from.shape, to_host<B>(q, from)};
}

/// A flat tensor of the given values.
template <Backend B, class T = typename B::value_type>
[[nodiscard]] tensor<B> flat_tensor(typename B::queue& q, const std::vector<T>& values) {
    return to_device<B>(q, {1, values.size(), 1, 1}, values);
}

}  // namespace rd4ad::test
