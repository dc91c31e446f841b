// rd4ad/backend/cpu/storage.hpp: memory and queue of the CPU backends. Twin: tests/backend/primitives.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <new>

#include <sys/mman.h>

#include <rd4ad/backend/detail/xtensor.hpp>
#include <rd4ad/backend/pool.hpp>
#include <rd4ad/backend/scratch.hpp>
#include <rd4ad/core/threads.hpp>

namespace rd4ad::inline RD4AD_ABI::backend::cpu {

namespace detail {

/// Maps `bytes` bytes, a multiple of `alignment`, at a multiple of it; nullptr where there is not enough memory.
[[nodiscard]] inline void* map_aligned(std::size_t bytes, std::size_t alignment) {
    void* mapped = ::mmap(nullptr, bytes + alignment, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return nullptr;
    auto* begin = static_cast<std::byte*>(mapped);
    const std::size_t before = (alignment - reinterpret_cast<std::uintptr_t>(begin) % alignment) % alignment;
    if (before != 0) ::munmap(begin, before);
    ::munmap(begin + before + bytes, alignment - before);
    return begin + before;
}

}  // namespace detail

/// Memory aligned to cache lines, so that no pack straddles two. Large blocks are mapped, aligned to huge pages, and request
/// them: streaming weights then misses the TLB less often, and a freed block returns to the system at once, whatever lies beside
/// it.
template <class T>
struct aligned_allocator {
    using value_type = T;
    static constexpr std::size_t line = 64, huge_page = std::size_t{2} << 20, page = 4096;

    aligned_allocator() = default;
    template <class U>
    explicit aligned_allocator(const aligned_allocator<U>&) noexcept {}

    [[nodiscard]] T* allocate(std::size_t count) {
        if (count > (std::numeric_limits<std::size_t>::max() - 2 * huge_page) / sizeof(T)) throw std::bad_alloc{};
        const std::size_t bytes = count * sizeof(T);
        void* memory = nullptr;
        if (is_mapped(bytes)) {
            memory = detail::map_aligned(whole_pages(bytes), huge_page);
            if (memory == nullptr) throw std::bad_alloc{};
#if defined(MADV_HUGEPAGE)
            static_cast<void>(::madvise(memory, whole_pages(bytes), MADV_HUGEPAGE));  // a refusal leaves normal pages
#endif
        } else if (::posix_memalign(&memory, line, bytes) != 0) {
            throw std::bad_alloc{};
        }
        return static_cast<T*>(memory);
    }
    void deallocate(T* memory, std::size_t count) noexcept {
        const std::size_t bytes = count * sizeof(T);
        if (is_mapped(bytes))
            ::munmap(memory, whole_pages(bytes));
        else
            std::free(memory);
    }

    friend bool operator==(const aligned_allocator&, const aligned_allocator&) = default;

   private:
    [[nodiscard]] static constexpr bool is_mapped(std::size_t bytes) { return bytes >= huge_page; }
    [[nodiscard]] static constexpr std::size_t whole_pages(std::size_t bytes) { return (bytes + page - 1) / page * page; }
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

/// The number of threads, the pool of tensors' memory, and scratch memory. Work runs before the call returns.
template <class T>
struct queue {
    explicit queue(std::size_t thread_count = 0) : threads{thread_count == 0 ? default_threads() : thread_count} {}

    std::size_t threads;
    backend::pool<buffer<T>> pool;

    /// Scratch memory of at least `count` values; see scratch_memory.
    [[nodiscard]] T* scratch(scratch_slot slot, std::size_t count) { return scratch_.get(slot, count); }

    /// No-op: this backend is synchronous.
    void wait() {}

   private:
    scratch_memory<buffer<T>> scratch_;
};

}  // namespace rd4ad::inline RD4AD_ABI::backend::cpu
