// rd4ad/metrics/rate_interval.hpp: how sure a rate is that was counted on n images. Twin: tests/metrics/rate_interval.cpp
#pragma once
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>

namespace rd4ad::metrics {

/// The value that a Beta(a, b) variable stays below with this probability; a, b >= 1. Beta(a, b) is how the share of a
/// continuous distribution that lies above the a-th largest of a + b - 1 draws is distributed, whatever the distribution.
/// Error below 1e-9. Cost: 60 sums over a + b terms. Throws option_error for a or b of 0, or a probability outside 0..1.
[[nodiscard]] inline double beta_quantile(std::size_t a, std::size_t b, double probability) {
    if (a == 0 || b == 0 || !(probability >= 0 && probability <= 1))
        throw option_error{"beta_quantile: Beta(" + std::to_string(a) + ", " + std::to_string(b) + ") at " +
                           std::to_string(probability) + "; a and b must be at least 1, the probability 0 to 1"};
    const std::size_t n = a + b - 1;
    std::vector<double> log_ways(n + 1, 0.0);  // log of n over j
    for (std::size_t j = 1; j <= n; ++j)
        log_ways[j] = log_ways[j - 1] + std::log(static_cast<double>(n + 1 - j) / static_cast<double>(j));
    const auto below = [&](double x) {  // P(Beta <= x) = P(at least a of n draws fall below x)
        double sum = 0;
        for (std::size_t j = a; j <= n; ++j)
            sum += std::exp(log_ways[j] + static_cast<double>(j) * std::log(x) + static_cast<double>(n - j) * std::log1p(-x));
        return sum;
    };
    double low = 0, high = 1;
    for (int step = 0; step < 60; ++step) {
        const double middle = 0.5 * (low + high);
        (below(middle) < probability ? low : high) = middle;
    }
    return 0.5 * (low + high);
}

/// Bounds of a rate.
struct rate_interval {
    double low{0}, high{1};
};

/// Clopper and Pearson's 95 % interval of a rate of which `count` of `n` were seen. Throws option_error unless count <= n and
/// n >= 1.
[[nodiscard]] inline rate_interval interval_of_count(std::size_t count, std::size_t n) {
    if (n == 0 || count > n)
        throw option_error{"interval_of_count: " + std::to_string(count) + " of " + std::to_string(n) +
                           "; expected at most all of at least 1"};
    return {count == 0 ? 0.0 : beta_quantile(count, n - count + 1, 0.025),
            count == n ? 1.0 : beta_quantile(count + 1, n - count, 0.975)};
}

/// Whole numbers from low to high.
struct count_interval {
    std::size_t low{0}, high{0};
};

/// How many of m further draws lie above the k-th largest of n draws of the same continuous distribution: all but 2.5 % on
/// either side (beta-binomial). Throws option_error unless 1 <= k <= n.
[[nodiscard]] inline count_interval predicted_count(std::size_t k, std::size_t n, std::size_t m) {
    if (k == 0 || k > n)
        throw option_error{"predicted_count: the " + std::to_string(k) + "-th largest of " + std::to_string(n) +
                           "; expected one of them"};
    std::vector<double> log_factorial(n + m + 1, 0.0);
    for (std::size_t i = 1; i < log_factorial.size(); ++i)
        log_factorial[i] = log_factorial[i - 1] + std::log(static_cast<double>(i));
    const auto log_over = [&](std::size_t a, std::size_t b) {
        return log_factorial[a] - log_factorial[b] - log_factorial[a - b];
    };
    count_interval found{m, m};
    double sum = 0;
    for (std::size_t j = 0; j <= m; ++j) {  // of n + m ranks, j of the m and k - 1 of the n above the k-th of the n
        sum += std::exp(log_over(k - 1 + j, j) + log_over(n - k + m - j, m - j) - log_over(n + m, m));
        if (found.low == m && sum > 0.025) found.low = j;
        if (sum >= 0.975) {
            found.high = j;
            break;
        }
    }
    return found;
}

}  // namespace rd4ad::metrics
