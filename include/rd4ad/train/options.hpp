// rd4ad/train/options.hpp: the settings of a training as a plain struct; the defaults are the paper's recipe. Twin:
// tests/train/trainer.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>

#include <rd4ad/train/stability.hpp>

namespace rd4ad {

/// How far a training is, for a progress callback.
struct training_progress {
    std::size_t epoch, epochs;  ///< the epoch at work, from 1 on; 0 while the teacher's features are computed
    std::size_t step, steps;    ///< within the epoch
    double loss;                ///< of the step
    double images_per_second;
    double seconds_left;
};

/// Settings of `train`.
struct train_options {
    std::size_t epochs{200};
    std::size_t batch{16};
    std::size_t size{256};  ///< width and height of the network's images; a multiple of 32
    double rate{0.005};     ///< Adam's learning rate
    double beta1{0.5}, beta2{0.999};
    stability stable{};                             ///< measures against spikes in the loss; off
    std::uint64_t seed{111};                        ///< of the order of the images (and, in make_model, of the first values)
    std::filesystem::path checkpoint{};             ///< where to save; empty: nowhere
    std::size_t save_every{10};                     ///< epochs from one saving to the next; the end is always saved
    bool resume{false};                             ///< go on from the checkpoint and the resume file beside it
    std::size_t cache_bytes{std::size_t{4} << 30};  ///< of teacher's features in memory; more go to a mapped file
    std::function<void(const training_progress&)> progress{};
    std::function<bool()> should_stop{};  ///< asked after each step; true: save and return
};

}  // namespace rd4ad
