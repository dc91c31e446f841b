// rd4ad/train/check_options.hpp: refuses options that no training can follow, before anything is computed. Twin:
// tests/train/trainer.cpp
#pragma once
#include <cmath>
#include <cstddef>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/train/augmentation.hpp>
#include <rd4ad/train/options.hpp>
#include <rd4ad/train/roles.hpp>

namespace rd4ad::inline RD4AD_ABI::train_detail {

/// Throws data_error without images, option_error naming the option, its value and its range.
inline void check_options(const train_options& options, std::size_t images) {
    if (images == 0)
        throw data_error{"the data set has no training images; give a folder with train/good, or a folder of images"};
    const auto require = [](bool holds, const char* name, double value, const char* expected) {
        if (!holds) throw option_error{text(name, ' ', io::json(value).dump(), "; ", expected, " expected")};
    };
    const auto share = [](double value) { return value >= 0 && value <= 1; };
    if (options.batch == 0) throw option_error{"batch 0; at least one image per step expected"};
    if (constexpr std::size_t most = 1'000'000'000; options.batch > most)  // sums with it must not overflow
        throw option_error{text("batch ", options.batch, "; at most ", most, " images per step expected")};
    if (options.save_every == 0) throw option_error{"save_every 0; 1 or more epochs expected"};
    if (options.folds < 2) throw option_error{text("folds ", options.folds, "; 2 or more expected")};
    require(options.learning_rate > 0 && std::isfinite(options.learning_rate), "learning rate", options.learning_rate,
            "a finite number above 0");
    const auto decay = [](double value) { return value >= 0 && value < 1; };
    require(decay(options.beta1), "beta1", options.beta1, "a number of at least 0 and below 1");
    require(decay(options.beta2), "beta2", options.beta2, "a number of at least 0 and below 1");
    require(options.weight_decay >= 0 && std::isfinite(options.weight_decay), "weight decay", options.weight_decay,
            "0 (off) or a small number above it");
    require(share(options.schedule.warm_up), "warm-up", options.schedule.warm_up, "a share of the steps from 0 to 1");
    require(share(options.schedule.final_rate), "final rate", options.schedule.final_rate,
            "a share of the learning rate from 0 to 1");
    require(options.ema >= 0 && options.ema < 1, "ema", options.ema, "0 (off) or a decay below 1, such as 0.99");
    require(options.stop_when_flat >= 0 && options.stop_when_flat < 1, "stop when flat", options.stop_when_flat,
            "0 (never) or a share of the loss below 1, such as 0.01");
    if (options.stop_when_flat > 0 && options.schedule.final_rate != 1)
        throw option_error{text("stop when flat ", io::json(options.stop_when_flat).dump(),
                                ": found a learning rate that falls to ", io::json(options.schedule.final_rate).dump(),
                                " of itself, whose last steps are needed; expected a constant one: use the final rate 1")};
    require(options.guards.variance_guard >= 0 && std::isfinite(options.guards.variance_guard), "variance guard",
            options.guards.variance_guard, "0 (off) or a small number above it");
    require(options.validation >= 0 && options.validation <= 0.9, "validation share", options.validation, "0 to 0.9");
    require(options.fold_steps > 0 && options.fold_steps <= 1, "fold steps", options.fold_steps,
            "a share of the shipped student's steps above 0 and up to 1");
    require(options.false_alarm_rate >= 0 && options.false_alarm_rate < 1, "false-alarm rate", options.false_alarm_rate,
            "0 (by the number of images) or a number below 1");
}

/// Throws option_error for an option that the images in these roles can't serve: units of the map with too few images that
/// calibrate, suspects without cross-fitting.
inline void check_roles(const train_options& options, const training_roles& roles) {
    const bool cross = roles.calibrate_by == calibration_images::cross;
    const std::size_t calibrating = cross ? roles.training.size() : roles.validation.size();
    const std::size_t least = options.map == map_choice::positions ? 3 : options.map == map_choice::scales ? 2 : 0;
    if (calibrating < least)
        throw option_error{text("map ", to_string(options.map), ": its units come from at least ", least,
                                " images that calibrate, found ", calibrating, " by calibration ", to_string(roles.calibrate_by),
                                " of ", roles.files.size(),
                                " images; use --calibration cross, give more images, or use the map paper")};
    if (options.without_suspects && !cross)
        throw option_error{
            text("without suspects: only cross-fitting finds suspects among the training images, found calibration ",
                 to_string(roles.calibrate_by), "; use --calibration cross, or leave --without-suspects out")};
}

/// Throws option_error for turns of inputs that are not square.
inline void check_augmentation(const augmentation& by, std::size_t height, std::size_t width) {
    if (by.turns && height != width)
        throw option_error{text("augmentation ", to_string(by), ": quarter turns need square inputs, found ", width, " x ",
                                height, "; leave turns out, or choose a square size")};
}

/// Throws option_error if a batch norm would see one value per channel.
inline void check_batches(const train_options& options, std::size_t inputs, std::size_t height, std::size_t width) {
    const std::size_t rest = inputs % options.batch, smallest = rest == 0 ? options.batch : rest;
    if (smallest == 1 && height == 32 && width == 32)
        throw option_error{text("a batch of one 32 x 32 image gives batch norm one value per channel, which has no variance (",
                                inputs, " images in batches of ", options.batch,
                                "); use a larger image size, or a batch size with another remainder")};
}

}  // namespace rd4ad::inline RD4AD_ABI::train_detail
