// rd4ad/nn/weights.hpp: the parameters of one table as flat arrays on a device. Twin: tests/nn/conv_bn.cpp
#pragma once
#include <cstddef>

#include <rd4ad/backend/tensor.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

/// The two flat arrays of a parameter table.
template <Backend B>
struct weights {
    tensor<B> values{}, statistics{};
};

/// A flat, zeroed array of `count` values.
template <Backend B>
[[nodiscard]] tensor<B> make_flat(typename B::queue& q, std::size_t count) {
    auto made = make_tensor<B>(q, {1, count, 1, 1});
    fill<B>(q, made, typename B::value_type{0});
    return made;
}

}  // namespace rd4ad::inline RD4AD_ABI::nn
