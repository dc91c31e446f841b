// rd4ad/train/save_training.hpp: writes the model and the resume file of a training, where there is space. Twin:
// tests/train/checkpoint_data.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/log.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/identity.hpp>
#include <rd4ad/io/atomic_file.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/model/checkpoint.hpp>
#include <rd4ad/train/log.hpp>
#include <rd4ad/train/options.hpp>
#include <rd4ad/train/resume.hpp>
#include <rd4ad/train/settings_json.hpp>

namespace rd4ad::inline RD4AD_ABI::train_detail {

/// The training metadata of a checkpoint.
template <Backend B>
[[nodiscard]] io::json training_json(const train_options& options, const data::identity& data, const resume_state<B>& at,
                                     const training_log& log) {
    auto json = resume_settings(options, log.training_images);
    json["data"] = to_json(data);
    json["validation_images"] = log.validation_images;
    json["total_steps"] = log.steps;
    json["losses"] = at.student.losses;
    io::json suspects = io::json::array();
    for (const auto& one : log.suspects) suspects.push_back(to_json(one));
    json["suspects"] = std::move(suspects);
    if (at.fold < at.folds) json["unfinished"] = text("cross-fitting, fold ", at.fold + 1, " of ", at.folds);
    return json;
}

/// Checks that the folder of the checkpoint takes the model and the resume file. Throws io_error as io::probe_folder does.
template <Backend B>
void check_space(const model<B>& m, const scale_maps& distances, std::size_t folds, bool averages,
                 const std::filesystem::path& checkpoint) {
    const auto count = [](const nn::weights<B>& of) { return of.values.count() + of.statistics.count(); };
    const std::uintmax_t student = count(m.trainable.weights), of_distances = sizeof(float) * distances.values.size();
    const std::uintmax_t unused = m.unused.weights.values.size() + m.unused.weights.statistics.size();
    const std::uintmax_t model_bytes = sizeof(typename B::value_type) * (count(m.teacher.weights) + student + unused);
    const std::uintmax_t students = 3u + (folds > 0 ? 1u : 0u) + (averages ? 1u : 0u);
    const std::uintmax_t resume_bytes = sizeof(typename B::value_type) * students * student + of_distances;
    // A save needs space for a second copy of the larger file, until that replaces the old one.
    const std::uintmax_t all = model_bytes + resume_bytes + std::max(model_bytes, resume_bytes);
    std::uintmax_t there = 0;
    for (const auto& file : {checkpoint, resume_path(checkpoint)}) {
        std::error_code none;
        if (const auto size = std::filesystem::file_size(file, none); !none) there += size;
    }
    io::probe_folder(io::folder_of(checkpoint), all - std::min(all, there));
}

[[nodiscard]] inline std::string saved_as(const std::filesystem::path& path) {
    return text("; the model is saved as ", path, ", and --resume can't continue this training");
}

/// Saves the model to the first fallback folder that takes it. Returns where it is.
template <Backend B>
[[nodiscard]] std::string save_elsewhere(model<B>& m, const train_options& options, const io::json& training) {
    for (const auto& folder : options.fallback_folders) {
        auto path = folder / options.checkpoint.filename();
        std::error_code ignored;
        for (std::size_t i = 2; std::filesystem::exists(std::filesystem::symlink_status(path, ignored)); ++i)
            path = folder / text(options.checkpoint.stem(), '-', i, options.checkpoint.extension());
        try {
            save_checkpoint(path, m, training);
            return saved_as(path);
        } catch (const io_error&) {  // the message is the first failure's
        }
    }
    return "; the model is not saved";
}

/// Saves the model first, then by save_rest() the larger resume file. A failure before the last save does not end the training:
/// options.save_failed receives it. Throws io_error for the last one, with where the model is.
template <Backend B, class SaveRest>
void save_training(model<B>& m, const train_options& options, const io::json& training, bool last, const SaveRest& save_rest) {
    bool has_model = false;
    try {
        save_checkpoint(options.checkpoint, m, training);
        has_model = true;
        save_rest();
        write_log(log_level::info, "a checkpoint is saved", {{"path", options.checkpoint.string()}});
    } catch (const io_error& problem) {
        if (last)
            throw io_error{text(problem.what(), has_model ? saved_as(options.checkpoint) : save_elsewhere(m, options, training))};
        write_log(log_level::warning, "a save failed; the training goes on, and its end saves again",
                  {{"reason", problem.what()}});
        if (options.save_failed) options.save_failed(problem.what());
    }
}

}  // namespace rd4ad::inline RD4AD_ABI::train_detail
