// tests/support/small_probe.hpp: a probe's result with a curve, a kind that is never found and one with a single size.
#pragma once
#include <rd4ad/score/probe_result.hpp>

namespace rd4ad::test {

inline probe_result small_probe() {
    probe_result made{.threshold = 0.5, .photographs = 40, .false_alarms = 1, .size_spread = 1, .seed = 3};
    made.groups = {{.kind = data::defect_kind::scratch, .contrast = 30},
                   {.kind = data::defect_kind::cut_paste},
                   {.kind = data::defect_kind::dent, .contrast = 15}};
    for (const auto& [size, found] : {std::pair{0.02, 2u}, {0.04, 9u}, {0.08, 25u}, {0.16, 37u}, {0.32, 40u}}) {
        made.groups[0].cells.push_back({.size = size, .found = found, .localised = found / 2, .tried = 40});
        made.groups[0].outcomes.push_back({size, found, 40});
        made.groups[1].cells.push_back({.size = size, .found = 3, .localised = 0, .tried = 40});
        made.groups[1].outcomes.push_back({size, 3, 40});
    }
    made.groups[2].cells.push_back({.size = 0.1, .found = 4, .localised = 1, .tried = 9});
    made.groups[2].outcomes.push_back({0.1, 4, 9});
    for (auto& group : made.groups) fit_curve(group);
    made.examples.push_back({.group = 1, .cell = 2, .file = "</script><b>.png", .size = 0.08, .raw_score = 0.75, .found = true});
    return made;
}

}  // namespace rd4ad::test
