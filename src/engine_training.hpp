// A part of src/engine.cpp: the options and the model of a training behind the boundary.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <rd4ad/any/engine.hpp>
#include <rd4ad/core/log.hpp>
#include <rd4ad/data/items.hpp>
#include <rd4ad/image/white_level.hpp>
#include <rd4ad/model/teacher_weights.hpp>
#include <rd4ad/train/options.hpp>

#include "engine.hpp"
#include "engine_detector.hpp"

namespace rd4ad::inline RD4AD_ABI::compiled_engine {

namespace {

/// The calibration_images that to_string calls by this name.
[[nodiscard]] calibration_images calibration_images_of(std::string_view name) {
    for (const auto one :
         {calibration_images::automatic, calibration_images::cross, calibration_images::hold_out, calibration_images::none})
        if (to_string(one) == name) return one;
    throw option_error{text("calibration \"", name, "\" is unknown; expected auto, cross, hold-out or none")};
}

[[nodiscard]] rd4ad::train_options training_of(const boundary::train_options& from, const fs::path& checkpoint, bool verify) {
    const auto& [per_row, per_column, size, overlap] = from.patches;
    rd4ad::train_options made{.epochs = from.epochs, .steps = from.steps, .batch = from.batch, .size = from.size};
    made.height = from.height;
    made.fit = image::fit_of(from.fit);
    made.crop = from.crop;
    made.patches.per_row = per_row, made.patches.per_column = per_column;
    made.patches.size = size, made.patches.overlap = overlap;
    made.white_level = from.white_level == data::max_white_level ? 0 : from.white_level;
    made.seed = from.seed;
    made.calibrate_by = calibration_images_of(from.calibration);
    made.validation = from.validation;
    made.false_alarm_rate = from.false_alarm_rate;
    made.folds = from.folds;
    made.bad_images = from.skip_bad_images ? on_failure::skip : on_failure::stop;
    made.without_suspects = from.without_suspects;
    made.resume = from.resume;
    made.overwrite = from.overwrite;
    made.save_every = from.save_every;
    made.cache_bytes = from.cache_bytes;
    made.verify = verify;
    made.checkpoint = checkpoint;
    made.stop = from.stop;
    if (from.progress)
        made.progress = [&from](const rd4ad::training_progress& at) {
            from.progress(
                {at.epoch, at.epochs, at.step, at.steps, at.loss, at.images_per_second, at.seconds_left, at.fold, at.folds});
        };
    return made;
}

/// The level of white of a data set's files, as "rd4ad train --white-level auto" finds it; logged where it is not 65535.
[[nodiscard]] std::uint32_t found_white_level(const data::dataset& set) {
    const auto white = image::find_white_level(data::files_of(set.train));
    if (white != 0)
        write_log(log_level::info, "the level of white is that of the 16-bit training images",
                  {{"white_level", text(white)}, {"bits", text(image::bits_of_white(white))}});
    return white;
}

/// A new model by the options' teacher and architecture.
template <Backend B>
[[nodiscard]] rd4ad::model<B> new_model(const boundary::train_options& from, const model_options& options) {
    const std::string arch = from.arch.empty() ? "resnet18" : from.arch;
    const bool in_memory = !from.teacher_bytes.empty();
    if (!in_memory && from.teacher == "none") return make_model_without_teacher<B>(arch, options);
    if (!in_memory && from.teacher.empty()) {
        const auto embedded = boundary::embedded_teacher();
        auto made =
            make_model<B>(arch, embedded.empty() ? built_in_teacher() : load_weights(embedded, "the built-in teacher"), options);
        made.settings.teacher = built_in_teacher_name;
        return made;
    }
    const auto weights = in_memory ? load_weights(from.teacher_bytes, from.teacher.empty() ? "the teacher" : from.teacher)
                                   : load_weights(fs::path{from.teacher});
    const auto& found = recognise(weights, weights.contains("teacher.conv1.weight") ? "teacher." : "");
    if (!from.arch.empty() && found.name != from.arch)
        throw format_error{
            text(weights.path, ": holds a ", found.name, ", expected ", from.arch, "; leave the architecture empty")};
    return make_model<B>(found, weights, options);
}

}  // namespace

}  // namespace rd4ad::inline RD4AD_ABI::compiled_engine
