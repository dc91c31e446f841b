// rd4ad/train/trainer.hpp: a training run, step by step: the folds' students, then the shipped student. Twin:
// tests/train/trainer.cpp
#pragma once
#include <algorithm>
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

#include <rd4ad/core/communicator.hpp>
#include <rd4ad/core/log.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/model/network_input.hpp>
#include <rd4ad/model/scoring_network.hpp>
#include <rd4ad/train/calibrate_model.hpp>
#include <rd4ad/train/check_options.hpp>
#include <rd4ad/train/check_ranks.hpp>
#include <rd4ad/train/checkpoint_data.hpp>
#include <rd4ad/train/divide_into_folds.hpp>
#include <rd4ad/train/feature_cache.hpp>
#include <rd4ad/train/input_variants.hpp>
#include <rd4ad/train/log.hpp>
#include <rd4ad/train/measure_level.hpp>
#include <rd4ad/train/options.hpp>
#include <rd4ad/train/resume.hpp>
#include <rd4ad/train/roi_cells.hpp>
#include <rd4ad/train/roles.hpp>
#include <rd4ad/train/save_training.hpp>
#include <rd4ad/train/store_distances.hpp>
#include <rd4ad/train/student_level.hpp>
#include <rd4ad/train/student_training.hpp>
#include <rd4ad/train/teacher_features.hpp>
#include <rd4ad/train/training_inputs.hpp>
#include <rd4ad/train/usable_images.hpp>
#include <rd4ad/train/weight_average.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Receives the model with the student of a fold, and the fold's images, which this student was not trained on. The model's units
/// are those in which the map of this student has the level of the model's own.
template <Backend B>
using fold_visitor = std::function<void(model<B>& m, std::span<const std::filesystem::path> images)>;

namespace train_detail {

/// One training run. The constructor checks the options; of the images it reads the headers.
template <Backend B>
class trainer {
   public:
    trainer(model<B>& m, const usable_images& images, const train_options& options)
        : m_{m},
          options_{checked(options, images.set)},
          images_{images},
          roles_{roles_of(options, images.set)},
          source_{roles_.files, preprocessing_of(options), m.settings.normalisation, m.queue.threads, roles_.kept},
          variants_{variants_of(options.augment)},
          distances_{source_.height(), source_.width(), source_.size()},
          inside_{roi_cells(source_, options_.roi, m.queue.threads)} {
        check_augmentation(options_.augment, source_.height(), source_.width());
        if (inside_) inside_ = vary_cells(*inside_, variants_);
        const auto inputs = training_inputs(roles_.training).size();
        check_batches(options_, inputs, source_.height(), source_.width());
        check_map_choice(options_.map, preprocessing_of(options_));
        check_products(roles_, options_);
        check_roles(options_, roles_);
        log_.training_images = roles_.training.size();
        log_.validation_images = roles_.validation.size();
        log_.steps = steps_of(options_, inputs);
        if (roles_.calibrate_by == calibration_images::cross) log_.folds = at_.folds = options_.folds;
        at_.student.random_state = options_.seed;
    }

