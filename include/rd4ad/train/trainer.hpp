// rd4ad/train/trainer.hpp: a training run: features, cross-fitting, the shipped student, calibration, saving, resuming. Twin:
// tests/train/trainer.cpp
#pragma once
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/finite.hpp>
#include <rd4ad/core/log.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/folds.hpp>
#include <rd4ad/data/identity.hpp>
#include <rd4ad/io/atomic_file.hpp>
#include <rd4ad/model/checkpoint.hpp>
#include <rd4ad/model/network_input.hpp>
#include <rd4ad/model/scoring_network.hpp>
#include <rd4ad/score/calibration_json.hpp>
#include <rd4ad/score/supported_rate.hpp>
#include <rd4ad/score/suspects.hpp>
#include <rd4ad/score/threshold_rules.hpp>
#include <rd4ad/train/calibration_set.hpp>
#include <rd4ad/train/check_options.hpp>
#include <rd4ad/train/checkpoint_data.hpp>
#include <rd4ad/train/feature_cache.hpp>
#include <rd4ad/train/log.hpp>
#include <rd4ad/train/near_duplicates.hpp>
#include <rd4ad/train/options.hpp>
#include <rd4ad/train/resume.hpp>
#include <rd4ad/train/roi_cells.hpp>
#include <rd4ad/train/roles.hpp>
#include <rd4ad/train/student_training.hpp>
#include <rd4ad/train/suspect_pictures.hpp>
#include <rd4ad/train/usable_images.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Receives the model with the student of a fold, and the fold's images, which this student was not trained on.
template <Backend B>
using fold_visitor = std::function<void(model<B>& m, std::span<const std::filesystem::path> images)>;

namespace train_detail {

/// Inputs per batch of the teacher when features are cached; fixed, so that their bits do not depend on the training batch.
inline constexpr std::size_t feature_batch = 8;

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

/// One training run. The constructor checks the options; of the images it reads the headers, and with a checkpoint their first
/// bytes for the data set's identity.
template <Backend B>
class trainer {
   public:
    trainer(model<B>& m, const data::dataset& set, const train_options& options)
        : m_{m},
          options_{checked(options, set)},
          data_{options.checkpoint.empty() ? data::identity{} : data::identity_of(set)},
          roles_{roles_of(options, set)},
          source_{roles_.files, preprocessing_of(options), m.settings.normalisation, m.queue.threads},
          distances_{source_.height(), source_.width(), source_.size()},
          inside_{roi_cells(source_, options_.roi, m.queue.threads)} {
        const auto inputs = training_inputs_of(roles_.training).size();
        check_batches(options_, inputs, source_.height(), source_.width());
        check_map_choice(options_.map, preprocessing_of(options_));
        check_products();
        check_roles(options_, roles_);
        log_.training_images = roles_.training.size();
        log_.validation_images = roles_.validation.size();
        log_.steps = steps_of(options_, inputs);
        if (roles_.calibrate_by == calibration_images::cross) log_.folds = at_.folds = options_.folds;
        at_.student.random_state = options_.seed;
    }

    training_log run() {
        if (!options_.checkpoint.empty())
            images_ = {log_.training_images, roles_.files, data::fingerprints(roles_.files, m_.queue.threads)};
        if (options_.resume) check_resume(resume_path(options_.checkpoint), m_.arch->name, options_, images_);
        check_checkpoint();
        set_up_model();
        write_log(log_level::info, "a training starts",
                  {{"training_images", text(log_.training_images)},
                   {"validation_images", text(log_.validation_images)},
                   {"steps", text(log_.steps)},
                   {"folds", text(log_.folds)}});
        prepare();
        const auto fold_of = divide_into_folds();
        if (options_.resume) load_resume(resume_path(options_.checkpoint), m_, at_, distances_, options_.verify);
        training_began_ = clock::now();
        while (at_.fold < at_.folds && !log_.stopped) train_fold(fold_of);
        if (!log_.stopped) train_shipped();
        log_.losses = at_.student.losses;
        log_.seconds = seconds_since(began_);
        write_log(log_level::info, log_.stopped ? "the training is stopped" : "the training ends",
                  {{"seconds", text(log_.seconds)}, {"suspects", text(log_.suspects.size())}});
        return log_;
    }

