// rd4ad/metrics/binomial_interval.hpp: confidence intervals of counted rates (Clopper-Pearson) and prediction intervals of counts
// (beta-binomial). Twin: tests/metrics/binomial_interval.cpp
#pragma once
#include <cmath>
#include <cstddef>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::metrics {

/// The quantile of the Beta(a, b) distribution. a, b: at least 1. Among a + b - 1 draws of any continuous distribution, the share
/// of the distribution above the a-th largest draw follows Beta(a, b).
/// Error below 1e-9. Cost: 60 sums of up to a + b terms. Throws option_error if a or b is 0, or the probability outside 0..1.
[[nodiscard]] inline double beta_quantile(std::size_t a, std::size_t b, double probability) {
    if (a == 0 || b == 0 || !(probability >= 0 && probability <= 1))
        throw option_error{text("beta_quantile: Beta(", a, ", ", b, ") at ", probability,
                                "; a and b must be at least 1, the probability 0 to 1")};
    const std::size_t n = a + b - 1;
    std::vector<double> log_binomial(n + 1, 0.0);  // log of (n over j)
    for (std::size_t j = 1; j <= n; ++j)
        log_binomial[j] = log_binomial[j - 1] + std::log(static_cast<double>(n + 1 - j) / static_cast<double>(j));
    const auto cumulative = [&](double x) {  // P(Beta <= x) = P(at least a of n uniform draws are below x)
        double sum = 0;
        for (std::size_t j = a; j <= n; ++j)
            sum += std::exp(log_binomial[j] + static_cast<double>(j) * std::log(x) + static_cast<double>(n - j) * std::log1p(-x));
        return sum;
    };
    double low = 0, high = 1;
    for (int step = 0; step < 60; ++step) {
        const double middle = 0.5 * (low + high);
        (cumulative(middle) < probability ? low : high) = middle;
    }
    return 0.5 * (low + high);
}

/// The bounds of a rate, 0..1.
struct rate_interval {
    double low{0}, high{1};
};

/// The 95 % confidence interval (Clopper-Pearson) of a rate after `count` events in n trials.
/// Throws option_error unless count <= n and n >= 1.
[[nodiscard]] inline rate_interval clopper_pearson(std::size_t count, std::size_t n) {
    if (n == 0 || count > n)
        throw option_error{text("clopper_pearson: ", count, " events in ", n,
                                " trials; needs at least 1 trial and at most one event per trial")};
    return {count == 0 ? 0.0 : beta_quantile(count, n - count + 1, 0.025),
            count == n ? 1.0 : beta_quantile(count + 1, n - count, 0.975)};
}

/// The bounds of a count, both included.
struct count_interval {
    std::size_t low{0}, high{0};
};

/// The 95 % prediction interval (beta-binomial) of the number of m new draws that exceed the k-th largest of n draws of the same
/// continuous distribution: a smaller count and a larger count each have a probability of at most 2.5 %. Throws option_error
/// unless 1 <= k <= n.
[[nodiscard]] inline count_interval predicted_count(std::size_t k, std::size_t n, std::size_t m) {
    if (k == 0 || k > n)
        throw option_error{text("predicted_count: k is ", k, " for ", n, " draws; k must be 1 to the number of draws")};
    std::vector<double> log_factorial(n + m + 1, 0.0);
    for (std::size_t i = 1; i < log_factorial.size(); ++i)
        log_factorial[i] = log_factorial[i - 1] + std::log(static_cast<double>(i));
    const auto log_binomial = [&](std::size_t a, std::size_t b) {
        return log_factorial[a] - log_factorial[b] - log_factorial[a - b];
    };
    count_interval interval{m, m};
    double sum = 0;
    for (std::size_t j = 0; j <= m; ++j) {  // of all n + m ranks: j of the m and k - 1 of the n above the k-th largest of the n
        sum += std::exp(log_binomial(k - 1 + j, j) + log_binomial(n - k + m - j, m - j) - log_binomial(n + m, m));
        if (interval.low == m && sum > 0.025) interval.low = j;
        if (sum >= 0.975) {
            interval.high = j;
            break;
        }
    }
    return interval;
}

}  // namespace rd4ad::inline RD4AD_ABI::metrics
