// tests/support/values.hpp: seeded values, and the error of found values against expected ones.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <rd4ad/core/random.hpp>

#include <support/catch.hpp>

namespace rd4ad::test {

/// Seeded values of magnitude 0.05..1 and either sign: none is 0 or 1, and none is near a ReLU's kink.
template <class T = double>
[[nodiscard]] std::vector<T> seeded_values(std::uint64_t seed, std::size_t count) {
    random source{seed};
    std::vector<T> made(count);
    for (T& value : made) {
        const double u = 2 * source.uniform() - 1;
        value = static_cast<T>(u < 0 ? 0.95 * u - 0.05 : 0.95 * u + 0.05);
    }
    return made;
}

/// Seeded values of the standard normal distribution.
template <class T>
[[nodiscard]] std::vector<T> normal_values(std::uint64_t seed, std::size_t count) {
    random source{seed};
    std::vector<T> made(count);
    for (T& value : made) value = static_cast<T>(source.normal());
    return made;
}

/// The values in double.
template <class T>
[[nodiscard]] std::vector<double> as_doubles(const std::vector<T>& values) {
    return {values.begin(), values.end()};
}

/// The dot product, summed in double.
template <class A, class B>
[[nodiscard]] double dot(const std::vector<A>& a, const std::vector<B>& b) {
    REQUIRE(a.size() == b.size());
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
}

/// The largest magnitude.
template <class T>
[[nodiscard]] double largest_magnitude(const std::vector<T>& values) {
    double found = 0;
    for (const T value : values) found = std::max(found, std::fabs(static_cast<double>(value)));
    return found;
}

/// The largest difference; NaN if any difference is NaN. Requires equal sizes.
template <class A, class B>
[[nodiscard]] double largest_difference(const std::vector<A>& found, const std::vector<B>& expected) {
    REQUIRE(found.size() == expected.size());
    double worst = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
        using wide = std::common_type_t<A, B, double>;
        const auto difference = static_cast<double>(std::fabs(static_cast<wide>(found[i]) - static_cast<wide>(expected[i])));
        if (std::isnan(difference)) return difference;
        worst = std::max(worst, difference);
    }
    return worst;
}

/// The largest difference, relative to the largest magnitude of the expected values; absolute if all of them are 0.
template <class A, class B>
[[nodiscard]] double relative_error(const std::vector<A>& found, const std::vector<B>& expected) {
    const double scale = largest_magnitude(expected);
    return largest_difference(found, expected) / (scale > 0 ? scale : 1);
}

/// The largest difference, relative to `scale`; absolute if `scale` is below 1.
template <class A, class B>
[[nodiscard]] double relative_error(const std::vector<A>& found, const std::vector<B>& expected, double scale) {
    return largest_difference(found, expected) / std::max(1.0, scale);
}

}  // namespace rd4ad::test
