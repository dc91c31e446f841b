// rd4ad/train/settings_json.hpp: a training's settings as JSON, for checkpoints and resume files. Twin:
// tests/train/settings_json.cpp
#pragma once
#include <cstddef>
#include <string>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/random.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/preprocessing.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/train/augmentation.hpp>
#include <rd4ad/train/options.hpp>

namespace rd4ad::inline RD4AD_ABI {

namespace train_detail {

/// A region of interest in a few letters: "whole", or its kind and a hash of its mask, or of the names of its masks.
[[nodiscard]] inline std::string roi_name(const data::region_of_interest& roi) {
    if (roi.kind == data::roi_kind::whole) return to_string(roi.kind);
    auto content = to_json(roi).dump();
    for (const auto& [image, mask] : roi.files) content += mask.filename().string();
    return text(to_string(roi.kind), ' ', hash_name(content));
}

/// The settings that a resumed training shares with the interrupted one.
[[nodiscard]] inline io::json resume_settings(const train_options& options, std::size_t images) {
    auto json = data::to_json(preprocessing_of(options));
    json.update({{"batch", options.batch},
                 {"learning_rate", options.learning_rate},
                 {"beta1", options.beta1},
                 {"beta2", options.beta2},
                 {"seed", options.seed},
                 {"validation", options.validation},
                 {"images", images},
                 {"variance_guard", options.guards.variance_guard},
                 {"reset_every", options.guards.reset_every},
                 {"weight_decay", options.weight_decay},
                 {"warm_up", options.schedule.warm_up},
                 {"final_rate", options.schedule.final_rate},
                 {"hard_mining", options.hard_mining},
                 {"ema", options.ema},
                 {"stop_when_flat", options.stop_when_flat},
                 {"augment", to_string(options.augment)},
                 {"calibration", to_string(options.calibrate_by)},
                 {"folds", options.folds},
                 {"fold_steps", options.fold_steps},
                 {"without_suspects", options.without_suspects},
                 {"map", to_string(options.map)},
                 {"roi", roi_name(options.roi)}});
    // A schedule depends on the number of steps; a constant rate can go on for longer than it was planned.
    const bool constant = options.schedule.warm_up == 0 && options.schedule.final_rate == 1 && !options.hard_mining;
    if (!constant) json.update({{"epochs", options.epochs}, {"steps", options.steps}});
    return json;
}

/// Settings as an earlier version wrote them, under today's keys: "rate" is the learning rate. Earlier versions trained by the
/// paper's recipe, without spike guards at first. Throws format_error that starts with `where` for JSON that is no object.
[[nodiscard]] inline io::json upgraded_settings(io::json settings, const std::string& where) {
    if (!settings.is_object())
        throw format_error{text(where, ": its training settings can't be read: found no JSON object; train again")};
    if (settings.contains("rate") && !settings.contains("learning_rate")) settings["learning_rate"] = settings.at("rate");
    train_options paper;
    use_paper_recipe(paper);
    const auto defaults = resume_settings(paper, 0);
    for (const auto& [key, value] : defaults.items())
        if (!settings.contains(key)) settings[key] = value;
    return settings;
}

}  // namespace train_detail

/// The options with which a checkpoint's student was trained, from the checkpoint's training metadata (training_of):
/// preprocessing, recipe, number of steps, seed and folds. Throws format_error that starts with `where` for other JSON.
[[nodiscard]] inline train_options training_options_from(const io::json& training, const std::string& where) {
    const auto settings = train_detail::upgraded_settings(training, where);
    const auto preprocessing = data::preprocessing_from(settings, where);
    train_options made;
    made.fit = preprocessing.geometry.fit, made.size = preprocessing.geometry.size, made.height = preprocessing.geometry.height;
    made.crop = preprocessing.geometry.crop, made.patches = preprocessing.patches;
    made.white_level = preprocessing.white_level;
    try {
        const auto number = [&](const char* key) { return settings.at(key).get<double>(); };
        const auto count = [&](const char* key) { return std::size_t{io::whole_number(settings.at(key))}; };
        made.batch = count("batch"), made.seed = count("seed"), made.folds = count("folds");
        made.learning_rate = number("learning_rate"), made.beta1 = number("beta1"), made.beta2 = number("beta2");
        made.weight_decay = number("weight_decay"), made.fold_steps = number("fold_steps");
        made.schedule = {.warm_up = number("warm_up"), .final_rate = number("final_rate")};
        made.hard_mining = settings.at("hard_mining").get<bool>();
        made.ema = number("ema"), made.stop_when_flat = number("stop_when_flat");
        made.augment = augmentation_from(settings.at("augment").get<std::string>());
        made.guards = {.variance_guard = number("variance_guard"), .reset_every = count("reset_every")};
        if (settings.contains("total_steps"))
            made.steps = count("total_steps");
        else
            made.epochs = count("epochs");
    } catch (const io::json::exception& problem) {
        throw format_error{text(where, ": its training settings can't be read: ", problem.what(), "; train again")};
    } catch (const option_error& problem) {
        throw format_error{text(where, ": its training settings can't be read: ", problem.what(), "; train again")};
    }
    return made;
}

}  // namespace rd4ad::inline RD4AD_ABI
