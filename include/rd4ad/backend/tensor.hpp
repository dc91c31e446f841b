// rd4ad/backend/tensor.hpp: a batch of feature maps where a backend keeps it, and its way from and to the host. Twin:
// tests/backend/primitives.cpp
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <rd4ad/backend/concept.hpp>
#include <rd4ad/core/detail/xtensor.hpp>

namespace rd4ad::backend {

/// Kernel: sets values.
template <class T>
struct fill_kernel {
    T* to;
    std::size_t width;
    T value;
    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        store<P>(to + r * width + c, backend::fill<P>(value));
    }
};

}  // namespace rd4ad::backend

namespace rd4ad {

/// N x C x H x W values, in memory N x H x W x C. A handle: copies share the memory, which goes back to the queue's pool
/// with the last of them.
template <Backend B>
struct tensor {
    using value_type = typename B::value_type;

    rd4ad::shape shape{};
    std::shared_ptr<typename B::buffer> memory{};

    [[nodiscard]] value_type* data() const { return memory ? memory->data() : nullptr; }
    [[nodiscard]] std::size_t count() const { return shape.count(); }
};

/// An uninitialised tensor from the queue's pool.
template <Backend B>
[[nodiscard]] tensor<B> make_tensor(typename B::queue& q, const shape& size) {
    return {size, q.pool.take(size.count(), [](std::size_t count) { return B::allocate(count); })};
}

/// Frees the memory of tensors that are gone, which the queue keeps for the next ones: between two kinds of work, whose tensors
/// differ in size.
template <Backend B>
void release_idle(typename B::queue& q) {
    q.wait();
    q.pool.release();
}

/// A tensor from channels-last host values; shape_error if their number is not the shape's.
template <Backend B>
[[nodiscard]] tensor<B> to_device(typename B::queue& q, const shape& size, std::span<const typename B::value_type> values) {
    if (values.size() != size.count())
        throw shape_error{"to_device: " + std::to_string(values.size()) + " values given for " + to_string(size) +
                          ", which has " + std::to_string(size.count())};
    auto made = make_tensor<B>(q, size);
    B::upload(q, values, made.data());
    return made;
}

/// The values in channels-last order.
template <Backend B>
[[nodiscard]] std::vector<typename B::value_type> to_host(typename B::queue& q, const tensor<B>& from) {
    std::vector<typename B::value_type> values(from.count());
    B::download(q, from.data(), std::span{values});
    return values;
}

/// A tensor from a host array seen as N x C x H x W.
template <Backend B>
[[nodiscard]] tensor<B> from_array(typename B::queue& q, const xt::xtensor<typename B::value_type, 4>& array) {
    const shape size{array.shape(0), array.shape(1), array.shape(2), array.shape(3)};
    std::vector<typename B::value_type> values(size.count());
    std::size_t at = 0;
    for (std::size_t n = 0; n < size.n; ++n)
        for (std::size_t y = 0; y < size.h; ++y)
            for (std::size_t x = 0; x < size.w; ++x)
                for (std::size_t c = 0; c < size.c; ++c) values[at++] = array(n, c, y, x);
    return to_device<B>(q, size, values);
}

/// The values as a host array seen as N x C x H x W.
template <Backend B>
[[nodiscard]] xt::xtensor<typename B::value_type, 4> to_array(typename B::queue& q, const tensor<B>& from) {
    const auto values = to_host<B>(q, from);
    const auto& size = from.shape;
    auto array = xt::xtensor<typename B::value_type, 4>::from_shape({size.n, size.c, size.h, size.w});
    std::size_t at = 0;
    for (std::size_t n = 0; n < size.n; ++n)
        for (std::size_t y = 0; y < size.h; ++y)
            for (std::size_t x = 0; x < size.w; ++x)
                for (std::size_t c = 0; c < size.c; ++c) array(n, c, y, x) = values[at++];
    return array;
}

/// Sets every value of a tensor.
template <Backend B>
void fill_with(typename B::queue& q, const tensor<B>& t, typename B::value_type value) {
    const std::size_t width = t.shape.c, rows = t.shape.pixels();
    B::apply(q, rows, width, backend::fill_kernel<typename B::value_type>{t.data(), width, value});
}

}  // namespace rd4ad
