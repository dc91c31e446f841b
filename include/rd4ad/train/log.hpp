// rd4ad/train/log.hpp: the record of a training run. Twin: tests/train/trainer.cpp
#pragma once
#include <cstddef>
#include <filesystem>
#include <vector>

#include <rd4ad/core/outcome.hpp>
#include <rd4ad/score/suspect_image.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// An image that a training left out because it can't be read or preprocessed.
struct skipped_image {
    std::filesystem::path image{};
    failure reason{};
};

/// The record of a training run.
struct training_log {
    std::vector<double> losses;             ///< mean loss per epoch of the shipped student, those before a resume included
    std::size_t steps{0};                   ///< of the shipped student
    bool stopped{false};                    ///< the stop token ended the run before the last step
    double seconds{0};                      ///< of this run
    std::size_t training_images{0};         ///< images trained on
    std::size_t validation_images{0};       ///< images held out; they calibrate the model if there are any
    std::size_t folds{0};                   ///< of cross-fitting; 0: none
    std::vector<suspect_image> suspects{};  ///< with pictures, the largest raw score first; they do not calibrate the model
    std::vector<skipped_image> skipped{};   ///< under train_options::bad_images == skip, in the data set's order
};

}  // namespace rd4ad::inline RD4AD_ABI
