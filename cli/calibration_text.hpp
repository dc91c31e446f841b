// cli/calibration_text.hpp: describes a calibration in a line or two. Twin: tests/cli/command.sh
#pragma once
#include <cstddef>
#include <string>

#include <rd4ad/score/calibration.hpp>
#include <rd4ad/score/drift.hpp>

namespace cli {

/// "raw threshold 0.3100, median of good images 0.2200; false-alarm rate: requested 1.00 %, expected 1.00 %, 95 % interval ...":
/// threshold, rates, the rule and the number of good images. A second line says which rate that number supports if it doesn't
/// support the requested one.
[[nodiscard]] std::string describe(const rd4ad::calibration& by);

/// Prints describe(by) after "NAME: ".
void print_calibration(const std::string& name, const rd4ad::calibration& by);

/// A sentence about a drift test: the levels of the last parts and of calibration, and the probability of such a difference.
[[nodiscard]] std::string describe(const rd4ad::drift_test& test, std::size_t window);

}  // namespace cli
