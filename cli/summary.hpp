// cli/summary.hpp: results of several classes, and their mean. Twin: tests/cli
#pragma once
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/io/json.hpp>

namespace cli {

/// Each class's name and result, in the order that was asked for.
using class_results = std::vector<std::pair<std::string, rd4ad::io::json>>;

/// For each key the mean over the classes that have a number there, null where none has.
[[nodiscard]] rd4ad::io::json mean_of(const class_results& classes, const std::vector<std::string>& keys);

/// What is said of all: the only class's result, of several {"classes": {name: result}, "mean": mean}.
[[nodiscard]] rd4ad::io::json summary_of(const class_results& classes, rd4ad::io::json mean);

}  // namespace cli
