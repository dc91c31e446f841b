// rd4ad/model/checkpoint.hpp: a checkpoint: one safetensors file that scores on its own. Twin: tests/model/checkpoint.cpp
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <system_error>

#include <rd4ad/core/text.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/safetensors.hpp>
#include <rd4ad/io/safetensors_reader.hpp>
#include <rd4ad/model/model.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Value of "format" in a checkpoint's metadata; docs/formats.md lists the other keys.
inline constexpr const char* checkpoint_format = "rd4ad 1";

namespace model_detail {

template <Backend B>
void write_weights(typename B::queue& q, const nn::parameter_table& table, const nn::weights<B>& from, io::tensor_file& to) {
    using T = typename B::value_type;
    write_parameters<T>(table.values, to_host<B>(q, from.values), to);
    write_parameters<T>(table.statistics, to_host<B>(q, from.statistics), to);
}

/// Writes PyTorch's batch counters of a table's batch norms.
inline void write_counters(const nn::parameter_table& table, std::size_t batches, io::tensor_file& to) {
    for (const auto& p : table.statistics)
        if (p.kind == nn::parameter_kind::running_mean)
            to.insert_integer(counter_name(p.name), {}, {static_cast<std::int64_t>(batches)});
}

/// The value of a key in a checkpoint's metadata. Throws format_error if there is none.
[[nodiscard]] inline std::string metadata_value(const std::map<std::string, std::string>& metadata, const std::string& key,
                                                const std::string& file) {
    const auto found = metadata.find(key);
    if (found == metadata.end())
        throw format_error{text(file, ": a checkpoint written by rd4ad train expected, found a file without metadata '", key,
                                "'; if it holds weights of the paper's code, convert it with rd4ad convert")};
    return found->second;
}

/// Throws format_error unless the file has a checkpoint's format.
inline void check_format(const std::string& format, const std::string& file) {
    if (format == checkpoint_format) return;
    const bool resume = format.starts_with("rd4ad resume");
    throw format_error{text(file, ": format '", checkpoint_format, "' expected, found '", format,
                            resume ? "', the file for --resume; give the file beside it, without .resume in its name"
                                   : "'; use the version of rd4ad that wrote the file")};
}

/// The architecture that the metadata names. Throws format_error naming the file.
[[nodiscard]] inline const architecture& architecture_in(const std::string& name, const std::string& file) {
    try {
        return architecture_named(name);
    } catch (const option_error& problem) {
        throw format_error{text(file, ": metadata 'arch': ", problem.what(), "; write the checkpoint again")};
    }
}

/// A whole number of the metadata's settings. Throws format_error naming file and key.
[[nodiscard]] inline std::size_t whole_number(const io::json& from, const std::string& key, const std::string& file) {
    if (!from.contains(key) || !from.at(key).is_number_unsigned())
        throw format_error{text(file, ": a whole number '", key,
                                "' expected in the metadata 'settings', found none; write the checkpoint again")};
    return from.at(key).get<std::size_t>();
}

/// One number per colour channel of the metadata's settings. Throws format_error naming file and key.
[[nodiscard]] inline std::array<float, 3> rgb_numbers(const io::json& from, const std::string& key, const std::string& file) {
    if (const auto found = io::three_numbers(from, key)) return *found;
    throw format_error{
        text(file, ": three numbers '", key, "' expected in the metadata 'settings', found none; write the checkpoint again")};
}

[[nodiscard]] inline io::json settings_to_json(const model_settings& settings, std::size_t batches) {
    return {{"height", settings.height},
            {"width", settings.width},
            {"preprocessing", data::to_json(settings.preprocessing)},
            {"mean", settings.normalisation.mean},
            {"deviation", settings.normalisation.deviation},
            {"batches", batches}};
}

/// The preprocessing of a checkpoint's settings. Checkpoints of earlier versions call it "view"; the first ones have none and
/// squash every image to the network's size.
[[nodiscard]] inline data::preprocessing preprocessing_in(const io::json& settings, std::size_t width, std::size_t height,
                                                          const std::string& file) {
    for (const char* key : {"preprocessing", "view"})
        if (settings.contains(key)) return data::preprocessing_from(settings.at(key), file + ": metadata 'settings'");
    return {.geometry = {.size = width, .height = height == width ? 0 : height}};
}

}  // namespace model_detail

/// Writes teacher ("teacher."), bottleneck ("bn.") and student ("decoder.") under PyTorch's names and in its order, with the
/// settings in the metadata and `training` (JSON) unchanged, and checksums. Values are stored in the backend's type. Atomic: the
/// old file stays until the new one is complete. The model's queue downloads the weights. Throws io_error, and numeric_error
/// naming the tensor or setting that is not finite.
template <Backend B>
void save_checkpoint(const std::filesystem::path& path, model<B>& m, const io::json& training = io::json::object()) {
    using T = typename B::value_type;
    const auto &teacher = m.teacher.layers.table, &trainable = m.trainable.layers.table, &unused = m.unused.table;
    io::tensor_file file;
    model_detail::write_weights<B>(m.queue, teacher, m.teacher.weights, file);
    model_detail::write_weights<B>(m.queue, trainable, m.trainable.weights, file);
    write_parameters<T>(unused.values, m.unused.weights.values, file);
    write_parameters<T>(unused.statistics, m.unused.weights.statistics, file);
    model_detail::write_counters(teacher, 0, file);
    model_detail::write_counters(trainable, m.batches, file);
    model_detail::write_counters(unused, 0, file);
    file.metadata["format"] = checkpoint_format;
    file.metadata["arch"] = std::string{m.arch->name};
    file.metadata["teacher"] = m.settings.teacher;
    file.metadata["settings"] = io::dump_finite_json(model_detail::settings_to_json(m.settings, m.batches), "settings");
    file.metadata["training"] = io::dump_finite_json(training, "training");
    if (!m.settings.calibration.is_null())
        file.metadata["calibration"] = io::dump_finite_json(m.settings.calibration, "calibration");
    write_map_units(m.settings.units, file);
    if (m.settings.roi.kind != data::roi_kind::whole) file.metadata["roi"] = to_json(m.settings.roi).dump();
    io::write_safetensors(path, file);
}

