// rd4ad/train/checkpoint_data.hpp: keeps a training from replacing the model of another data set. Twin:
// tests/train/checkpoint_data.cpp
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/identity.hpp>
#include <rd4ad/io/output_folder.hpp>
#include <rd4ad/io/safetensors.hpp>
#include <rd4ad/model/checkpoint.hpp>
#include <rd4ad/train/options.hpp>
#include <rd4ad/train/resume.hpp>

namespace rd4ad::inline RD4AD_ABI {

namespace train_detail {

/// Whether a file is a safetensors file whose metadata "format" is the given one.
[[nodiscard]] inline bool has_format(const std::filesystem::path& path, const char* format) {
    try {
        const auto file = io::read_safetensors(path);
        const auto found = file.metadata.find("format");
        return found != file.metadata.end() && found->second == format;
    } catch (const error&) {
        return false;
    }
}

}  // namespace train_detail

/// The identity of the data set that a checkpoint was trained on; nullopt for a checkpoint that does not record it. Throws
/// io_error, format_error.
[[nodiscard]] inline std::optional<data::identity> data_of(const std::filesystem::path& checkpoint) {
    const auto training = training_of(checkpoint);
    return training.contains("data") ? data::identity_from(training.at("data")) : std::nullopt;
}

/// Throws option_error (checkpoint, both data sets, remedy) unless a training on a data set may write options.checkpoint and its
/// resume file: nothing is there, or a checkpoint of this data set is, or options.overwrite. A training that resumes continues
/// a checkpoint without a record, and never one of another data set.
inline void check_checkpoint_data(const train_options& options, const data::identity& of) {
    const auto& path = options.checkpoint;
    if (path.empty()) return;
    const auto refuse = [&](const std::string& found) {
        throw option_error{text(path, ": ", found, ", and this training is on '", of.name, "' with ", of.images,
                                " training images; give another folder or file",
                                options.resume ? "" : ", or --overwrite to replace it")};
    };
    std::error_code ignored;
    if (!options.resume) {
        io::check_replaceable(path, options.overwrite,
                              [](const auto& file) { return train_detail::has_format(file, checkpoint_format); });
        io::check_replaceable(resume_path(path), options.overwrite,
                              [](const auto& file) { return train_detail::has_format(file, train_detail::resume_format); });
    }
    if (!std::filesystem::exists(path, ignored) || (options.overwrite && !options.resume)) return;
    const auto found = data_of(path);
    if (found && !data::is_same_data(*found, of))
        refuse(text("is the model of another data set, '", found->name, "' with ", found->images, " training images"));
    if (!found && !options.resume) refuse("is a model whose data set is not recorded");
}

}  // namespace rd4ad::inline RD4AD_ABI