    /// Trains the folds' students alone and visits each; the model keeps its settings and ends with its own weights.
    void visit_folds(const fold_visitor<B>& visit) {
        prepare();
        const auto fold_of = divide_into_folds();
        training_began_ = clock::now();
        while (at_.fold < at_.folds && !log_.stopped) train_fold(fold_of, visit);
        if (log_.stopped) set_trainable(m_, *at_.start), m_.batches = at_.start_batches;
    }

   private:
    using clock = std::chrono::steady_clock;

    [[nodiscard]] static const train_options& checked(const train_options& options, const data::dataset& set) {
        check_options(options, set.train.size());
        return options;
    }
    [[nodiscard]] static double seconds_since(clock::time_point start) {
        return std::chrono::duration<double>(clock::now() - start).count();
    }
    /// Throws data_error for one of several products with too few images for a threshold.
    void check_products() const {
        if (roles_.calibrate_by == calibration_images::none) return;
        const bool cross = roles_.calibrate_by == calibration_images::cross;
        const auto training = files_by_product(roles_, roles_.training);
        const auto calibrating = cross ? training : files_by_product(roles_, roles_.validation);
        if (training.size() < 2 || calibrating.empty()) return;
        const std::size_t least = cross ? options_.folds : 2;
        for (const auto& [product, files] : training) {
            const auto found = calibrating.find(product);
            const std::size_t count = found == calibrating.end() ? 0 : found->second.size();
            if (count < least)
                throw data_error{text("product ", product, ": its threshold needs at least ", least,
                                      cross ? " training images for cross-fitting" : " validation images", ", found ", count,
                                      "; add images, leave the product out, or use --calibration none")};
        }
    }
    [[nodiscard]] tensor<B> upload(const std::vector<float>& inputs) {
        return upload_images<B>(m_.queue, inputs, source_.height(), source_.width());
    }
    /// Throws stopped_error if a stop is requested before the training has a state to save.
    void check_stop() const {
        if (options_.stop.stop_requested())
            throw stopped_error{"train: stopped by the caller before the first step; no file has changed"};
    }
    void report(const training_progress& progress) const {
        if (options_.progress) options_.progress(progress);
    }

    /// The inputs of the given files, in order.
    [[nodiscard]] std::vector<std::size_t> inputs_of(std::span<const std::size_t> files) const {
        std::vector<std::size_t> inputs;
        for (const std::size_t file : files) {
            const auto [first, count] = source_.inputs_of(file);
            for (std::size_t i = 0; i < count; ++i) inputs.push_back(first + i);
        }
        return inputs;
    }

    /// The inputs of the given files that a student trains on: those that see the region of interest.
    [[nodiscard]] std::vector<std::size_t> training_inputs_of(std::span<const std::size_t> files) const {
        auto inputs = inputs_of(files);
        if (inside_) std::erase_if(inputs, [&](std::size_t input) { return !sees_region(*inside_, input); });
        return inputs;
    }

    [[nodiscard]] const scale_maps* inside() const { return inside_ ? &*inside_ : nullptr; }

