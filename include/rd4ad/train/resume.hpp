// rd4ad/train/resume.hpp: the resume file: everything that a training needs to continue bit for bit. Twin:
// tests/train/trainer.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/finite.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/fingerprint.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/safetensors.hpp>
#include <rd4ad/model/scale_maps.hpp>
#include <rd4ad/train/options.hpp>
#include <rd4ad/train/settings_json.hpp>
#include <rd4ad/train/student_level.hpp>
#include <rd4ad/train/student_training.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The state of a training run between two steps: cross-fitting's folds one after another, then the shipped student.
template <Backend B>
struct resume_state {
    std::size_t fold{0}, folds{0};            ///< the current fold; fold == folds: the shipped student
    training_position student{};              ///< of the current student
    std::optional<nn::adam_state<B>> adam{};  ///< of the current student, after loading; empty between two students
    nn::weights<B> average{};                 ///< of the current student's weights, likewise; empty without train_options::ema
    std::optional<host_weights<typename B::value_type>> start{};  ///< values from which the shipped student starts, until it does
    std::size_t start_batches{0};                                 ///< model::batches of `start`
    std::vector<student_level> levels{};  ///< of the folds' students; fewer than were trained: none of a fold can be compared
};

/// The images of a training run, which a resumed run must have in common with the interrupted one.
struct resume_images {
    std::size_t training{0};                             ///< number of images that train
    std::vector<std::filesystem::path> files{};          ///< the images that train and calibrate
    std::vector<data::file_fingerprint> fingerprints{};  ///< of the files; empty: nothing is saved
};

/// The resume file beside a checkpoint: part.safetensors has part.resume.safetensors.
[[nodiscard]] inline std::filesystem::path resume_path(std::filesystem::path checkpoint) {
    return checkpoint.replace_extension(".resume.safetensors");
}

