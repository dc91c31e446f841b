// Replaces operator new in the program of the image tests, for support/allocations.hpp.
#include <support/allocations.hpp>
//
#include <cstdlib>
#include <new>
#include <vector>

#include <support/catch.hpp>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // both operators are replaced
#endif

void* operator new(std::size_t size) {
    auto& largest = rd4ad::test::largest_block;
    for (std::size_t known = largest; size > known && !largest.compare_exchange_weak(known, size);) {
    }
    if (void* block = std::malloc(size > 0 ? size : 1)) return block;
    throw std::bad_alloc{};
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

namespace {
TEST_CASE("the largest allocation is observed", "[image]") {
    std::size_t held = 0;
    const auto allocate = [&](std::size_t size) { held += std::vector<char>(size, 'x').capacity(); };
    CHECK(rd4ad::test::largest_allocation([&] {
              allocate(1000);
              allocate(100000);
              allocate(10);
          }) == 100000);
    CHECK(rd4ad::test::largest_allocation([&] { allocate(10); }) == 10);
    CHECK(held == 101020);
}
}  // namespace
