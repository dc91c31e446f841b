// cli/summary.cpp: computes means over classes.
#include "summary.hpp"

#include <cstddef>

namespace cli {

using rd4ad::io::json;

json mean_of(const class_results& classes, const std::vector<std::string>& keys) {
    json mean = json::object();
    for (const auto& key : keys) {
        double sum = 0;
        std::size_t count = 0;
        for (const auto& [name, one] : classes) {
            if (!one.at(key).is_number()) continue;
            sum += one.at(key).get<double>();
            ++count;
        }
        mean[key] = count > 0 ? json(sum / static_cast<double>(count)) : json();
    }
    return mean;
}

json summary_of(const class_results& classes, json mean) {
    if (classes.size() == 1) return classes.front().second;
    json all = json::object();
    for (const auto& [name, one] : classes) all[name] = one;
    return {{"classes", std::move(all)}, {"mean", std::move(mean)}};
}

}  // namespace cli