    training_log run() {
        if (!options_.checkpoint.empty())
            resume_images_ = {
                log_.training_images,
                roles_.files,
                {images_.fingerprints.begin(), images_.fingerprints.begin() + static_cast<std::ptrdiff_t>(roles_.files.size())}};
        check_equal_inputs(options_.ranks, to_json(images_.identity).dump(),
                           resume_settings(options_, log_.training_images).dump());
        std::optional<io::tensor_file> saved;
        const auto file = resume_path(options_.checkpoint);
        if (options_.resume) saved = read_resume(file, m_.arch->name, options_, resume_images_);
        if (!options_.checkpoint.empty() && is_first_rank(options_.ranks)) {
            check_checkpoint_data(options_, images_.identity);
            check_space(m_, distances_, at_.folds, options_.ema > 0, options_.checkpoint);
        }
        set_up_model();
        write_log(log_level::info, "a training starts",
                  {{"training_images", text(log_.training_images)},
                   {"validation_images", text(log_.validation_images)},
                   {"steps", text(log_.steps)},
                   {"folds", text(log_.folds)}});
        if (saved) load_resume(*saved, file, m_, at_, distances_);
        saved.reset();
        if (options_.ranks != nullptr) options_.ranks->barrier();  // every rank has read the files that rank 0 replaces
        prepare();
        fold_of_ = folds();
        if (at_.folds > 0) fold_of_file_.assign(roles_.files.size(), 0);
        for (std::size_t i = 0; i < fold_of_.size(); ++i) fold_of_file_[roles_.training[i]] = fold_of_[i];
        training_began_ = clock::now();
        while (at_.fold < at_.folds && !log_.stopped) train_fold();
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
        const auto own = measure_level(m_, *cache_, source_, inputs_of(source_, roles_.training), inside(), options_);
        fold_of_ = folds();
        training_began_ = clock::now();
        const auto units = m_.settings.units;
        while (at_.fold < at_.folds && !log_.stopped)
            train_fold([&](model<B>& m, std::span<const std::filesystem::path> images) {
                m.settings.units = units_at_level(units, source_.height(), source_.width(), at_.levels.back(), *own);
                visit(m, images);
                m.settings.units = units;
            });
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
    void report(const training_progress& progress) const {
        if (options_.progress) options_.progress(progress);
    }

    /// Whether it holds on some rank; for one process, whether it holds.
    [[nodiscard]] bool on_any_rank(bool own) const { return options_.ranks != nullptr ? options_.ranks->any(own) : own; }

    [[nodiscard]] const scale_maps* inside() const { return inside_ ? &*inside_ : nullptr; }

    /// What a student trains on.
    [[nodiscard]] std::vector<std::size_t> training_inputs(std::span<const std::size_t> files) const {
        return training_inputs_of(source_, files, inside(), variants_.size());
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
        measure_teacher(m_, source_, roles_.training, options_.batch, options_.stop, options_.ranks);
        if (!options_.resume && at_.folds > 0) at_.start = trainable_of(m_), at_.start_batches = m_.batches;
        cache_features();
        release_idle<B>(m_.queue);  // the teacher's tensors have other sizes than the student's
    }

    void cache_features() {
        const std::size_t count = source_.size(), steps = (count + feature_batch - 1) / feature_batch;
        cache_.emplace(count * variants_.size(), feature_shapes(m_, source_), options_.cache_bytes);
        fill_cache(
            *cache_, m_, source_, variants_,
            [&](std::size_t computed) {
                const double done = static_cast<double>(computed), passed = seconds_since(began_);
                report({.epoch = 0,
                        .epochs = 0,
                        .step = (computed + feature_batch - 1) / feature_batch,
                        .steps = steps,
                        .loss = 0.0,
                        .images_per_second = done / passed,
                        .seconds_left = passed / done * (static_cast<double>(count) - done)});
            },
            options_.stop, options_.ranks);
        write_log(log_level::info, "the teacher's features are computed", {{"inputs", text(count)}});
    }

    /// The fold of each training file; empty without cross-fitting. Checks that the students' batches exist.
    [[nodiscard]] std::vector<std::size_t> folds() {
        if (at_.folds == 0) return {};
        auto fold_of = divide_into_folds<B>(m_.queue, *cache_, source_, roles_, options_);
        for (std::size_t fold = 0; fold < at_.folds; ++fold) {
            std::vector<std::size_t> others;
            for (std::size_t i = 0; i < fold_of.size(); ++i)
                if (fold_of[i] != fold) others.push_back(roles_.training[i]);
            check_batches(options_, training_inputs(others).size(), source_.height(), source_.width());
        }
        return fold_of;
    }

    [[nodiscard]] std::size_t steps_per_fold() const {
        return static_cast<std::size_t>(std::ceil(options_.fold_steps * static_cast<double>(log_.steps)));
    }

    /// Trains the student of the current fold from new initial values, and measures its distances on the fold's images.
    void train_fold(const fold_visitor<B>& visit = {}) {
        std::vector<std::size_t> others, held;
        for (std::size_t i = 0; i < fold_of_.size(); ++i) (fold_of_[i] == at_.fold ? held : others).push_back(roles_.training[i]);
        if (at_.student.is_new()) set_trainable(m_, initial_trainable(m_, options_.seed)), m_.batches = 0;
        student_training<B> training{m_, *cache_, training_inputs(others), options_, steps_per_fold(), inside()};
        log_.stopped = !train_student(training) || !measure_student(training, others, held);
        if (log_.stopped) return save(&training, true);
        keep_average(training);
        write_log(log_level::info, "a fold's student is trained", {{"fold", text(at_.fold + 1)}, {"folds", text(at_.folds)}});
        if (visit) {
            std::vector<std::filesystem::path> images;
            images.reserve(held.size());
            for (const std::size_t file : held) images.push_back(roles_.files[file]);
            visit(m_, images);
        }
        at_.student = {.random_state = options_.seed};
        ++at_.fold;
        if (at_.fold == at_.folds) set_trainable(m_, *at_.start), m_.batches = at_.start_batches;
        if (log_.stopped) save(nullptr, true);
    }

    /// Trains the student that the model keeps, and saves it.
    void train_shipped() {
        shipped_files_ = roles_.training;
        if (at_.folds > 0) {
            find_suspects_in(roles_.training, at_level(mean_level(at_.levels)));
            if (options_.without_suspects) remove_suspects(shipped_files_);
        }
        const auto inputs = training_inputs(shipped_files_);
        log_.steps = steps_of(options_, inputs.size());
        student_training<B> training{m_, *cache_, inputs, options_, log_.steps, inside()};
        log_.stopped = !train_student(training);
        save(&training, true);
        if (!log_.stopped) log_.steps = training.steps_done();
        keep_average(training);
    }

    /// Stores the distances of held files by a fold's student, or its average, and its level on those that it was trained on.
    /// Returns false if a stop left some out.
    [[nodiscard]] bool measure_student(student_training<B>& training, std::span<const std::size_t> trained,
                                       std::span<const std::size_t> held) {
        const exchanged_weights<B> averaged{m_, training.average};
        if (on_any_rank(!store_distances(m_, *cache_, source_, inputs_of(source_, held), distances_, options_, options_.stop)))
            return false;
        const auto level = measure_level(m_, *cache_, source_, inputs_of(source_, trained), inside(), options_, options_.stop);
        if (on_any_rank(!level)) return false;
        at_.levels.push_back(*level);
        return true;
    }

    /// The out-of-fold distances as a student of the given level has them; as they are if a fold's level is unknown.
    [[nodiscard]] scale_maps at_level(const student_level& level) const {
        auto made = distances_;
        for (std::size_t i = 0; i < fold_of_.size() && at_.levels.size() == at_.folds; ++i)
            for (const std::size_t input : inputs_of(source_, std::span{roles_.training}.subspan(i, 1)))
                change_level(made, input, at_.levels[fold_of_[i]], level);
        return made;
    }

    /// Gives the model the average of a student's weights, if there is one.
    void keep_average(student_training<B>& training) {
        if (training.average.values.memory) std::swap(m_.trainable.weights, training.average);
    }

    void remove_suspects(std::vector<std::size_t>& files) const {
        for (const auto& one : log_.suspects)
            std::erase_if(files, [&](std::size_t file) { return source_.files()[file] == one.image; });
    }

    /// Trains a student from at_ to its last step. Returns false if a stop ended it before.
    [[nodiscard]] bool train_student(student_training<B>& training) {
        training.position = at_.student;
        if (at_.adam) training.state().adam = std::move(*std::exchange(at_.adam, std::nullopt));
        if (at_.average.values.memory) training.average = std::exchange(at_.average, {});
        while (!training.finished() && !log_.stopped) {
            const std::size_t epoch = training.position.epoch, step = training.position.step;
            const double loss = training.step();
            ++steps_trained_;
            report_step(training, epoch, step, loss);
            log_.stopped = on_any_rank(options_.stop.stop_requested());
            at_.student = training.position;
            const bool ended = training.position.epoch > epoch && !training.finished() && !log_.stopped;
            if (ended && training.position.epoch % options_.save_every == 0) check_student(), save(&training, false);
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

    /// Calibrates the model by the distances of good images, without the suspects.
    void calibrate_by(const std::vector<std::size_t>& files, const scale_maps& distances) {
        log_.suspects = calibrate_model(m_, {source_, roles_, files, distances, inside(), fold_of_file_}, suspects_, options_);
    }

    /// Finds the suspects among good images, calibrates the model by the others, and logs the suspects.
    void find_suspects_in(const std::vector<std::size_t>& files, const scale_maps& distances) {
        suspects_ = suspects_of(m_, {source_, roles_, files, distances, inside()}, options_);
        calibrate_by(files, distances);
        for (const auto& one : log_.suspects)
            write_log(log_level::warning, "a good image may show a defect",
                      {{"image", one.image.string()}, {"raw_score", text(one.raw_score)}});
    }

    /// Saves the run: the checkpoint has the average of the weights, if there is one. of: null between two students.
    void save(student_training<B>* of, bool last) {
        nn::weights<B> none;
        auto& average = of != nullptr ? of->average : none;
        const exchanged_weights<B> averaged{m_, average};
        if (roles_.validation.size() >= 2) {
            static_cast<void>(store_distances(m_, *cache_, source_, inputs_of(source_, roles_.validation), distances_, options_));
            find_suspects_in(roles_.validation, distances_);
        }
        if (of != nullptr && at_.folds > 0 && at_.fold == at_.folds && (last || !options_.checkpoint.empty()))
            calibrate_by(roles_.training,
                         at_level(*measure_level(m_, *cache_, source_, inputs_of(source_, shipped_files_), inside(), options_)));
        check_equal_weights(options_.ranks, m_);
        if (options_.checkpoint.empty() || !is_first_rank(options_.ranks)) return;
        save_training(m_, options_, training_json(options_, images_.identity, at_, log_), last, [&] {
            const exchanged_weights<B> current{m_, average};
            save_resume(resume_path(options_.checkpoint), m_, of != nullptr ? of->state().adam : nn::adam_state<B>{}, average,
                        at_, distances_, options_, resume_images_);
        });
    }

    model<B>& m_;
    const train_options& options_;
    const usable_images& images_;
    training_roles roles_;
    image_source source_;
    std::vector<input_variant> variants_;      // of each input
    scale_maps distances_;                     // of the images that calibrate; those of other inputs are 0
    std::vector<std::size_t> fold_of_{};       // of each training file; empty without cross-fitting
    std::vector<std::size_t> fold_of_file_{};  // the same by file
    std::map<std::string, found_suspects> suspects_{};
    std::vector<std::size_t> shipped_files_{};  // on which the shipped student trains
    std::optional<scale_maps> inside_;          // the cells of the region of interest; empty: whole images count
    resume_state<B> at_{};
    resume_images resume_images_{};  // of the files, if the run is saved
    std::optional<feature_cache<B>> cache_{};
    training_log log_{};
    std::size_t steps_trained_{0};
    clock::time_point began_{clock::now()}, training_began_{};
};

}  // namespace train_detail

}  // namespace rd4ad::inline RD4AD_ABI