    /// Checks that the checkpoint may be written, and that it can be.
    void check_checkpoint() const {
        if (options_.checkpoint.empty()) return;
        check_checkpoint_data(options_, data_);
        const auto count = [](const nn::weights<B>& of) { return of.values.count() + of.statistics.count(); };
        const std::uintmax_t student = count(m_.trainable.weights), distances = sizeof(float) * distances_.values.size();
        const std::uintmax_t unused = m_.unused.weights.values.size() + m_.unused.weights.statistics.size();
        const std::uintmax_t model_bytes = sizeof(typename B::value_type) * (count(m_.teacher.weights) + student + unused);
        const std::uintmax_t resume_bytes = sizeof(typename B::value_type) * (at_.folds > 0 ? 4 : 3) * student + distances;
        // A save needs space for a second copy of the larger file, until that replaces the old one.
        const std::uintmax_t all = model_bytes + resume_bytes + std::max(model_bytes, resume_bytes);
        std::uintmax_t there = 0;
        for (const auto& file : {options_.checkpoint, resume_path(options_.checkpoint)}) {
            std::error_code none;
            if (const auto size = std::filesystem::file_size(file, none); !none) there += size;
        }
        io::probe_folder(io::folder_of(options_.checkpoint), all - std::min(all, there));
    }

    void set_up_model() {
        m_.settings.preprocessing = preprocessing_of(options_);
        m_.settings.height = source_.height(), m_.settings.width = source_.width();
        m_.settings.units = {};
        m_.settings.calibration = {};
        m_.settings.roi = options_.roi;
        m_.settings.roi.files.clear();
    }

    void prepare() {
        measure_teacher();
        if (at_.folds > 0) at_.start = trainable_of(m_);
        at_.start_batches = m_.batches;
        cache_features();
        release_idle<B>(m_.queue);  // the teacher's tensors have other sizes than the student's
    }

    /// Gives an untrained teacher's batch norms the mean of the batches' statistics, of the training images alone.
    void measure_teacher() {
        if (!m_.teacher_unmeasured) return;
        std::vector<std::filesystem::path> files;
        for (const std::size_t file : roles_.training) files.push_back(roles_.files[file]);
        image_source training{std::move(files), m_.settings.preprocessing, m_.settings.normalisation, m_.queue.threads};
        std::size_t batch = 0;
        for_each_batch(training, options_.batch, [&](std::size_t, const std::vector<float>& inputs) {
            check_stop();
            ++batch;
            measure_statistics<B>(m_.queue, m_.teacher.layers, m_.teacher.weights, upload(inputs),
                                  {m_.algorithm, 1.0 / static_cast<double>(batch)});
        });
        m_.teacher_unmeasured = false;
    }

    void cache_features() {
        const shape input{1, 3, source_.height(), source_.width()};
        const std::size_t count = source_.size();
        cache_.emplace(
            count,
            std::array{feature_shape(*m_.arch, input, 0), feature_shape(*m_.arch, input, 1), feature_shape(*m_.arch, input, 2)},
            options_.cache_bytes);
        const auto folded = fold_teacher<B>(m_.queue, m_, {std::min(count, feature_batch), 3, input.h, input.w});
        const std::size_t steps = (count + feature_batch - 1) / feature_batch;
        for_each_batch(source_, feature_batch, [&](std::size_t first, const std::vector<float>& batch) {
            check_stop();
            cache_->put(m_.queue, first, infer<B>(m_.queue, m_.teacher.layers, folded, upload(batch)));
            const double done = static_cast<double>(std::min(count, first + feature_batch)), passed = seconds_since(began_);
            report({.epoch = 0,
                    .epochs = 0,
                    .step = first / feature_batch + 1,
                    .steps = steps,
                    .loss = 0.0,
                    .images_per_second = done / passed,
                    .seconds_left = passed / done * (static_cast<double>(count) - done)});
        });
        check_stop();
        write_log(log_level::info, "the teacher's features are computed", {{"inputs", text(count)}});
    }