namespace train_detail {

inline constexpr const char* resume_format = "rd4ad resume 1";

/// Throws data_error naming the first image that differs. A file of an earlier version has no list of images: it is not compared.
inline void check_resume_images(const std::string& file, const io::tensor_file& saved, const resume_images& current) {
    const auto list = saved.metadata.find("images");
    if (list == saved.metadata.end()) return;
    const auto difference = data::first_difference(data::fingerprints_from(io::parse_json(list->second, file), file),
                                                   current.fingerprints, current.files);
    if (!difference.empty())
        throw data_error{text(file, ": a training resumes with its images only, but ", difference,
                              "; give the images of the interrupted training, or train from the start")};
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

/// The number, or list of numbers, of the metadata's position. Throws format_error naming file and key.
template <class Number>
[[nodiscard]] Number number_at(const io::json& position, const char* key, const std::string& file) {
    try {
        return position.at(key).template get<Number>();
    } catch (const io::json::exception& problem) {
        throw format_error{text(file, ": its position in the training has no '", key, "' (", problem.what(),
                                "): the file is damaged; train from the start")};
    }
}

/// Throws format_error unless a level's quantiles are those of distances.
[[nodiscard]] inline decltype(student_level::quantiles) checked_quantiles(const decltype(student_level::quantiles)& quantiles,
                                                                          const std::string& file) {
    for (const auto& scale : quantiles)
        for (const double value : scale)
            if (!(value >= 0 && value <= 2))
                throw format_error{text(file, ": a student's level of ", value,
                                        "; distances of 0 to 2 expected: the file is damaged; train from the start")};
    return quantiles;
}

/// Throws numeric_error naming file and tensor if a value is not finite.
template <class T>
void check_finite(const std::filesystem::path& file, const std::string& tensor, std::span<const T> values) {
    if (const auto at = first_not_finite<T>(values))
        throw numeric_error{text(file, ": value ", *at, " of '", tensor, "' is ", not_finite_text(values[*at]),
                                 ", expected finite values: the training diverged; train from the start with a smaller learning "
                                 "rate")};
}

}  // namespace train_detail

/// Writes weights, their average if it has memory, moments, positions and out-of-fold distances to one file, atomically, so that
/// a crash cannot separate them. Throws io_error, and numeric_error naming the tensor or number that is not finite: nothing is
/// written then.
template <Backend B>
void save_resume(const std::filesystem::path& path, model<B>& m, const nn::adam_state<B>& adam, const nn::weights<B>& average,
                 const resume_state<B>& at, const scale_maps& distances, const train_options& options,
                 const resume_images& images) {
    using T = typename B::value_type;
    io::tensor_file file;
    const auto put_values = [&](const std::string& name, const std::vector<T>& values) {
        train_detail::check_finite<T>(path, name, values);
        file.insert<T>(name, {values.size()}, values, sizeof(T) == sizeof(double) ? io::dtype::f64 : io::dtype::f32);
    };
    const auto put = [&](const std::string& name, const tensor<B>& t) {
        if (t.memory) put_values(name, to_host<B>(m.queue, t));
    };
    put("values", m.trainable.weights.values);
    put("statistics", m.trainable.weights.statistics);
    put("first", adam.first);
    put("second", adam.second);
    put("average.values", average.values);
    put("average.statistics", average.statistics);
    if (at.fold < at.folds && at.start) {
        put_values("start.values", at.start->values);
        put_values("start.statistics", at.start->statistics);
    }
    train_detail::check_finite<float>(path, "distances", distances.values);
    if (at.folds > 0) file.insert<float>("distances", {distances.inputs(), distances.each()}, distances.values, io::dtype::f32);
    const auto& student = at.student;
    io::json levels = io::json::array();
    for (const auto& level : at.levels) levels.push_back(level.quantiles);
    file.metadata["format"] = train_detail::resume_format;
    file.metadata["arch"] = std::string{m.arch->name};
    file.metadata["settings"] = io::dump_finite_json(train_detail::resume_settings(options, images.training), path.string());
    file.metadata["images"] = data::to_json(images.fingerprints).dump();
    const io::json position{{"fold", at.fold},
                            {"folds", at.folds},
                            {"epoch", student.epoch},
                            {"step", student.step},
                            {"order", student.order},
                            {"random", student.random_state},
                            {"losses", student.losses},
                            {"loss_sum", student.loss_sum},
                            {"adam_steps", adam.steps},
                            {"batches", m.batches},
                            {"start_batches", at.start_batches},
                            {"levels", levels}};
    file.metadata["position"] = io::dump_finite_json(position, path.string());
    io::write_safetensors(path, file);
}

/// Throws io_error if a checkpoint has no interrupted training to continue: neither it nor its resume file may be missing.
inline void check_resume_files(const std::filesystem::path& checkpoint) {
    const auto resume = resume_path(checkpoint);
    std::error_code ignored;
    for (const auto& file : {checkpoint, resume})
        if (!std::filesystem::exists(file, ignored))
            throw io_error{
                text("--resume: ", file,
                     ": no such file, so there is no training to continue; give the --out of the interrupted training, "
                     "or leave --resume out to train from the start",
                     file == resume ? ", or give --from to start from the checkpoint's weights" : "")};
}

/// Reads a file of `save_resume` and compares it with the present run, before anything is computed. Throws io_error; data_error
/// naming the first image that differs; option_error naming each setting that differs; format_error for another network, another
/// file, or one that differs from its checksums.
[[nodiscard]] inline io::tensor_file read_resume(const std::filesystem::path& path, std::string_view arch,
                                                 const train_options& options, const resume_images& images) {
    auto file = io::read_safetensors(path, {.verify = options.verify});
    const std::string name = path.string();
    const auto value = [&](const std::string& key) {
        const auto found = file.metadata.find(key);
        if (found == file.metadata.end())
            throw format_error{
                text(name, ": a resume file written by rd4ad expected, found a file without metadata '", key, "'")};
        return found->second;
    };
    if (value("format") != train_detail::resume_format || value("arch") != arch)
        throw format_error{text(name, ": '", train_detail::resume_format, "' of ", arch, " expected, found '", value("format"),
                                "' of ", value("arch"),
                                "; train from the start, or give the checkpoint that this file belongs to")};
    const auto settings = train_detail::upgraded_settings(io::parse_json(value("settings"), name), name);
    train_detail::check_resume_images(name, file, images);
    train_detail::check_resume_settings(name, settings, train_detail::resume_settings(options, images.training));
    return file;
}

/// Loads what read_resume read from `path` into the model, the run's state and its distances. at.folds: of the present run.
/// Throws format_error for tensors of another network and a missing position; numeric_error naming a tensor that is not finite.
template <Backend B>
void load_resume(const io::tensor_file& file, const std::filesystem::path& path, model<B>& m, resume_state<B>& at,
                 scale_maps& distances) {
    using T = typename B::value_type;
    const std::string name = path.string();
    const auto stored = [&]<class V>(const std::string& tensor_name, std::size_t count, V) {
        const auto* found = file.find(tensor_name);
        if (found == nullptr || found->count() != count)
            throw format_error{text(name, ": a tensor '", tensor_name, "' of ", count, " values expected, found ",
                                    found == nullptr ? std::string{"none"} : text(found->count(), " values"),
                                    "; train from the start, or give the checkpoint that this file belongs to")};
        auto numbers = found->template values<V>();
        train_detail::check_finite<V>(path, tensor_name, numbers);
        return numbers;
    };
    const std::size_t values = m.trainable.weights.values.count(), statistics = m.trainable.weights.statistics.count();
    set_trainable(m, {stored("values", values, T{}), stored("statistics", statistics, T{})});
    const auto written = file.metadata.find("position");
    if (written == file.metadata.end())
        throw format_error{text(name, ": the metadata 'position' is missing; train from the start")};
    const auto position = io::parse_json(written->second, name);
    const auto number = [&](const char* key) { return train_detail::number_at<std::size_t>(position, key, name); };
    at.student = {.epoch = number("epoch"),
                  .step = number("step"),
                  .order = train_detail::number_at<std::vector<std::size_t>>(position, "order", name),
                  .random_state = train_detail::number_at<std::uint64_t>(position, "random", name),
                  .losses = train_detail::number_at<std::vector<double>>(position, "losses", name),
                  .loss_sum = train_detail::number_at<double>(position, "loss_sum", name)};
    m.batches = number("batches");
    if (file.find("first") != nullptr) {
        const shape flat{1, values, 1, 1};
        at.adam = nn::adam_state<B>{to_device<B>(m.queue, flat, stored("first", values, T{})),
                                    to_device<B>(m.queue, flat, stored("second", values, T{})), number("adam_steps")};
    }
    if (file.find("average.values") != nullptr)
        at.average = upload<B>(m.queue, {stored("average.values", values, T{}), stored("average.statistics", statistics, T{})});
    if (at.folds == 0) return;
    at.fold = number("fold"), at.start_batches = number("start_batches");
    at.levels.clear();
    if (position.contains("levels"))  // files of earlier versions have none
        for (const auto& quantiles :
             train_detail::number_at<std::vector<decltype(student_level::quantiles)>>(position, "levels", name))
            at.levels.push_back({train_detail::checked_quantiles(quantiles, name)});
    if (at.fold < at.folds)
        at.start = host_weights<T>{stored("start.values", values, T{}), stored("start.statistics", statistics, T{})};
    distances.values = stored("distances", distances.values.size(), float{});
}

}  // namespace rd4ad::inline RD4AD_ABI
