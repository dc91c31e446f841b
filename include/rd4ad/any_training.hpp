// rd4ad/any_training.hpp: training in a backend that the program chooses when it runs, compiled in the library rd4ad::compiled.
// Twin: tests/any/any_detector.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/any/convert.hpp>
#include <rd4ad/any/engine.hpp>
#include <rd4ad/any_detector.hpp>
#include <rd4ad/core/outcome.hpp>
#include <rd4ad/data/patches.hpp>
#include <rd4ad/image/fit_options.hpp>
#include <rd4ad/train/progress.hpp>
#include <rd4ad/train/training_image.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Options of train_checkpoint: those of train_options that products set; the others have their defaults.
struct any_train_options {
    std::string arch{};     ///< empty: that of the teacher's weights; resnet18 for the built-in teacher and none
    std::string teacher{};  ///< file of a teacher's weights; empty: the built-in one; "none": an untrained one
    std::span<const std::byte> teacher_bytes{};  ///< a teacher's weights in memory, named by `teacher` in messages
    std::size_t steps{0};                        ///< training steps; 0: by the number of images
    std::size_t epochs{0};                       ///< passes over the images, in place of steps
    std::size_t batch{8};
    std::size_t size{256};  ///< of a fitted image; a multiple of 32
    std::size_t height{0};  ///< of squashed images; 0: size
    image::fit fit{image::fit::squash};
    std::size_t crop{0};            ///< side of the centre crop of the fitted image; 0: no crop
    data::patch_options patches{};  ///< cut of the fitted image; by default one patch
    /// The value of white in 16-bit PNG and TIFF files, 4095 for 12 bits; 0: found among the training images, 65535 if they are
    /// no such files. The checkpoint keeps it. Views state their own.
    std::uint32_t white_level{0};
    std::uint64_t seed{111};
    std::string calibration{"auto"};                ///< images that set the threshold: "auto", "cross", "hold-out" or "none"
    double validation{0.1};                         ///< share of the good images that "hold-out" keeps
    std::size_t folds{4};                           ///< students of "cross"
    double false_alarm_rate{0};                     ///< for which the threshold is set; 0: by the number of scores
    bool skip_bad_images{false};                    ///< trains without the images that can't be used
    bool without_suspects{false};                   ///< trains without the good images that may show a defect
    bool resume{false};                             ///< continues from the checkpoint and the resume file beside it
    bool overwrite{false};                          ///< replaces a file of others and another data set's model
    std::size_t save_every{10};                     ///< epochs between saves; the end is always saved
    std::size_t cache_bytes{std::size_t{4} << 30};  ///< of teacher features in memory; more go to a file
    std::function<void(const training_progress&)> progress{};  ///< after each step and each batch of features
    std::stop_token stop{};  ///< after the current step: saves and returns; before the first step: throws stopped_error
};

/// The record of a train_checkpoint.
struct any_training {
    /// A good image that may show a defect.
    struct suspect {
        std::filesystem::path image;
        float raw_score;
    };
    /// An image that the training left out, and why.
    struct left_out {
        std::filesystem::path image;
        failure reason;
    };
    std::size_t steps{0};
    bool stopped{false};  ///< the stop token ended the training; resume continues it
    double seconds{0};
    std::size_t training_images{0}, validation_images{0}, folds{0};
    std::vector<double> losses{};  ///< mean loss per epoch
    std::vector<suspect> suspects{};
    std::vector<left_out> skipped{};
};

namespace any {

/// The boundary's form of the options, which must outlive it.
[[nodiscard]] inline boundary::train_options to_boundary(const any_train_options& options) {
    boundary::train_options plain{
        .arch = options.arch,
        .teacher = options.teacher,
        .teacher_bytes = options.teacher_bytes,
        .steps = options.steps,
        .epochs = options.epochs,
        .batch = options.batch,
        .size = options.size,
        .height = options.height,
        .crop = options.crop,
        .fit = image::to_string(options.fit),
        .patches = {options.patches.per_row, options.patches.per_column, options.patches.size, options.patches.overlap},
        .white_level = options.white_level,
        .seed = options.seed,
        .calibration = options.calibration,
        .validation = options.validation,
        .false_alarm_rate = options.false_alarm_rate,
        .folds = options.folds,
        .skip_bad_images = options.skip_bad_images,
        .without_suspects = options.without_suspects,
        .resume = options.resume,
        .overwrite = options.overwrite,
        .save_every = options.save_every,
        .cache_bytes = options.cache_bytes,
        .progress = {},
        .stop = options.stop};
    if (options.progress)
        plain.progress = [&options](const boundary::training_progress& at) {
            options.progress({.epoch = at.epoch,
                              .epochs = at.epochs,
                              .step = at.step,
                              .steps = at.steps,
                              .loss = at.loss,
                              .images_per_second = at.images_per_second,
                              .seconds_left = at.seconds_left,
                              .fold = at.fold,
                              .folds = at.folds});
        };
    return plain;
}

[[nodiscard]] inline any_training from_boundary(boundary::training from) {
    any_training made{.steps = from.steps,
                      .stopped = from.stopped,
                      .seconds = from.seconds,
                      .training_images = from.training_images,
                      .validation_images = from.validation_images,
                      .folds = from.folds,
                      .losses = std::move(from.losses)};
    for (auto& [image, raw_score] : from.suspects) made.suspects.push_back({image, raw_score});
    for (auto& [image, reason] : from.skipped) made.skipped.push_back({image, any::from_boundary(reason)});
    return made;
}

}  // namespace any

/// Trains a model on the good images of a folder or data set (any layout of data::open), calibrates it and saves it to
/// `checkpoint`, which any_detector opens. The checkpoint is that of the function template train with the same options, bit for
/// bit. Throws as any_detector's constructor, data::open and train do.
inline any_training train_checkpoint(const std::filesystem::path& data, const std::filesystem::path& checkpoint,
                                     const any_train_options& options = {}, const any_options& where = {}) {
    return any::from_boundary(
        any::translate_errors([&] { return any::engine_of(where)->train(data, checkpoint, any::to_boundary(options)); }));
}

/// The same for images that a program hands over one after another. Equal pixels give the weights and the calibration that files
/// give; of each image the training keeps the network's input, a small picture and a fingerprint (see keep_images in
/// train/keep_images.hpp). Throws what `next` throws, too.
inline any_training train_checkpoint(const image_generator& next, const std::filesystem::path& checkpoint,
                                     const any_train_options& options = {}, const any_options& where = {}) {
    const auto plain = [&next]() -> std::optional<boundary::training_image> {
        const auto one = next();
        if (!one) return std::nullopt;
        return boundary::training_image{any::to_boundary(one->view), one->name, one->product};
    };
    return any::from_boundary(
        any::translate_errors([&] { return any::engine_of(where)->train(plain, checkpoint, any::to_boundary(options)); }));
}

/// The same for images in memory, for example views of frames.
inline any_training train_checkpoint(std::span<const training_image> images, const std::filesystem::path& checkpoint,
                                     const any_train_options& options = {}, const any_options& where = {}) {
    const auto next = [images, at = std::size_t{0}]() mutable {
        return at == images.size() ? std::nullopt : std::optional{images[at++]};
    };
    return train_checkpoint(image_generator{next}, checkpoint, options, where);
}

}  // namespace rd4ad::inline RD4AD_ABI