    /// The fold of each training file; empty without cross-fitting.
    [[nodiscard]] std::vector<std::size_t> divide_into_folds() {
        if (at_.folds == 0) return {};
        std::vector<std::size_t> fold_of(roles_.training.size());
        for (const auto& [product, files] : files_by_product(roles_, roles_.training)) {
            const auto folds = folds_of_product(product, files);
            for (std::size_t i = 0; i < files.size(); ++i) {
                const auto at = std::lower_bound(roles_.training.begin(), roles_.training.end(), files[i]);
                fold_of[static_cast<std::size_t>(at - roles_.training.begin())] = folds[i];
            }
        }
        for (std::size_t fold = 0; fold < at_.folds; ++fold) {
            std::vector<std::size_t> others;
            for (std::size_t i = 0; i < fold_of.size(); ++i)
                if (fold_of[i] != fold) others.push_back(roles_.training[i]);
            check_batches(options_, training_inputs_of(others).size(), source_.height(), source_.width());
        }
        return fold_of;
    }

    /// Each product is divided on its own, so that every student sees every product.
    [[nodiscard]] std::vector<std::size_t> folds_of_product(const std::string& product, std::span<const std::size_t> files) {
        try {
            return data::make_folds(near_duplicate_groups<B>(m_.queue, *cache_, source_, files), at_.folds, options_.seed);
        } catch (const data_error& problem) {
            if (product.empty()) throw;
            throw data_error{text("product ", product, ": ", problem.what())};
        }
    }

    [[nodiscard]] std::size_t steps_per_fold() const {
        return static_cast<std::size_t>(std::ceil(options_.fold_steps * static_cast<double>(log_.steps)));
    }

    /// Trains the student of the current fold from new initial values, and measures its distances on the fold's images.
    void train_fold(std::span<const std::size_t> fold_of, const fold_visitor<B>& visit = {}) {
        std::vector<std::size_t> others, held;
        for (std::size_t i = 0; i < fold_of.size(); ++i) (fold_of[i] == at_.fold ? held : others).push_back(roles_.training[i]);
        if (at_.student.is_new()) set_trainable(m_, initial_trainable(m_, options_.seed)), m_.batches = 0;
        student_training<B> training{m_, *cache_, training_inputs_of(others), options_, steps_per_fold(), inside()};
        if (!train_student(training) || !measure_fold(inputs_of(held))) return save(training.state().adam, true);
        write_log(log_level::info, "a fold's student is trained", {{"fold", text(at_.fold + 1)}, {"folds", text(at_.folds)}});
        if (visit) {
            std::vector<std::filesystem::path> images;
            for (const std::size_t file : held) images.push_back(roles_.files[file]);
            visit(m_, images);
        }
        at_.student = {.random_state = options_.seed};
        ++at_.fold;
        if (at_.fold == at_.folds) set_trainable(m_, *at_.start), m_.batches = at_.start_batches;
        if (log_.stopped) save({}, true);
    }

    /// Trains the student that the model keeps, and saves it.
    void train_shipped() {
        auto files = roles_.training;
        if (at_.folds > 0) {
            calibrate_model(roles_.training);
            if (options_.without_suspects) remove_suspects(files);
        }
        const auto inputs = training_inputs_of(files);
        log_.steps = steps_of(options_, inputs.size());
        student_training<B> training{m_, *cache_, inputs, options_, log_.steps, inside()};
        log_.stopped = !train_student(training);
        save(training.state().adam, true);
    }

    void remove_suspects(std::vector<std::size_t>& files) const {
        for (const auto& one : log_.suspects)
            std::erase_if(files, [&](std::size_t file) { return source_.files()[file] == one.image; });
    }

    /// Trains a student from at_ to its last step. Returns false if a stop ended it before.
    [[nodiscard]] bool train_student(student_training<B>& training) {
        training.position = at_.student;
        if (at_.adam) training.state().adam = std::move(*std::exchange(at_.adam, std::nullopt));
        while (!training.finished() && !log_.stopped) {
            const std::size_t epoch = training.position.epoch, step = training.position.step;
            const double loss = training.step();
            ++steps_trained_;
            report_step(training, epoch, step, loss);
            log_.stopped = options_.stop.stop_requested();
            at_.student = training.position;
            const bool ended = training.position.epoch > epoch && !training.finished() && !log_.stopped;
            if (ended && training.position.epoch % options_.save_every == 0) check_student(), save(training.state().adam, false);
        }
        check_student();
        return training.finished();
    }

