// tests/support/replace_new.hpp: replaces operator new in a test program, for support/allocations.hpp. Include it in one file of
// the program.
#pragma once
#include <cstdlib>
#include <new>

#include <support/allocations.hpp>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // both operators are replaced
#endif

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    auto& largest = rd4ad::test::largest_block;
    for (std::size_t known = largest; size > known && !largest.compare_exchange_weak(known, size);) {
    }
    return std::malloc(size > 0 ? size : 1);
}
void* operator new(std::size_t size) {
    if (void* block = ::operator new(size, std::nothrow)) return block;
    throw std::bad_alloc{};
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { std::free(block); }
