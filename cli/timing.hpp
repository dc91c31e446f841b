// cli/timing.hpp: measures elapsed time. Twin: tests/cli/command.sh
#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>

namespace cli {

/// Measures the time since its construction.
class stopwatch {
   public:
    [[nodiscard]] double seconds() const { return std::chrono::duration<double>(clock::now() - start_).count(); }
    [[nodiscard]] double ms() const { return 1000 * seconds(); }

   private:
    using clock = std::chrono::steady_clock;
    clock::time_point start_{clock::now()};
};

/// Milliseconds of the fastest of `repetitions` calls.
template <class Call>
double fastest(std::size_t repetitions, const Call& call) {
    double best = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < repetitions; ++i) {
        const stopwatch watch;
        call();
        best = std::min(best, watch.ms());
    }
    return best;
}

}  // namespace cli
