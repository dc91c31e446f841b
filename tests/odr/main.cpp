// One program with the library compiled for two instruction sets: each object computes with its functions, and the results agree.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "instruction_set.hpp"

namespace {

/// Whether values agree within `tolerance` of the largest one.
bool agree(const char* name, const std::vector<double>& x86_64, const std::vector<double>& native, double tolerance) {
    double largest = 0, difference = 0;
    for (std::size_t i = 0; i < std::min(x86_64.size(), native.size()); ++i) {
        largest = std::max(largest, std::fabs(x86_64[i]));
        difference = std::max(difference, std::fabs(x86_64[i] - native[i]));
    }
    const bool equal = x86_64.size() == native.size() && largest > 0 && difference <= tolerance * largest;
    std::printf("%s: %zu and %zu values up to %g, largest difference %g: %s\n", name, x86_64.size(), native.size(), largest,
                difference, equal ? "equal" : "DIFFERENT");
    return equal;
}

}  // namespace

int main() {
    const auto x86_64 = compute_x86_64(), native = compute_native();
    if (x86_64.instruction_set == native.instruction_set) {
        std::printf("SKIPPED: -march=native is the instruction set of -march=x86-64 here: %s\n", native.instruction_set.c_str());
        return 0;
    }
    std::printf("%s and %s\n", x86_64.instruction_set.c_str(), native.instruction_set.c_str());
    const bool pixels = agree("resized pixels", x86_64.pixels, native.pixels, 0);
    const bool metrics = agree("metrics", x86_64.metrics, native.metrics, 1e-12);
    const bool map = agree("anomaly map", x86_64.map, native.map, 1e-4);
    return pixels && metrics && map ? 0 : 1;
}
