// cli/detector.cpp: selects the backend's detectors.
#include "detector.hpp"

#include "compute_flags.hpp"
#include "computing.hpp"

namespace cli {

detector_loader::detector_loader(const parsed_options& options)
    : model_{compute_options(options)}, detectors_{selected_variant().detectors_of(options)} {}

}  // namespace cli
