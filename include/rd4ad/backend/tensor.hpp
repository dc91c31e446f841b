// rd4ad/backend/tensor.hpp: a batch of feature maps in a backend's memory, and copies from and to the host. Twin:
// tests/backend/primitives.cpp
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <rd4ad/backend/concept.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::backend {

/// Kernel: sets values.
template <class T>
struct fill_kernel {
    T* to;
    std::size_t width;
    T value;
    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        store<P>(to + r * width + c, broadcast<P>(value));
    }
    [[nodiscard]] double values_moved(double visits) const { return visits; }
};

}  // namespace rd4ad::inline RD4AD_ABI::backend

namespace rd4ad::inline RD4AD_ABI {

/// N x C x H x W values, in memory N x H x W x C. A handle: copies share the memory, and the last one returns it to the
/// queue's pool. A function that writes a tensor takes it by non-const reference.
template <Backend B>
struct tensor {
    using value_type = typename B::value_type;

    rd4ad::shape shape{};
    std::shared_ptr<typename B::buffer> memory{};

    [[nodiscard]] value_type* data() { return memory ? memory->data() : nullptr; }
    [[nodiscard]] const value_type* data() const { return memory ? memory->data() : nullptr; }
    [[nodiscard]] std::size_t count() const { return shape.count(); }
};

/// An uninitialised tensor from the queue's pool.
template <Backend B>
[[nodiscard]] tensor<B> make_tensor(typename B::queue& q, const shape& size) {
    return {size, q.pool.take(size.count(), [](std::size_t count) { return B::allocate(count); })};
}

/// An uninitialised tensor in memory of its own, of exactly its size, which its last handle frees. For values that stay, such as
/// weights: a buffer of the pool may have twice their size.
template <Backend B>
[[nodiscard]] tensor<B> make_lasting_tensor(const shape& size) {
    return {size, std::make_shared<typename B::buffer>(B::allocate(size.count()))};
}

/// Gives `scratch` memory for at least `count` values, and for at most twice as many, so that tasks that come in the order of
/// their sizes leave little of it behind. Its old memory must not be in use.
template <Backend B>
void reserve_scratch(tensor<B>& scratch, std::size_t count) {
    if (scratch.count() >= count && scratch.count() / 2 <= count) return;
    scratch = {};  // frees the old memory first
    scratch = make_lasting_tensor<B>({1, count, 1, 1});
}

/// Frees the memory that the queue's pool keeps for later tensors. Call it between two kinds of work whose tensors differ in
/// size.
template <Backend B>
void release_idle(typename B::queue& q) {
    q.wait();
    q.pool.release();
}

/// A tensor from channels-last host values. Throws shape_error if their number differs from the shape's.
template <Backend B>
[[nodiscard]] tensor<B> to_device(typename B::queue& q, const shape& size, std::span<const typename B::value_type> values) {
    if (values.size() != size.count())
        throw shape_error{
            text("to_device: the shape ", to_string(size), " has ", size.count(), " values, found ", values.size())};
    auto made = make_tensor<B>(q, size);
    B::upload(q, values, made.data());
    return made;
}

/// The values in channels-last order. Waits for the queue's work.
template <Backend B>
[[nodiscard]] std::vector<typename B::value_type> to_host(typename B::queue& q, const tensor<B>& from) {
    std::vector<typename B::value_type> values(from.count());
    B::download(q, from.data(), std::span{values});
    return values;
}

/// Sets every value of a tensor.
template <Backend B>
void fill(typename B::queue& q, tensor<B>& to, typename B::value_type value) {
    const std::size_t width = to.shape.c, rows = to.shape.pixels();
    B::apply(q, rows, width, backend::fill_kernel<typename B::value_type>{.to = to.data(), .width = width, .value = value});
}

}  // namespace rd4ad::inline RD4AD_ABI
