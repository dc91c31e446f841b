// rd4ad/backend/xtensor/storage.hpp: memory and the queue of the CPU backend. Twin: tests/backend/primitives.cpp
#pragma once
#include <array>
#include <cstddef>
#include <vector>

#include <rd4ad/backend/pool.hpp>
#include <rd4ad/core/detail/xtensor.hpp>
#include <rd4ad/core/threads.hpp>

namespace rd4ad::backend::host {

/// Uninitialised values in an xt::xtensor.
template <class T>
class buffer {
   public:
    buffer() = default;
    explicit buffer(std::size_t count) : values_{xt::xtensor<T, 1>::from_shape({count})} {}

    [[nodiscard]] std::size_t size() const { return values_.size(); }
    [[nodiscard]] T* data() { return values_.data(); }
    [[nodiscard]] const T* data() const { return values_.data(); }

   private:
    xt::xtensor<T, 1> values_;
};

/// The number of threads, memory that lives from one call to the next, and the pool of tensors.
template <class T>
struct queue {
    explicit queue(std::size_t thread_count = 0) : threads{thread_count == 0 ? default_threads() : thread_count} {}

    std::size_t threads;
    backend::pool<buffer<T>> pool;

    /// Scratch memory of at least `count` values; what an earlier call with this slot returned may move.
    [[nodiscard]] T* scratch(std::size_t slot, std::size_t count) {
        if (slot >= scratch_.size()) scratch_.resize(slot + 1);
        if (scratch_[slot].size() < count) {
            scratch_[slot] = {};
            scratch_[slot] = buffer<T>{count};
        }
        return scratch_[slot].data();
    }

    /// Nothing runs behind the caller's back here.
    void wait() {}

   private:
    std::vector<buffer<T>> scratch_;
};

}  // namespace rd4ad::backend::host