namespace model_detail {

/// The architecture, settings and number of batches that a checkpoint states.
struct checkpoint_description {
    const architecture* arch;
    model_settings settings{};
    std::size_t batches{0};
};

/// Throws as load_checkpoint does.
template <io::NamedTensors Tensors>
[[nodiscard]] checkpoint_description description_in(const Tensors& file) {
    const std::string name = file.path.string();
    const auto value = [&](const std::string& key) { return metadata_value(file.metadata, key, name); };
    check_format(value("format"), name);
    checkpoint_description made{.arch = &architecture_in(value("arch"), name)};
    auto& to = made.settings;
    to.source = name;
    const auto settings = io::parse_json(value("settings"), name);
    to.height = whole_number(settings, "height", name);
    to.width = whole_number(settings, "width", name);
    if (!is_network_size(to.height, to.width))
        throw format_error{text(name, ": the metadata 'settings' state an input of ", to.width, " x ", to.height,
                                " pixels, which no network takes; write the checkpoint again")};
    to.preprocessing = preprocessing_in(settings, to.width, to.height, name);
    made.batches = whole_number(settings, "batches", name);
    to.normalisation = {rgb_numbers(settings, "mean", name), rgb_numbers(settings, "deviation", name)};
    image::check_normalisation(to.normalisation, name);
    to.teacher = value("teacher");
    if (const auto found = file.metadata.find("calibration"); found != file.metadata.end())
        to.calibration = io::parse_json(found->second, name + ": metadata 'calibration'");
    to.units = map_units_of(file);
    if (const auto found = file.metadata.find("roi"); found != file.metadata.end())
        to.roi = data::roi_from(io::parse_json(found->second, name), name + ": metadata 'roi'");
    return made;
}

/// The model of a checkpoint's tensors and metadata. Throws as load_checkpoint does.
template <Backend B>
[[nodiscard]] model<B> model_from(const io::safetensors_reader& file, const model_options& options) {
    auto described = description_in(file);
    file.prefetch();
    model<B> m{*described.arch, options};
    m.settings = std::move(described.settings);
    m.batches = described.batches;
    load_teacher(m, file);
    load_trainable(m, file);
    file.finish();
    return m;
}

}  // namespace model_detail

/// Reads a checkpoint that `save_checkpoint` wrote, from any backend. Throws io_error; format_error where the file is no
/// checkpoint, differs from its checksums, or does not hold the network that its metadata names; numeric_error naming the tensors
/// or settings that are not finite.
template <Backend B>
[[nodiscard]] model<B> load_checkpoint(const std::filesystem::path& path, const model_options& options = {}) {
    return model_detail::model_from<B>(io::safetensors_reader{path, {.verify = options.verify}}, options);
}

/// Reads a checkpoint from memory: the bytes of such a file, from a resource, a database or the network. name: starts the
/// messages, in place of a path. The bytes are not needed after the call. Throws as for a file.
template <Backend B>
[[nodiscard]] model<B> load_checkpoint(std::span<const std::byte> bytes, const std::string& name,
                                       const model_options& options = {}) {
    return model_detail::model_from<B>(io::safetensors_reader{bytes, name, {.verify = options.verify}}, options);
}

/// A checkpoint's calibration as score/calibration_json.hpp writes it; null: none. Throws io_error, format_error.
[[nodiscard]] inline io::json calibration_in(const std::filesystem::path& checkpoint, const io::read_options& options = {}) {
    const auto metadata = io::read_safetensors_metadata(checkpoint, options);
    const auto found = metadata.find("calibration");
    if (found == metadata.end()) return {};
    return io::parse_json(found->second, checkpoint.string() + ": metadata 'calibration'");
}

/// Replaces a checkpoint's calibration (as score/calibration_json.hpp writes it), and its region of interest unless `roi` is the
/// whole image. A symbolic link stays, and leads to the changed file. Atomic. Throws io_error; format_error, also for a
/// checkpoint that differs from its checksums, which new ones would hide; numeric_error for a calibration that is not finite.
inline void replace_calibration(const std::filesystem::path& checkpoint, const io::json& calibration,
                                const data::region_of_interest& roi = {}) {
    const auto content = io::dump_finite_json(calibration, checkpoint.string() + ": calibration");
    auto file = io::read_safetensors(checkpoint);
    file.metadata["calibration"] = content;
    if (roi.kind != data::roi_kind::whole) file.metadata["roi"] = to_json(roi).dump();
    std::error_code failed;
    const auto target = std::filesystem::canonical(checkpoint, failed);
    io::write_safetensors(failed ? checkpoint : target, file);
}

/// The training settings and losses that a checkpoint was saved with. Throws io_error, format_error.
[[nodiscard]] inline io::json training_of(const std::filesystem::path& checkpoint, const io::read_options& options = {}) {
    const auto metadata = io::read_safetensors_metadata(checkpoint, options);
    const auto found = metadata.find("training");
    return found == metadata.end() ? io::json::object() : io::parse_json(found->second, checkpoint.string());
}

}  // namespace rd4ad::inline RD4AD_ABI