    /// Throws numeric_error naming the tensor if the model can't compute any more: it is neither measured nor saved.
    void check_student() {
        if (const auto problem = unusable_tensor(m_.queue, m_); !problem.empty())
            throw numeric_error{text("training: the model's tensor ", problem, " after epoch ", at_.student.epoch, ", step ",
                                     at_.student.step, "; use a smaller learning rate than ",
                                     io::json(options_.learning_rate).dump(),
                                     options_.checkpoint.empty() ? "" : "; the last checkpoint is kept")};
    }

    void report_step(const student_training<B>& training, std::size_t epoch, std::size_t step, double loss) const {
        const bool in_fold = at_.fold < at_.folds;
        std::size_t left = training.steps() - training.steps_done();
        if (in_fold) left += (at_.folds - at_.fold - 1) * steps_per_fold() + log_.steps;
        const double per_second = static_cast<double>(steps_trained_) / seconds_since(training_began_);
        report({.epoch = epoch + 1,
                .epochs = training.epochs(),
                .step = step + 1,
                .steps = training.steps_in_epoch(epoch),
                .loss = loss,
                .images_per_second = per_second * static_cast<double>(options_.batch),
                .seconds_left = static_cast<double>(left) / per_second,
                .fold = in_fold ? at_.fold + 1 : 0,
                .folds = at_.folds});
    }

    /// measure_distances of a fold's images. Returns false if a stop ended it before.
    [[nodiscard]] bool measure_fold(std::span<const std::size_t> inputs) {
        measure_distances(inputs, options_.stop);
        log_.stopped = options_.stop.stop_requested();
        return !log_.stopped;
    }

    /// Stores the distances of inputs by the present student, or some of them if a stop is requested.
    void measure_distances(std::span<const std::size_t> inputs, const std::stop_token& stop = {}) {
        if (inputs.empty()) return;
        release_idle<B>(m_.queue);
        {
            const shape input{std::min(inputs.size(), feature_batch), 3, source_.height(), source_.width()};
            const auto folded = fold_network<B>(m_.queue, m_.trainable, feature_shape(*m_.arch, input, 0), m_.algorithm);
            for (std::size_t first = 0; first < inputs.size() && !stop.stop_requested(); first += feature_batch) {
                const auto batch = inputs.subspan(first, std::min(feature_batch, inputs.size() - first));
                put_scale_maps<B>(m_.queue, m_.trainable.layers, folded, cache_->get(m_.queue, batch), batch, distances_);
                for (const std::size_t one : batch) check_distances(one);
            }
        }
        release_idle<B>(m_.queue);  // the folded weights too: a save follows, which needs memory of its own
    }

    /// Throws numeric_error naming the image if an input has distances that are not finite.
    void check_distances(std::size_t input) const {
        const auto values = std::span<const float>{distances_.values}.subspan(input * distances_.each(), distances_.each());
        const auto at = first_not_finite(values);
        if (!at) return;
        std::size_t file = 0;
        while (source_.inputs_of(file).first + source_.inputs_of(file).second <= input) ++file;
        throw numeric_error{text(source_.files()[file], ": a distance of its features is ", not_finite_text(values[*at]),
                                 ", expected 0 to 1: the model's features overflow; use a smaller learning rate than ",
                                 io::json(options_.learning_rate).dump())};
    }

    /// The raw scores by product. raw_scores: one per file.
    [[nodiscard]] std::map<std::string, std::vector<float>> scores_by_product(std::span<const std::size_t> files,
                                                                              std::span<const float> raw_scores) const {
        std::map<std::string, std::vector<float>> products;
        for (std::size_t i = 0; i < files.size(); ++i) products[roles_.products[files[i]]].push_back(raw_scores[i]);
        return products;
    }

