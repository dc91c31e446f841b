// rd4ad/train/log.hpp: what a training did. Twin: tests/train/trainer.cpp
#pragma once
#include <cstddef>
#include <vector>

namespace rd4ad {

/// What a training did.
struct training_log {
    std::vector<double> losses;  ///< mean loss of each epoch
    bool stopped{false};         ///< should_stop ended it before the last epoch
    double seconds{0};           ///< of this run
    std::size_t trained{0};      ///< photographs trained on
    std::size_t held_out{0};     ///< photographs held out; the model's calibration is from them, where there are any
};

}  // namespace rd4ad
