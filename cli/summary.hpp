// cli/summary.hpp: combines the results of several classes. Twin: tests/cli/command.sh
#pragma once
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/io/json.hpp>

namespace cli {

/// Name and result of each class, in the order of the command line.
using class_results = std::vector<std::pair<std::string, rd4ad::io::json>>;

/// The mean of each key over the classes whose value is a number; null if no class has one.
[[nodiscard]] rd4ad::io::json mean_of(const class_results& classes, const std::vector<std::string>& keys);

/// The result of a single class, or {"classes": {name: result}, "mean": mean} for several.
[[nodiscard]] rd4ad::io::json summary_of(const class_results& classes, rd4ad::io::json mean);

}  // namespace cli