    /// Suspects among scored files, and their p-values.
    struct found_suspects {
        std::vector<std::size_t> files{};
        std::vector<double> p_values{};
    };

    /// Finds the suspects among scored files, each compared with the good images of its product.
    [[nodiscard]] std::map<std::string, found_suspects> suspects_among(std::span<const std::size_t> files,
                                                                       std::span<const float> raw_scores) const {
        std::map<std::string, found_suspects> suspects;
        const auto by_product = files_by_product(roles_, files);
        for (const auto& [product, scores] : scores_by_product(files, raw_scores))
            for (const auto& one : find_suspects(scores)) {
                suspects[product].files.push_back(by_product.at(product)[one.image]);
                suspects[product].p_values.push_back(one.p_value);
            }
        return suspects;
    }

    /// Logs a product's suspects, with pictures in the model's units.
    void log_suspects(const std::string& product, const found_suspects& of, const map_units& units, const calibration& by) {
        auto pictures = picture_suspects(
            source_.files(), of.files, of.p_values,
            results_of_distances<B>(m_.queue, source_, of.files, distances_, units, m_.settings.preprocessing, options_.roi), by);
        for (auto& one : pictures) {
            one.product = product;
            log_.suspects.push_back(std::move(one));
        }
    }

    /// Sets the map's units, of all products, and each product's calibration by the distances of good images; leaves out the
    /// suspects among them.
    void calibrate_model(std::vector<std::size_t> files) {
        const auto score = [&] {
            return score_calibration_images<B>(m_.queue, source_, files, distances_, options_.map, m_.settings.preprocessing,
                                               options_.roi, inside());
        };
        auto scored = score();
        const auto suspects = suspects_among(files, scored.raw_scores);
        for (const auto& named : suspects)
            std::erase_if(files, [&](std::size_t file) {
                const auto& of = named.second.files;
                return std::find(of.begin(), of.end(), file) != of.end();
            });
        if (!suspects.empty()) scored = score();
        log_.suspects.clear();
        product_calibrations products;
        for (auto& [product, scores] : scores_by_product(files, scored.raw_scores)) {
            const double rate = options_.false_alarm_rate > 0 ? options_.false_alarm_rate : default_rate(scores.size());
            auto made = calibrate(std::move(scores), rate, scored.units.largest());
            made.source = at_.folds > 0 ? score_source::out_of_fold : score_source::hold_out;
            if (const auto found = suspects.find(product); found != suspects.end())
                log_suspects(product, found->second, scored.units, made);
            products.emplace(product, std::move(made));
        }
        for (const auto& one : log_.suspects)
            write_log(log_level::warning, "a good image may show a defect",
                      {{"image", one.image.string()}, {"raw_score", text(one.raw_score)}});
        std::stable_sort(log_.suspects.begin(), log_.suspects.end(),
                         [](const auto& a, const auto& b) { return a.raw_score > b.raw_score; });
        if (products.size() == 1) products = {{"", calibration{products.begin()->second}}};
        m_.settings.units = std::move(scored.units);
        m_.settings.calibration = to_json(products);
    }

    /// Saves the run: the model first, then the larger resume file. adam: the optimizer's state; empty between two students. A
    /// failure before the last save does not end the training.
    void save(const nn::adam_state<B>& adam, bool last) {
        if (roles_.validation.size() >= 2) {
            measure_distances(inputs_of(roles_.validation));
            calibrate_model(roles_.validation);
        }
        if (options_.checkpoint.empty()) return;
        const auto training = training_json(options_, data_, at_, log_);
        bool has_model = false;
        try {
            save_checkpoint(options_.checkpoint, m_, training);
            has_model = true;
            save_resume(resume_path(options_.checkpoint), m_, adam, at_, distances_, options_, images_);
            write_log(log_level::info, "a checkpoint is saved", {{"path", options_.checkpoint.string()}});
        } catch (const io_error& problem) {
            if (last) throw io_error{text(problem.what(), has_model ? saved_as(options_.checkpoint) : save_elsewhere(training))};
            write_log(log_level::warning, "a save failed; the training goes on, and its end saves again",
                      {{"reason", problem.what()}});
            if (options_.save_failed) options_.save_failed(problem.what());
        }
    }

