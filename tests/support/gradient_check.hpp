// tests/support/gradient_check.hpp: seeded numbers, sums in double, and central differences against a gradient.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <rd4ad/core/random.hpp>

#include <support/catch.hpp>

namespace rd4ad::test {

/// Seeded numbers with magnitudes in 0.05..1 and either sign: none is near the kink of a ReLU, none is 0 or 1.
template <class T = double>
std::vector<T> numbers(std::uint64_t seed, std::size_t count) {
    random source{seed};
    std::vector<T> made(count);
    for (T& value : made) {
        const double u = 2 * source.uniform() - 1;
        value = static_cast<T>(u < 0 ? 0.95 * u - 0.05 : 0.95 * u + 0.05);
    }
    return made;
}

template <class T>
std::vector<double> as_doubles(const std::vector<T>& values) {
    return {values.begin(), values.end()};
}

template <class A, class B>
double dot(const std::vector<A>& a, const std::vector<B>& b) {
    REQUIRE(a.size() == b.size());
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
}

/// The largest magnitude.
template <class T>
double largest(const std::vector<T>& values) {
    double found = 0;
    for (const T value : values) found = std::max(found, std::fabs(static_cast<double>(value)));
    return found;
}

/// The largest difference as a share of the wanted values' largest magnitude; NaN where a difference is NaN.
template <class A, class B>
double apart(const std::vector<A>& found, const std::vector<B>& wanted) {
    REQUIRE(found.size() == wanted.size());
    double worst = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
        const double difference = std::fabs(static_cast<double>(found[i]) - static_cast<double>(wanted[i]));
        if (!(difference <= worst)) worst = difference;
    }
    const double scale = largest(wanted);
    return scale > 0 ? worst / scale : worst;
}

/// How a gradient is checked.
struct gradient_check {
    std::size_t entries{40};  ///< how many, drawn by the seed; all where there are no more
    double step{1e-5};
    double tolerance{1e-6};  ///< of the difference, as a share of the gradient's largest magnitude
    std::uint64_t seed{7};
};

/// Checks `gradient` against (value(x + step) - value(x - step)) / (2 step), entry by entry, in double.
template <class Value>
void check_gradient(const std::string& of, std::vector<double> at, const std::vector<double>& gradient, const Value& value,
                    const gradient_check& how = {}) {
    REQUIRE(at.size() == gradient.size());
    random source{how.seed};
    auto entries = shuffled_order(at.size(), source);
    entries.resize(std::min(entries.size(), how.entries));
    const double scale = largest(gradient);
    for (const std::size_t i : entries) {
        const double there = at[i];
        at[i] = there + how.step;
        const double above = value(at);
        at[i] = there - how.step;
        const double below = value(at);
        at[i] = there;
        const double slope = (above - below) / (2 * how.step);
        INFO("gradient of " << of << ", entry " << i << " of " << at.size() << ": " << gradient[i] << ", by differences " << slope
                            << "; the largest is " << scale);
        CHECK(std::fabs(slope - gradient[i]) <= how.tolerance * scale);
    }
}

}  // namespace rd4ad::test
