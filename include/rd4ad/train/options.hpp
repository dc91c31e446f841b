// rd4ad/train/options.hpp: the settings of a training as a plain struct; the defaults are the paper's recipe. Twin:
// tests/train/trainer.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>

#include <rd4ad/data/view.hpp>
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
    std::size_t size{256};  ///< of a fitted photograph, see `fit`; a multiple of 32
    std::size_t height{0};  ///< of squashed photographs; 0: size
    image::fit fit{image::fit::squash};
    std::size_t crop{0};            ///< centre cut out of the fitted photograph; 0: all of it
    data::patch_options patches{};  ///< how that is cut; by default not at all
    double rate{0.005};             ///< Adam's learning rate
    double beta1{0.5}, beta2{0.999};
    stability stable{};                             ///< measures against spikes in the loss; off
    std::uint64_t seed{111};                        ///< of the order of the images (and, in make_model, of the first values)
    double validation{0.1};                         ///< share of the good images held out, to calibrate; less than 2: none
    double false_alarm_rate{0.01};                  ///< that the threshold is set for
    std::filesystem::path checkpoint{};             ///< where to save; empty: nowhere
    std::size_t save_every{10};                     ///< epochs from one saving to the next; the end is always saved
    bool resume{false};                             ///< go on from the checkpoint and the resume file beside it
    std::size_t cache_bytes{std::size_t{4} << 30};  ///< of teacher's features in memory; more go to a mapped file
    std::function<void(const training_progress&)> progress{};
    std::function<bool()> should_stop{};  ///< asked after each step; true: save and return
};

/// The view that the options describe; native photographs have their patches' size.
[[nodiscard]] inline data::view view_of(const train_options& o) {
    data::view made{{o.fit, o.size, o.crop, o.height}, o.patches};
    made.patches.multiple = image::size_step;
    if (o.fit == image::fit::native && o.patches.size != 0) made.geometry.size = o.patches.size;
    return made;
}

}  // namespace rd4ad
