// Laws that raw scores of good images may follow, with their quantiles: those that the threshold's rule assumes and others.
#pragma once
#include <cmath>
#include <cstddef>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include <rd4ad/core/random.hpp>

namespace rd4ad::test {

/// How the upper tail compares with that of Gumbel's law: lighter, alike or slightly heavier, heavier, or a second cluster.
enum class law_tail { light, gumbel, heavy, clusters };

/// A law by its quantile function; raw scores are bounded to 0.001..3 as those of a map are.
struct score_law {
    std::string name;
    law_tail tail;
    std::function<double(double)> quantile;

    [[nodiscard]] double value(rd4ad::random& source) const {
        const double u = (static_cast<double>(source.next() >> 11) + 0.5) / 9007199254740992.0;
        return std::fmin(std::fmax(quantile(u), 0.001), 3.0);
    }

    [[nodiscard]] std::vector<float> draw(std::size_t n, rd4ad::random& source) const {
        std::vector<float> scores(n);
        for (float& one : scores) one = static_cast<float>(value(source));
        return scores;
    }

    /// The probability of a raw score at or above a level.
    [[nodiscard]] double above(double level) const {
        if (level > 3) return 0;
        double low = 0, high = 1;
        for (int step = 0; step < 45; ++step) {
            const double middle = 0.5 * (low + high);
            (quantile(middle) < level ? low : high) = middle;
        }
        return 1 - 0.5 * (low + high);
    }
};

/// The quantile of a standard normal variable (bisection; error below 1e-9).
inline double normal_quantile(double p) {
    // The table's cells make draws cheap; the function is smooth between them.
    static const std::vector<double> table = [] {
        std::vector<double> made(8193);
        for (std::size_t i = 0; i < made.size(); ++i) {
            const double logit = (static_cast<double>(i) - 4096) / 4096 * 24;
            const double p_i = 1 / (1 + std::exp(-logit));
            double low = -8, high = 8;
            for (int step = 0; step < 50; ++step) {
                const double middle = 0.5 * (low + high);
                const double below = 0.5 * std::erfc(-middle / std::numbers::sqrt2);
                (below < p_i ? low : high) = middle;
            }
            made[i] = 0.5 * (low + high);
        }
        return made;
    }();
    const double at = (std::fmin(std::fmax(std::log(p / (1 - p)), -23.9), 23.9) / 24 + 1) * 4096;
    const auto cell = static_cast<std::size_t>(at);
    const double share = at - static_cast<double>(cell);
    return table[cell] * (1 - share) + table[cell + 1] * share;
}

inline std::vector<score_law> score_laws() {
    const auto lognormal = [](double median, double deviation) {
        return [=](double u) { return median * std::exp(deviation * normal_quantile(u)); };
    };
    const auto gumbel = [](double location, double scale) {
        return [=](double u) { return location - scale * std::log(-std::log(u)); };
    };
    const auto weibull = [](double shape) { return [=](double u) { return 0.6 * std::pow(-std::log1p(-u), 1 / shape); }; };
    const auto exponential = [](double from, double mean) { return [=](double u) { return from - mean * std::log1p(-u); }; };
    const auto gamma = [](double shape, double mean) {  // Wilson and Hilferty's cube: error below 1 % from 4 on
        return [=](double u) { return mean * std::pow(1 - 1 / (9 * shape) + normal_quantile(u) / (3 * std::sqrt(shape)), 3); };
    };
    const auto student4 = [](double u) {  // closed form for four degrees of freedom
        const double a = 4 * u * (1 - u), c = std::cos(std::acos(std::sqrt(a)) / 3) / std::sqrt(a);
        return 0.6 + 0.08 * (u < 0.5 ? -1 : 1) * 2 * std::sqrt(c - 1);
    };
    const auto clusters = [](double share) {
        return [=](double u) {
            return u < 1 - share ? 0.5 + 0.05 * std::fmin(normal_quantile(u / (1 - share)), 3.5)
                                 : 0.9 + 0.07 * std::fmax(normal_quantile((u - 1 + share + 1e-18) / share), -3.0);
        };
    };
    return {
        {"log-normal 0.15", law_tail::light, lognormal(0.6, 0.15)},
        {"log-normal 0.3", law_tail::gumbel, lognormal(0.6, 0.3)},
        {"log-normal 0.5", law_tail::heavy, lognormal(0.4, 0.5)},
        {"Gumbel 0.09", law_tail::gumbel, gumbel(0.55, 0.09)},
        {"Gumbel 0.16", law_tail::gumbel, gumbel(0.5, 0.16)},
        {"gamma 4", law_tail::gumbel, gamma(4, 0.6)},
        {"gamma 15", law_tail::light, gamma(15, 0.6)},
        {"Weibull 2", law_tail::light, weibull(2)},
        {"Weibull 5", law_tail::light, weibull(5)},
        {"uniform", law_tail::light, [](double u) { return 0.3 + 0.7 * u; }},
        {"Student t 4", law_tail::gumbel, student4},
        {"exponential 0.05", law_tail::heavy, exponential(0.2, 0.05)},
        {"exponential 0.3", law_tail::heavy, exponential(0.2, 0.3)},
        {"a cluster of 5 %", law_tail::clusters, clusters(0.05)},
        {"a cluster of 15 %", law_tail::clusters, clusters(0.15)},
        {"a cluster of 40 %", law_tail::clusters, clusters(0.4)},
    };
}

}  // namespace rd4ad::test
