// rd4ad/train/progress.hpp: the progress of a training. Twin: tests/train/trainer.cpp
#pragma once
#include <cstddef>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The progress of a training, for a callback.
struct training_progress {
    std::size_t epoch, epochs;  ///< the current epoch, from 1; 0 while the teacher's features are computed
    std::size_t step, steps;    ///< within the epoch
    double loss;                ///< of the step
    double images_per_second;
    double seconds_left;            ///< of the whole run
    std::size_t fold{0}, folds{0};  ///< of cross-fitting, from 1; fold 0: the shipped student
};

}  // namespace rd4ad::inline RD4AD_ABI
