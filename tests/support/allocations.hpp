// tests/support/allocations.hpp: observes the memory that a function allocates. One file of the program must include
// support/replace_new.hpp.
#pragma once
#include <atomic>
#include <cstddef>

namespace rd4ad::test {

/// The size of the largest block that operator new has returned since this was set to 0, in bytes.
inline std::atomic<std::size_t> largest_block{0};

/// The size of the largest block that `work` allocates by operator new, in bytes.
template <class Work>
std::size_t largest_allocation(const Work& work) {
    largest_block = 0;
    work();
    return largest_block;
}

}  // namespace rd4ad::test
