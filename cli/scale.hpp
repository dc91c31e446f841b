// cli/scale.hpp: a calibration in words. Twin: tests/cli
#pragma once
#include <string>

#include <rd4ad/score/calibration.hpp>

namespace cli {

/// "threshold 0.31 raw, typical 0.22; false alarms 1 % asked, ...": rule, rates and how many images they are from.
[[nodiscard]] std::string in_words(const rd4ad::calibration& by);

}  // namespace cli
