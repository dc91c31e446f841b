// rd4ad/train/options.hpp: the options of a training, and the paper's recipe. Twin: tests/train/trainer.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include <rd4ad/core/communicator.hpp>
#include <rd4ad/core/outcome.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/preprocessing.hpp>
#include <rd4ad/data/region_of_interest.hpp>
#include <rd4ad/train/augmentation.hpp>
#include <rd4ad/train/progress.hpp>
#include <rd4ad/train/schedule.hpp>
#include <rd4ad/train/spike_guards.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The photographs whose raw scores calibrate a model.
enum class calibration_images {
    automatic,  ///< the data set's validation images, else hold_out if that gives at least 60 images, else cross
    cross,      ///< all training images, each scored by a student that was not trained on it (cross-fitting)
    hold_out,   ///< the share `validation` of the training images, which no student is trained on
    none        ///< no calibration
};

/// The units in which the anomaly map's three scales add up.
enum class map_choice {
    automatic,  ///< positions where good images say that position matters, else scales; paper without calibration images
    paper,      ///< the plain sum
    scales,     ///< a factor per scale
    positions   ///< a factor per scale, and a mean and spread per position
};

/// Options of `train`.
struct train_options {
    std::size_t epochs{0};  ///< passes over the inputs; 0: `steps`
    std::size_t steps{0};   ///< training steps of the student; 0: default_steps; only if epochs is 0
    std::size_t batch{8};
    std::size_t size{256};  ///< of a fitted image, see `fit`; a multiple of 32
    std::size_t height{0};  ///< of squashed images; 0: size
    image::fit fit{image::fit::squash};
    std::size_t crop{0};             ///< side of the centre crop of the fitted image; 0: no crop
    data::patch_options patches{};   ///< cut of the fitted image; by default one patch
    std::uint32_t white_level{0};    ///< the value of white in 16-bit PNG and TIFF files; 0: 65535
    data::region_of_interest roi{};  ///< the part of the images that trains and calibrates (data::open_roi); one mask for all
                                     ///< stays in the model
    double learning_rate{0.005};
    double beta1{0.5}, beta2{0.999};
    double weight_decay{0};  ///< AdamW's; see nn::adam_options
    rate_schedule schedule{.warm_up = 0.05, .final_rate = 0};
    bool hard_mining{true};  ///< gradients from hard positions only; see loss_options
    double ema{0};           ///< decay of the weights' average, which then scores; 0: the last step's weights; see update_average
    double stop_when_flat{
        0};                   ///< share; ends a student's training early, at a constant learning rate only; see is_flat. 0: never
    augmentation augment{};   ///< variants of each training input; the features of all of them are kept
    spike_guards guards{};    ///< off by default
    std::uint64_t seed{111};  ///< of the order of the images (in make_model, of the initial values)
    calibration_images calibrate_by{calibration_images::automatic};
    double validation{0.1};        ///< share of the good images that hold_out keeps; fewer than 2: none
    std::size_t folds{4};          ///< of cross-fitting, at least 2
    double fold_steps{0.5};        ///< steps of a fold's student, as a share of the shipped model's, 0..1
    double false_alarm_rate{0};    ///< for which the threshold is set; 0: default_rate of the number of scores
    bool without_suspects{false};  ///< trains the shipped model without the suspects that cross-fitting finds
    map_choice map{map_choice::automatic};
    on_failure bad_images{on_failure::stop};  ///< skip: trains without the images that can't be read and preprocessed
    std::filesystem::path checkpoint{};       ///< file to save to; empty: none
    std::size_t save_every{10};               ///< epochs between saves; the end is always saved
    bool resume{false};                       ///< continue from the checkpoint and the resume file beside it
    bool verify{true};                        ///< compare the resume file with its checksums, if it has some
    bool overwrite{false};                    ///< replace whatever is at `checkpoint`; see check_checkpoint_data
    /// Folders for the model if the last save to `checkpoint` fails: the first one that takes it.
    std::vector<std::filesystem::path> fallback_folders{};
    std::function<void(const std::string&)> save_failed{};     ///< receives the message of a failed save before the last one
    std::size_t cache_bytes{std::size_t{4} << 30};             ///< of teacher features in memory; larger caches use a mapped file
    std::function<void(const training_progress&)> progress{};  ///< called after each step and each batch of features
    /// The processes that train one model together: each calls `train` with equal models, images and options, computes its share
    /// of every batch, and ends with the same bits. Rank 0 alone writes files. Null: this process trains alone.
    communicator* ranks{nullptr};
    /// A requested stop is answered after the current batch: a run that has begun to train saves and returns, and can be resumed;
    /// before that train throws stopped_error, and no file has changed.
    std::stop_token stop{};
};

/// The default number of training steps for a number of inputs.
[[nodiscard]] constexpr std::size_t default_steps(std::size_t inputs) noexcept { return inputs < 80 ? 320 : 480; }

/// Replaces the recipe of the options by the paper's: 200 epochs at a constant learning rate, all positions, the map as the plain
/// sum, a held-out share that calibrates. Source: the paper's code.
inline void use_paper_recipe(train_options& options) {
    options.epochs = 200, options.steps = 0;
    options.batch = 16, options.learning_rate = 0.005, options.beta1 = 0.5, options.beta2 = 0.999, options.weight_decay = 0;
    options.schedule = {.warm_up = 0, .final_rate = 1};
    options.hard_mining = false;
    options.calibrate_by = calibration_images::hold_out;
    options.map = map_choice::paper;
}

/// "auto", "cross", "hold-out" or "none".
[[nodiscard]] constexpr std::string_view to_string(calibration_images images) noexcept {
    constexpr std::string_view names[]{"auto", "cross", "hold-out", "none"};
    return names[static_cast<std::size_t>(images)];
}

/// "auto", "paper", "scales" or "positions".
[[nodiscard]] constexpr std::string_view to_string(map_choice choice) noexcept {
    constexpr std::string_view names[]{"auto", "paper", "scales", "positions"};
    return names[static_cast<std::size_t>(choice)];
}

/// The preprocessing that the options describe. Native images have the size of their patches.
[[nodiscard]] inline data::preprocessing preprocessing_of(const train_options& options) {
    data::preprocessing made{{options.fit, options.size, options.crop, options.height}, options.patches, options.white_level};
    made.patches.multiple = image::size_step;
    if (options.fit == image::fit::native && options.patches.size != 0) made.geometry.size = options.patches.size;
    return made;
}

}  // namespace rd4ad::inline RD4AD_ABI
