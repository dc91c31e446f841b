// rd4ad/metrics/rank_test.hpp: Mann and Whitney's rank test, whether one sample tends to larger values than another. Twin:
// tests/metrics/rank_test.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::metrics {

/// The result of mann_whitney. Each p-value is the probability of a result at least as extreme if both samples come from one law.
struct rank_test_result {
    double u{0};           ///< pairs in which the value of `sample` is larger; an equal pair counts 1/2
    double p_larger{1};    ///< small if `sample` tends to larger values
    double p_smaller{1};   ///< small if `sample` tends to smaller values
    bool is_exact{false};  ///< by counting all orders; else by the normal approximation

    /// For either difference: twice the smaller p-value, at most 1.
    [[nodiscard]] double p_different() const noexcept { return std::min(1.0, 2 * std::min(p_larger, p_smaller)); }
};

/// Compares a sample with a reference by ranks (Mann and Whitney, Ann. Math. Stat. 18, 1947). Without equal values and with at
/// most 400 pairs, the p-values are exact; else they are those of the normal approximation with the corrections for continuity
/// and for ties. Cost: sorting; for exact values 400 times the smaller sample. Throws data_error if a sample is empty,
/// numeric_error if a value is not a number.
[[nodiscard]] inline rank_test_result mann_whitney(std::span<const double> sample, std::span<const double> reference) {
    const std::size_t n = sample.size(), m = reference.size();
    if (n == 0 || m == 0)
        throw data_error{text("mann_whitney: found ", n, " and ", m, " values; expected at least 1 in each sample")};
    std::vector<std::pair<double, bool>> values;  // value, is of the sample
    for (const double one : sample) values.emplace_back(one, true);
    for (const double one : reference) values.emplace_back(one, false);
    for (const auto& [value, of_sample] : values)
        if (std::isnan(value)) throw numeric_error{"mann_whitney: a value is not a number; expected finite values"};
    std::sort(values.begin(), values.end());

    rank_test_result found;
    double below = 0, tied = 0;  // reference values below; sum of t^3 - t over groups of t equal values
    for (std::size_t i = 0; i < values.size();) {
        std::size_t end = i;
        double of_sample = 0, of_reference = 0;
        for (; end < values.size() && !(values[i].first < values[end].first); ++end)
            (values[end].second ? of_sample : of_reference) += 1;
        found.u += of_sample * (below + 0.5 * of_reference);
        below += of_reference;
        const auto t = static_cast<double>(end - i);
        tied += t * t * t - t;
        i = end;
    }

    const auto pairs = static_cast<double>(n) * static_cast<double>(m);
    if (tied == 0 && pairs <= 400) {
        // The distribution of u: the coefficients of the Gaussian binomial (n + m over n), divided by their sum at each step.
        found.is_exact = true;
        const std::size_t few = std::min(n, m), many = std::max(n, m), most = n * m;
        std::vector<double> share(most + 1, 0.0);
        share[0] = 1;
        for (std::size_t i = 1; i <= few; ++i) {  // times (1 - x^(many + i)) / (1 - x^i), and i / (many + i)
            for (std::size_t u = most; u >= many + i; --u) share[u] -= share[u - many - i];
            for (std::size_t u = i; u <= most; ++u) share[u] += share[u - i];
            for (double& one : share) one *= static_cast<double>(i) / static_cast<double>(many + i);
        }
        double up_to = 0, from = 0;
        const auto u = static_cast<std::size_t>(found.u);
        for (std::size_t i = 0; i <= most; ++i) {
            if (i <= u) up_to += share[i];
            if (i >= u) from += share[i];
        }
        found.p_larger = std::clamp(from, 0.0, 1.0);
        found.p_smaller = std::clamp(up_to, 0.0, 1.0);
        return found;
    }
    const auto total = static_cast<double>(n + m);
    const double variance = pairs / 12 * (total + 1 - tied / (total * (total - 1)));
    if (!(variance > 0)) return found;  // all values are equal
    const auto above = [&](double distance) {
        return 0.5 * std::erfc((distance - 0.5) / std::sqrt(variance) / std::numbers::sqrt2);
    };
    found.p_larger = std::min(1.0, above(found.u - 0.5 * pairs));
    found.p_smaller = std::min(1.0, above(0.5 * pairs - found.u));
    return found;
}

}  // namespace rd4ad::inline RD4AD_ABI::metrics
