// cli/bench_algorithms.hpp: the table of rd4ad bench --algorithms. Twin: tests/cli
#pragma once
#include <cstddef>

#include <rd4ad/core/shape.hpp>
#include <rd4ad/model/arch.hpp>

namespace cli {

/// Prints each 3x3 convolution of an architecture by each algorithm on this processor, in all directions, and which one the
/// rule takes; the fastest of so many rounds counts. `threads` 0: all there are.
void bench_algorithms(const rd4ad::architecture& arch, const rd4ad::shape& image, std::size_t threads, std::size_t rounds);

}  // namespace cli
