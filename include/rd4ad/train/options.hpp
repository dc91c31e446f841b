// rd4ad/train/options.hpp: the options of a training; the defaults are the paper's. Twin: tests/train/trainer.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>

#include <rd4ad/data/preprocessing.hpp>
#include <rd4ad/train/spike_guards.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The progress of a training, for a callback.
struct training_progress {
    std::size_t epoch, epochs;  ///< the current epoch, from 1; 0 while the teacher's features are computed
    std::size_t step, steps;    ///< within the epoch
    double loss;                ///< of the step
    double images_per_second;
    double seconds_left;
};

/// Options of `train`.
struct train_options {
    std::size_t epochs{200};
    std::size_t batch{16};
    std::size_t size{256};  ///< of a fitted image, see `fit`; a multiple of 32
    std::size_t height{0};  ///< of squashed images; 0: size
    image::fit fit{image::fit::squash};
    std::size_t crop{0};            ///< side of the centre crop of the fitted image; 0: no crop
    data::patch_options patches{};  ///< cut of the fitted image; by default one patch
    double learning_rate{0.005};
    double beta1{0.5}, beta2{0.999};
    spike_guards guards{};                          ///< off by default
    std::uint64_t seed{111};                        ///< of the order of the images (in make_model, of the initial values)
    double validation{0.1};                         ///< share of the good images held out to calibrate; fewer than 2: none
    double false_alarm_rate{0.01};                  ///< for which the threshold is set
    std::filesystem::path checkpoint{};             ///< file to save to; empty: none
    std::size_t save_every{10};                     ///< epochs between saves; the end is always saved
    bool resume{false};                             ///< continue from the checkpoint and the resume file beside it
    std::size_t cache_bytes{std::size_t{4} << 30};  ///< of teacher features in memory; larger caches use a mapped file
    std::function<void(const training_progress&)> progress{};
    std::function<bool()> should_stop{};  ///< called after each step; true: save and return
};

/// The preprocessing that the options describe. Native images have the size of their patches.
[[nodiscard]] inline data::preprocessing preprocessing_of(const train_options& options) {
    data::preprocessing made{{options.fit, options.size, options.crop, options.height}, options.patches};
    made.patches.multiple = image::size_step;
    if (options.fit == image::fit::native && options.patches.size != 0) made.geometry.size = options.patches.size;
    return made;
}

}  // namespace rd4ad::inline RD4AD_ABI
