// rd4ad/backend/xtensor/storage.hpp: memory and the queue of the CPU backend. Twin: tests/backend/primitives.cpp
#pragma once
#include <cstddef>
#include <cstdlib>
#include <new>
#include <vector>

#include <sys/mman.h>

#include <rd4ad/backend/pool.hpp>
#include <rd4ad/core/detail/xtensor.hpp>
#include <rd4ad/core/threads.hpp>

namespace rd4ad::backend::host {

/// Memory that begins with a cache line, so that no pack is loaded from two. Large blocks begin with a huge page and ask for
/// such: a stream of weights then waits for fewer addresses to be translated.
template <class T>
struct aligned_allocator {
    using value_type = T;
    static constexpr std::size_t line = 64, huge_page = std::size_t{2} << 20;

    aligned_allocator() = default;
    template <class U>
    explicit aligned_allocator(const aligned_allocator<U>&) noexcept {}

    [[nodiscard]] T* allocate(std::size_t count) {
        const std::size_t bytes = count * sizeof(T);
        void* memory = nullptr;
        if (::posix_memalign(&memory, bytes < huge_page ? line : huge_page, bytes) != 0) throw std::bad_alloc{};
#if defined(MADV_HUGEPAGE)
        if (bytes >= huge_page) static_cast<void>(::madvise(memory, bytes, MADV_HUGEPAGE));  // refused: pages as they are
#endif
        return static_cast<T*>(memory);
    }
    void deallocate(T* memory, std::size_t) noexcept { std::free(memory); }

    friend bool operator==(const aligned_allocator&, const aligned_allocator&) = default;
};

/// Uninitialised values in an xt::xtensor.
template <class T>
class buffer {
   public:
    buffer() = default;
    explicit buffer(std::size_t count) : values_{values::from_shape({count})} {}

    [[nodiscard]] std::size_t size() const { return values_.size(); }
    [[nodiscard]] T* data() { return values_.data(); }
    [[nodiscard]] const T* data() const { return values_.data(); }

   private:
    using values = xt::xtensor<T, 1, xt::layout_type::row_major, aligned_allocator<T>>;
    values values_;
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
