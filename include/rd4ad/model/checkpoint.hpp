// rd4ad/model/checkpoint.hpp: one safetensors file that scores on its own. Twin: tests/model/checkpoint.cpp
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <rd4ad/io/json.hpp>
#include <rd4ad/io/safetensors.hpp>
#include <rd4ad/model/model.hpp>

namespace rd4ad {

/// Value of "format" in a checkpoint's metadata; docs/formats.md lists the other keys.
inline constexpr const char* checkpoint_format = "rd4ad 1";

namespace detail {
template <Backend B>
void write_weights(typename B::queue& q, const nn::parameter_table& table, const nn::weights<B>& from, io::tensor_file& to) {
    using T = typename B::value_type;
    write_parameters<T>(table.values, to_host<B>(q, from.values), to);
    write_parameters<T>(table.statistics, to_host<B>(q, from.statistics), to);
}

/// A whole number of the metadata's JSON; format_error naming file and key.
[[nodiscard]] inline std::size_t whole_number(const io::json& from, const std::string& key, const std::string& file) {
    if (!from.contains(key) || !from.at(key).is_number_unsigned())
        throw format_error{file + ": metadata 'settings' has no whole number '" + key +
                           "': expected an rd4ad checkpoint; write it again"};
    return from.at(key).get<std::size_t>();
}

/// A number for each of R, G and B; format_error naming file and key.
[[nodiscard]] inline std::array<float, 3> numbers_of_colours(const io::json& from, const std::string& key,
                                                             const std::string& file) {
    if (const auto found = io::three_numbers(from, key)) return *found;
    throw format_error{file + ": metadata 'settings' has no three numbers '" + key +
                       "': expected an rd4ad checkpoint; write it again"};
}
}  // namespace detail

/// Writes teacher ("teacher."), bottleneck ("bn.") and student ("decoder.") under PyTorch's names and in its order, with
/// the settings in the metadata; `training` (JSON) is kept as it is given. Atomic: the old file stays until the new one
/// is complete. Values are stored in the backend's type.
template <Backend B>
void save_checkpoint(const std::filesystem::path& path, model<B>& m, const io::json& training = io::json::object()) {
    using T = typename B::value_type;
    io::tensor_file file;
    detail::write_weights<B>(m.queue, m.teacher_net.table, m.teacher, file);
    detail::write_weights<B>(m.queue, m.trained_net.table, m.trained, file);
    write_parameters<T>(m.unused_table.values, m.unused.values, file);
    write_parameters<T>(m.unused_table.statistics, m.unused.statistics, file);
    const auto count = [&](const nn::parameter_table& table, std::size_t batches) {
        for (const auto& p : table.statistics)
            if (p.kind == nn::parameter_kind::running_mean)
                file.insert_integer(counter_name(p.name), {}, {static_cast<std::int64_t>(batches)});
    };
    count(m.teacher_net.table, 0);
    count(m.trained_net.table, m.batches);
    count(m.unused_table, 0);
    file.metadata["format"] = checkpoint_format;
    file.metadata["arch"] = std::string{m.arch->name};
    file.metadata["teacher"] = m.settings.teacher;
    file.metadata["settings"] = io::json{
        {"height", m.settings.height},
        {"width", m.settings.width},
        {"view", data::to_json(m.settings.view)},
        {"mean", m.settings.normalisation.mean},
        {"deviation", m.settings.normalisation.deviation},
        {"batches", m.batches}}.dump();
    file.metadata["training"] = training.dump();
    if (!m.settings.calibration.is_null()) file.metadata["calibration"] = m.settings.calibration.dump();
    io::write_safetensors(path, file);
}

/// Reads a checkpoint written by `save_checkpoint`, by any backend. format_error where the file is none, or does not hold
/// the network its metadata names.
template <Backend B>
[[nodiscard]] model<B> load_checkpoint(const std::filesystem::path& path, const model_options& options = {}) {
    const auto file = io::read_safetensors(path);
    const auto value = [&](const std::string& key) {
        const auto found = file.metadata.find(key);
        if (found == file.metadata.end())
            throw format_error{path.string() + ": metadata '" + key +
                               "' is missing: expected a checkpoint written by rd4ad train; give one as the checkpoint"};
        return found->second;
    };
    if (const auto format = value("format"); format != checkpoint_format)
        throw format_error{path.string() + ": format '" + format + "', but this version reads '" + checkpoint_format +
                           "': use the version of rd4ad that wrote it"};
    model<B> m{architecture_named(value("arch")), options};
    const auto settings = io::parse(value("settings"), path.string());
    m.settings.height = detail::whole_number(settings, "height", path.string());
    m.settings.width = detail::whole_number(settings, "width", path.string());
    // A checkpoint without a view is of a time when all were squashed.
    m.settings.view = settings.contains("view")
                          ? data::view_from(settings.at("view"), path.string() + ": metadata 'settings'")
                          : data::view{.geometry = {.size = m.settings.width,
                                                    .height = m.settings.height == m.settings.width ? 0 : m.settings.height}};
    m.batches = detail::whole_number(settings, "batches", path.string());
    m.settings.normalisation = {detail::numbers_of_colours(settings, "mean", path.string()),
                                detail::numbers_of_colours(settings, "deviation", path.string())};
    m.settings.teacher = value("teacher");
    if (file.metadata.contains("calibration"))
        m.settings.calibration = io::parse(file.metadata.at("calibration"), path.string() + ": metadata 'calibration'");
    load_teacher(m, file);
    load_trained(m, file);
    return m;
}

/// The calibration that a checkpoint carries, as score/calibration.hpp writes it; null: none.
[[nodiscard]] inline io::json calibration_in(const std::filesystem::path& checkpoint) {
    const auto file = io::read_safetensors(checkpoint);
    const auto found = file.metadata.find("calibration");
    return found == file.metadata.end() ? io::json{} : io::parse(found->second, checkpoint.string() + ": metadata 'calibration'");
}

/// Puts another calibration (as score/calibration.hpp writes it) into a checkpoint, and leaves the rest as it is. Atomic.
inline void replace_calibration(const std::filesystem::path& checkpoint, const io::json& calibration) {
    auto file = io::read_safetensors(checkpoint);
    file.metadata["calibration"] = calibration.dump();
    io::write_safetensors(checkpoint, file);
}

/// The training settings and losses a checkpoint was saved with.
[[nodiscard]] inline io::json training_of(const std::filesystem::path& checkpoint) {
    const auto file = io::read_safetensors(checkpoint);
    const auto found = file.metadata.find("training");
    return found == file.metadata.end() ? io::json::object() : io::parse(found->second, checkpoint.string());
}

}  // namespace rd4ad
