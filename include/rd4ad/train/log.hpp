// rd4ad/train/log.hpp: the record of a training run. Twin: tests/train/trainer.cpp
#pragma once
#include <cstddef>
#include <vector>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The record of a training run.
struct training_log {
    std::vector<double> losses;        ///< mean loss per epoch, those before a resume included
    bool stopped{false};               ///< should_stop ended the run before the last epoch
    double seconds{0};                 ///< of this run
    std::size_t training_images{0};    ///< images trained on
    std::size_t validation_images{0};  ///< images held out; they calibrate the model if there are any
};

}  // namespace rd4ad::inline RD4AD_ABI