    [[nodiscard]] static std::string saved_as(const std::filesystem::path& path) {
        return text("; the model is saved as ", path, ", and --resume can't continue this training");
    }

    /// Saves the model to the first fallback folder that takes it. Returns where it is.
    [[nodiscard]] std::string save_elsewhere(const io::json& training) {
        for (const auto& folder : options_.fallback_folders) {
            auto path = folder / options_.checkpoint.filename();
            std::error_code ignored;
            for (std::size_t i = 2; std::filesystem::exists(std::filesystem::symlink_status(path, ignored)); ++i)
                path = folder / text(options_.checkpoint.stem(), '-', i, options_.checkpoint.extension());
            try {
                save_checkpoint(path, m_, training);
                return saved_as(path);
            } catch (const io_error&) {  // the message is the first failure's
            }
        }
        return "; the model is not saved";
    }

    model<B>& m_;
    const train_options& options_;
    data::identity data_;
    training_roles roles_;
    image_source source_;
    scale_maps distances_;              // of the images that calibrate; those of other inputs are 0
    std::optional<scale_maps> inside_;  // the cells of the region of interest; empty: whole images count
    resume_state<B> at_{};
    resume_images images_{};  // of the files, if the run is saved
    std::optional<feature_cache<B>> cache_{};
    training_log log_{};
    std::size_t steps_trained_{0};
    clock::time_point began_{clock::now()}, training_began_{};
};

}  // namespace train_detail

/// Trains bottleneck and student on the good images (every patch is an input), and calibrates the model. Cross-fitting first
/// trains a student per fold on the other folds' images and keeps the fold's out-of-fold maps; they set the map's units and the
/// threshold, and name the suspects. Then the shipped student is trained on all images. With held-out images the shipped student
/// scores them at each save. Each product of a data set (data::item::product) gets a calibration of its own. A region of interest
/// limits loss, map units and scores. Sets the model's preprocessing, input size, region of interest, map units and calibration.
/// Same seed, threads and backend: the same bits, resumed or not. Throws option_error and data_error before it computes anything,
/// also for images that can't be used (see find_usable_images); stopped_error for options.stop before the first step;
/// numeric_error, with epoch and step, for a loss or a weight that is not finite: it is not saved, and the last checkpoint
/// remains. Source: docs/method.md "Recipe".
template <Backend B>
training_log train(model<B>& m, const data::dataset& set, const train_options& options = {}) {
    train_detail::check_options(options, set.train.size());
    check_map_choice(options.map, preprocessing_of(options));
    auto usable = find_usable_images(set, options, m.queue.threads);
    for (const auto& one : usable.skipped)
        write_log(log_level::warning, "an image is left out of the training",
                  {{"image", one.image.string()}, {"reason", one.reason.message}});
    auto log = train_detail::trainer<B>{m, usable.set, options}.run();
    log.skipped = std::move(usable.skipped);
    return log;
}

/// Cross-fits a trained model's data again, by the same options, and visits each fold's student: for questions about images that
/// no student has seen, as probe_images asks them. The model keeps its settings, its units and its own weights. Nothing is saved.
/// Throws as train does.
template <Backend B>
void visit_fold_students(model<B>& m, const data::dataset& set, train_options options, const fold_visitor<B>& visit) {
    options.calibrate_by = calibration_images::cross;
    options.checkpoint.clear();
    options.resume = false;
    train_detail::trainer<B>{m, set, options}.visit_folds(visit);
}

}  // namespace rd4ad::inline RD4AD_ABI
