// cli/fastest.hpp: a call's time. Twin: tests/cli
#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>

namespace cli {

/// Milliseconds of the fastest of `rounds` calls.
template <class Call>
double fastest(std::size_t rounds, const Call& call) {
    double best = 1e300;
    for (std::size_t i = 0; i < rounds; ++i) {
        const auto began = std::chrono::steady_clock::now();
        call();
        best = std::min(best, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count());
    }
    return best;
}

}  // namespace cli
