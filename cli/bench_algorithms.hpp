// cli/bench_algorithms.hpp: the table of rd4ad bench --algorithms. Twin: tests/cli/command.sh
#pragma once
#include <cstddef>

#include <rd4ad/core/shape.hpp>
#include <rd4ad/model/arch.hpp>

namespace cli {

/// Times each 3x3 convolution of an architecture with each algorithm on the CPU, forward and backward, and prints a table with
/// the algorithm that `automatic` selects. input: the network's input. The fastest of `rounds` runs counts. threads: 0 for one
/// per CPU.
void bench_algorithms(const rd4ad::architecture& arch, const rd4ad::shape& input, std::size_t threads, std::size_t rounds);

}  // namespace cli
