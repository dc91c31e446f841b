// tests/support/gradient_check.hpp: checks a gradient against central differences.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <rd4ad/core/random.hpp>

#include <support/catch.hpp>
#include <support/values.hpp>

namespace rd4ad::test {

/// Settings of check_gradient.
struct gradient_check {
    std::size_t entries{40};  ///< number of entries to check, drawn by the seed; all if there are fewer
    double step{1e-5};
    double tolerance{1e-6};  ///< of the difference, relative to the gradient's largest magnitude
    std::uint64_t seed{7};
};

/// Checks `gradient` against (value(x + step) - value(x - step)) / (2 step), entry by entry, in double. `of` names the
/// gradient in messages.
template <class Value>
void check_gradient(const std::string& of, std::vector<double> at, const std::vector<double>& gradient, const Value& value,
                    const gradient_check& settings = {}) {
    REQUIRE(at.size() == gradient.size());
    random source{settings.seed};
    auto entries = shuffled_order(at.size(), source);
    entries.resize(std::min(entries.size(), settings.entries));
    const double scale = largest_magnitude(gradient);
    for (const std::size_t i : entries) {
        const double middle = at[i];
        at[i] = middle + settings.step;
        const double above = value(at);
        at[i] = middle - settings.step;
        const double below = value(at);
        at[i] = middle;
        const double slope = (above - below) / (2 * settings.step);
        INFO("gradient of " << of << ", entry " << i << " of " << at.size() << ": " << gradient[i] << ", by differences " << slope
                            << "; the largest is " << scale);
        CHECK(std::fabs(slope - gradient[i]) <= settings.tolerance * scale);
    }
}

}  // namespace rd4ad::test
