// rd4ad/train/resume.hpp: the resume file: everything that a training needs to continue bit for bit. Twin:
// tests/train/trainer.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <rd4ad/core/text.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/safetensors.hpp>
#include <rd4ad/train/options.hpp>
#include <rd4ad/train/step.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The state of a training between two steps.
struct training_position {
    std::size_t epoch{0};              ///< epochs completed
    std::size_t step{0};               ///< steps completed of the current epoch
    std::vector<std::size_t> order{};  ///< of the inputs in that epoch; empty before its first step
    std::uint64_t random_state{0};
    std::vector<double> losses{};  ///< mean loss of each completed epoch
    double loss_sum{0};            ///< of the completed steps, weighted by their inputs
};

/// The resume file beside a checkpoint: part.safetensors has part.resume.safetensors.
[[nodiscard]] inline std::filesystem::path resume_path(std::filesystem::path checkpoint) {
    return checkpoint.replace_extension(".resume.safetensors");
}

namespace train_detail {

inline constexpr const char* resume_format = "rd4ad resume 1";

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
                 {"reset_every", options.guards.reset_every}});
    return json;
}

/// Settings as an earlier version wrote them, under today's keys: "rate" is the learning rate, and files without spike guards
/// were written without.
[[nodiscard]] inline io::json upgraded_settings(io::json settings) {
    if (settings.contains("rate") && !settings.contains("learning_rate")) settings["learning_rate"] = settings.at("rate");
    for (const char* guard : {"variance_guard", "reset_every"})
        if (!settings.contains(guard)) settings[guard] = 0;
    return settings;
}

/// Throws option_error naming each setting that differs.
inline void check_resume_settings(const std::string& file, const io::json& saved, const io::json& current) {
    std::string differing;
    for (const auto& [key, value] : current.items())
        if (!saved.contains(key) || saved.at(key) != value)
            differing += text(differing.empty() ? "" : ", ", key, " was ",
                              saved.contains(key) ? saved.at(key).dump() : std::string{"unknown"}, " and is now ", value.dump());
    if (!differing.empty())
        throw option_error{text(file, ": a training resumes with its settings only, but ", differing,
                                "; use the old settings, or train from the start")};
}

}  // namespace train_detail

/// Writes weights, moments and position to one file, atomically, so that a crash cannot separate them. Throws io_error.
template <Backend B>
void save_resume(const std::filesystem::path& path, model<B>& m, const optimizer<B>& by, const training_position& at,
                 const train_options& options, std::size_t images) {
    using T = typename B::value_type;
    io::tensor_file file;
    const auto put = [&](const std::string& name, const tensor<B>& t) {
        const auto values = to_host<B>(m.queue, t);
        file.insert<T>(name, {values.size()}, values, sizeof(T) == sizeof(double) ? io::dtype::f64 : io::dtype::f32);
    };
    put("values", m.trainable.weights.values);
    put("statistics", m.trainable.weights.statistics);
    put("first", by.adam.first);
    put("second", by.adam.second);
    file.metadata["format"] = train_detail::resume_format;
    file.metadata["arch"] = std::string{m.arch->name};
    file.metadata["settings"] = train_detail::resume_settings(options, images).dump();
    file.metadata["position"] =
        io::json{{"epoch", at.epoch},   {"step", at.step},         {"order", at.order},           {"random", at.random_state},
                 {"losses", at.losses}, {"loss_sum", at.loss_sum}, {"adam_steps", by.adam.steps}, {"batches", m.batches}}
            .dump();
    io::write_safetensors(path, file);
}

/// Loads a file of `save_resume` into the model and the optimizer. Throws io_error; option_error naming each setting that
/// differs; format_error for another network or another file.
template <Backend B>
[[nodiscard]] training_position load_resume(const std::filesystem::path& path, model<B>& m, optimizer<B>& by,
                                            const train_options& options, std::size_t images) {
    using T = typename B::value_type;
    const auto file = io::read_safetensors(path);
    const std::string name = path.string();
    const auto value = [&](const std::string& key) {
        const auto found = file.metadata.find(key);
        if (found == file.metadata.end())
            throw format_error{
                text(name, ": a resume file written by rd4ad expected, found a file without metadata '", key, "'")};
        return found->second;
    };
    if (value("format") != train_detail::resume_format || value("arch") != m.arch->name)
        throw format_error{text(name, ": '", train_detail::resume_format, "' of ", m.arch->name, " expected, found '",
                                value("format"), "' of ", value("arch"),
                                "; train from the start, or give the checkpoint that this file belongs to")};
    train_detail::check_resume_settings(name, train_detail::upgraded_settings(io::parse_json(value("settings"), name)),
                                        train_detail::resume_settings(options, images));
    const auto take = [&](const std::string& tensor_name, tensor<B>& to) {
        const auto* found = file.find(tensor_name);
        if (found == nullptr || found->count() != to.count())
            throw format_error{text(name, ": a tensor '", tensor_name, "' of ", to.count(), " values expected, found ",
                                    found == nullptr ? "none" : "another size")};
        B::upload(m.queue, found->template values<T>(), to.data());
    };
    take("values", m.trainable.weights.values);
    take("statistics", m.trainable.weights.statistics);
    take("first", by.adam.first);
    take("second", by.adam.second);
    const auto position = io::parse_json(value("position"), name);
    by.adam.steps = position.at("adam_steps").template get<std::size_t>();
    m.batches = position.at("batches").template get<std::size_t>();
    return {.epoch = position.at("epoch").template get<std::size_t>(),
            .step = position.at("step").template get<std::size_t>(),
            .order = position.at("order").template get<std::vector<std::size_t>>(),
            .random_state = position.at("random").template get<std::uint64_t>(),
            .losses = position.at("losses").template get<std::vector<double>>(),
            .loss_sum = position.at("loss_sum").template get<double>()};
}

}  // namespace rd4ad::inline RD4AD_ABI
