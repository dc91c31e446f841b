// rd4ad/metrics/verdicts.hpp: right and wrong verdicts, and what follows from their numbers. Twin: tests/metrics/verdicts.cpp
#pragma once
#include <cstddef>

namespace rd4ad::metrics {

/// How many of each; a positive is a defect. Every ratio is 0..1, and 0 where nothing is counted in its denominator
/// (scikit-learn's zero_division = 0).
struct verdicts {
    std::size_t found{0};         ///< true positives
    std::size_t false_alarms{0};  ///< false positives
    std::size_t missed{0};        ///< false negatives
    std::size_t passed{0};        ///< true negatives

    /// Counts one.
    constexpr void add(bool defect, bool called) noexcept {
        ++(defect ? (called ? found : missed) : (called ? false_alarms : passed));
    }

    [[nodiscard]] constexpr std::size_t count() const noexcept { return found + false_alarms + missed + passed; }
    [[nodiscard]] constexpr double precision() const noexcept { return ratio(found, found + false_alarms); }
    [[nodiscard]] constexpr double recall() const noexcept { return ratio(found, found + missed); }
    [[nodiscard]] constexpr double f1() const noexcept { return ratio(2 * found, 2 * found + false_alarms + missed); }
    [[nodiscard]] constexpr double accuracy() const noexcept { return ratio(found + passed, count()); }

   private:
    [[nodiscard]] static constexpr double ratio(std::size_t part, std::size_t whole) noexcept {
        return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
    }
};

}  // namespace rd4ad::metrics
