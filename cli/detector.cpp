// cli/detector.cpp: selects the backend's detectors.
#include "detector.hpp"

#include <rd4ad/core/text.hpp>
#include <rd4ad/score/drift.hpp>

#include "compute_flags.hpp"
#include "computing.hpp"

namespace cli {

std::size_t drift_window_of(const parsed_options& options) {
    const auto window = options.whole("drift-window", 0, rd4ad::most_drift_scores);
    if (window > 0 && window < rd4ad::least_drift_scores)
        throw usage_error{rd4ad::text("--drift-window '", window, "': expected 0 for no test, or a whole number from ",
                                      rd4ad::least_drift_scores, " to ", rd4ad::most_drift_scores)};
    return window;
}

detector_loader::detector_loader(const parsed_options& options)
    : model_{compute_options(options)}, detectors_{selected_variant().detectors_of(options)} {}

}  // namespace cli
