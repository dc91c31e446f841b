// rd4ad/train/resume.hpp: all that a training needs to go on bit for bit as if it had never stopped. Twin:
// tests/train/trainer.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/io/json.hpp>
#include <rd4ad/io/safetensors.hpp>
#include <rd4ad/train/options.hpp>
#include <rd4ad/train/step.hpp>

namespace rd4ad {

/// Where a training stands: between two steps.
struct training_position {
    std::size_t epoch{0};              ///< epochs completed
    std::size_t step{0};               ///< steps done of the next epoch
    std::vector<std::size_t> order{};  ///< of the images in that epoch; empty before its first step
    std::uint64_t random_state{0};
    std::vector<double> losses{};  ///< mean loss of each completed epoch
    double loss_sum{0};            ///< of the steps done, weighted by their images
};

/// The resume file beside a checkpoint: part.safetensors has part.resume.safetensors.
[[nodiscard]] inline std::filesystem::path resume_path(std::filesystem::path checkpoint) {
    return checkpoint.replace_extension(".resume.safetensors");
}

namespace detail {
/// The settings that must be the same in a resumed training.
[[nodiscard]] inline io::json resume_settings(const train_options& o, std::size_t images) {
    auto json = data::to_json(view_of(o));
    json.update({{"batch", o.batch},
                 {"rate", o.rate},
                 {"beta1", o.beta1},
                 {"beta2", o.beta2},
                 {"seed", o.seed},
                 {"validation", o.validation},
                 {"images", images},
                 {"variance_guard", o.stable.variance_guard},
                 {"reset_every", o.stable.reset_every}});
    return json;
}
}  // namespace detail

/// Writes weights, moments and position, atomically and in one file, so that no crash can part them.
template <Backend B>
void save_resume(const std::filesystem::path& path, model<B>& m, const optimizer<B>& by, const training_position& at,
                 const train_options& options, std::size_t images) {
    using T = typename B::value_type;
    io::tensor_file file;
    const auto put = [&](const std::string& name, const tensor<B>& t) {
        const auto values = to_host<B>(m.queue, t);
        file.insert<T>(name, {values.size()}, values, sizeof(T) == sizeof(double) ? io::element::f64 : io::element::f32);
    };
    put("values", m.trained.values);
    put("statistics", m.trained.statistics);
    put("first", by.adam.first);
    put("second", by.adam.second);
    file.metadata["format"] = "rd4ad resume 1";
    file.metadata["arch"] = std::string{m.arch->name};
    file.metadata["settings"] = detail::resume_settings(options, images).dump();
    file.metadata["position"] =
        io::json{{"epoch", at.epoch},   {"step", at.step},         {"order", at.order},           {"random", at.random_state},
                 {"losses", at.losses}, {"loss_sum", at.loss_sum}, {"adam_steps", by.adam.steps}, {"batches", m.batches}}
            .dump();
    io::write_safetensors(path, file);
}

/// Takes up what `save_resume` wrote. option_error naming each setting that differs; format_error for another network.
template <Backend B>
[[nodiscard]] training_position load_resume(const std::filesystem::path& path, model<B>& m, optimizer<B>& by,
                                            const train_options& options, std::size_t images) {
    using T = typename B::value_type;
    const auto file = io::read_safetensors(path);
    const auto text = [&](const std::string& key) {
        const auto found = file.metadata.find(key);
        if (found == file.metadata.end())
            throw format_error{path.string() + ": metadata '" + key + "' is missing: expected a resume file written by rd4ad"};
        return found->second;
    };
    if (text("format") != "rd4ad resume 1" || text("arch") != m.arch->name)
        throw format_error{path.string() + ": is '" + text("format") + "' of " + text("arch") +
                           ", expected 'rd4ad resume 1' of " + std::string{m.arch->name} +
                           ": train anew, or give the checkpoint this file lies beside"};
    auto was = io::parse(text("settings"), path.string());
    for (const char* measure : {"variance_guard", "reset_every"})  // a file without them was written without
        if (!was.contains(measure)) was[measure] = 0;
    const auto now = detail::resume_settings(options, images);
    std::string differing;
    for (const auto& [key, value] : now.items())
        if (!was.contains(key) || was.at(key) != value)
            differing += (differing.empty() ? "" : ", ") + key + " was " +
                         (was.contains(key) ? was.at(key).dump() : std::string{"unknown"}) + " and is now " + value.dump();
    if (!differing.empty())
        throw option_error{path.string() + ": the training can't be resumed with other settings (" + differing +
                           "): give the old ones, or train anew"};
    const auto take = [&](const std::string& name, const tensor<B>& t) {
        const auto* found = file.find(name);
        if (found == nullptr || found->count() != t.count())
            throw format_error{path.string() + ": '" + name +
                               "' is missing or has another size: the file is not of this network"};
        B::upload(m.queue, found->template values<T>(), t.data());
    };
    take("values", m.trained.values);
    take("statistics", m.trained.statistics);
    take("first", by.adam.first);
    take("second", by.adam.second);
    const auto p = io::parse(text("position"), path.string());
    by.adam.steps = p.at("adam_steps").template get<std::size_t>();
    m.batches = p.at("batches").template get<std::size_t>();
    return {p.at("epoch").template get<std::size_t>(),
            p.at("step").template get<std::size_t>(),
            p.at("order").template get<std::vector<std::size_t>>(),
            p.at("random").template get<std::uint64_t>(),
            p.at("losses").template get<std::vector<double>>(),
            p.at("loss_sum").template get<double>()};
}

}  // namespace rd4ad
