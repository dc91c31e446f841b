// rd4ad/train/trainer.hpp: epochs over the teacher's cached features: order, loss, saving, stopping, resuming. Twin:
// tests/train/trainer.cpp
#pragma once
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include <rd4ad/core/text.hpp>
#include <rd4ad/data/batches.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/validation_split.hpp>
#include <rd4ad/model/checkpoint.hpp>
#include <rd4ad/model/network_input.hpp>
#include <rd4ad/model/scoring_network.hpp>
#include <rd4ad/score/calibration_json.hpp>
#include <rd4ad/score/scorer.hpp>
#include <rd4ad/score/threshold_rules.hpp>
#include <rd4ad/train/feature_cache.hpp>
#include <rd4ad/train/log.hpp>
#include <rd4ad/train/options.hpp>
#include <rd4ad/train/resume.hpp>
#include <rd4ad/train/step.hpp>

namespace rd4ad::inline RD4AD_ABI {

namespace train_detail {

/// Inputs per batch of the teacher when features are cached; fixed, so that their bits do not depend on the training batch.
inline constexpr std::size_t feature_batch = 8;

inline void check_options(const train_options& options, std::size_t images) {
    if (images == 0)
        throw data_error{"the data set has no training images; give a folder with train/good, or a folder of images"};
    if (options.batch == 0) throw option_error{"batch 0; at least one image per step expected"};
    if (options.save_every == 0) throw option_error{"save_every 0; 1 or more epochs expected"};
    if (!(options.learning_rate > 0))
        throw option_error{text("learning rate ", io::json(options.learning_rate).dump(), "; a number above 0 expected")};
    if (!(options.guards.variance_guard >= 0 && std::isfinite(options.guards.variance_guard)))
        throw option_error{text("variance guard ", io::json(options.guards.variance_guard).dump(),
                                "; 0 (off) or a small number above it expected")};
    if (!(options.false_alarm_rate > 0 && options.false_alarm_rate < 1))
        throw option_error{
            text("false-alarm rate ", io::json(options.false_alarm_rate).dump(), "; a number above 0 and below 1 expected")};
}

/// Throws option_error if a batch norm would see one value per channel.
inline void check_batches(const train_options& options, const image_source& source) {
    const std::size_t inputs = source.size(), rest = inputs % options.batch, smallest = rest == 0 ? options.batch : rest;
    if (smallest == 1 && source.height() == 32 && source.width() == 32)
        throw option_error{text("a batch of one 32 x 32 image gives batch norm one value per channel, which has no variance (",
                                inputs, " images in batches of ", options.batch,
                                "); use a larger image size, or a batch size with another remainder")};
}

/// The image files of the given items.
[[nodiscard]] inline std::vector<std::filesystem::path> files_of(const std::vector<data::item>& items,
                                                                 std::span<const std::size_t> indices) {
    std::vector<std::filesystem::path> files;
    for (const std::size_t i : indices) files.push_back(items[i].image);
    return files;
}

/// The training metadata of a checkpoint.
[[nodiscard]] inline io::json training_json(const train_options& options, const training_position& at, const training_log& log) {
    auto json = resume_settings(options, log.training_images);
    json["validation_images"] = log.validation_images;
    json["false_alarm_rate"] = options.false_alarm_rate;
    json["epochs"] = options.epochs;
    json["losses"] = at.losses;
    return json;
}

/// One training run. The constructor checks the options and reads no image but the headers that it needs.
template <Backend B>
class trainer {
   public:
    trainer(model<B>& m, const data::dataset& set, const train_options& options)
        : m_{m},
          options_{checked(options, set)},
          split_{data::make_validation_split(set.train.size(), options.validation, options.seed)},
          validation_files_{files_of(set.train, split_.validation)},
          source_{files_of(set.train, split_.training), preprocessing_of(options), m.settings.normalisation, m.queue.threads} {
        check_batches(options, source_);
        log_.training_images = split_.training.size();
        log_.validation_images = split_.validation.size();
    }

    training_log run() {
        set_up_model();
        measure_teacher();
        resume_or_start();
        cache_features();
        release_idle<B>(m_.queue);  // the teacher's tensors have other sizes than the student's
        training_began_ = clock::now();
        while (at_.epoch < options_.epochs && !log_.stopped) run_epoch();
        log_.stopped = log_.stopped && at_.epoch < options_.epochs;
        save();
        log_.losses = at_.losses;
        log_.seconds = seconds_since(began_);
        return log_;
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
    [[nodiscard]] std::size_t inputs() const { return source_.size(); }
    [[nodiscard]] std::size_t steps_per_epoch() const { return (inputs() + options_.batch - 1) / options_.batch; }
    [[nodiscard]] tensor<B> upload(const std::vector<float>& inputs) {
        return upload_images<B>(m_.queue, inputs, source_.height(), source_.width());
    }
    void report(const training_progress& progress) const {
        if (options_.progress) options_.progress(progress);
    }

    void set_up_model() {
        m_.settings.preprocessing = preprocessing_of(options_);
        m_.settings.height = source_.height(), m_.settings.width = source_.width();
        m_.settings.calibration = {};
    }

    /// Gives an untrained teacher's batch norms the mean of the batches' statistics.
    void measure_teacher() {
        if (!m_.teacher_unmeasured) return;
        std::size_t batch = 0;
        for_each_batch(source_, options_.batch, [&](std::size_t, const std::vector<float>& inputs) {
            ++batch;
            measure_statistics<B>(m_.queue, m_.teacher.layers, m_.teacher.weights, upload(inputs),
                                  {m_.algorithm, 1.0 / static_cast<double>(batch)});
        });
        m_.teacher_unmeasured = false;
    }

    void resume_or_start() {
        optimizer_ = make_optimizer(
            m_, {.learning_rate = options_.learning_rate, .beta1 = options_.beta1, .beta2 = options_.beta2}, options_.guards);
        at_.random_state = options_.seed;
        if (options_.resume) at_ = load_resume(resume_path(options_.checkpoint), m_, optimizer_, options_, log_.training_images);
    }

    void cache_features() {
        const shape input{1, 3, source_.height(), source_.width()};
        cache_.emplace(
            inputs(),
            std::array{feature_shape(*m_.arch, input, 0), feature_shape(*m_.arch, input, 1), feature_shape(*m_.arch, input, 2)},
            options_.cache_bytes);
        const auto folded = fold_teacher<B>(m_.queue, m_, {std::min(inputs(), feature_batch), 3, input.h, input.w});
        const std::size_t steps = (inputs() + feature_batch - 1) / feature_batch;
        for_each_batch(source_, feature_batch, [&](std::size_t first, const std::vector<float>& batch) {
            cache_->put(m_.queue, first, infer<B>(m_.queue, m_.teacher.layers, folded, upload(batch)));
            const double done = static_cast<double>(std::min(inputs(), first + feature_batch)), passed = seconds_since(began_);
            report({.epoch = 0,
                    .epochs = options_.epochs,
                    .step = first / feature_batch + 1,
                    .steps = steps,
                    .loss = 0.0,
                    .images_per_second = done / passed,
                    .seconds_left = passed / done * (static_cast<double>(inputs()) - done)});
        });
    }

    void run_epoch() {
        if (at_.order.empty()) {
            random source{at_.random_state};
            at_.order = shuffled_order(inputs(), source);
            at_.random_state = source.state;
        }
        const auto batches = data::batches_of(at_.order, options_.batch);
        while (at_.step < steps_per_epoch() && !log_.stopped) run_step(batches[at_.step]);
        if (at_.step < steps_per_epoch()) return;
        at_.losses.push_back(at_.loss_sum / static_cast<double>(inputs()));
        at_.loss_sum = 0;
        at_.step = 0;
        at_.order.clear();
        ++at_.epoch;
        if (at_.epoch < options_.epochs && at_.epoch % options_.save_every == 0 && !log_.stopped) save();
    }

    void run_step(std::span<const std::size_t> batch) {
        const double loss = value_of<B>(m_.queue, train_step(m_, optimizer_, cache_->get(m_.queue, batch)));
        if (!std::isfinite(loss))
            throw numeric_error{text("training: the loss is ", std::isnan(loss) ? "not a number" : "infinite", " in epoch ",
                                     at_.epoch + 1, ", step ", at_.step + 1, " of ", steps_per_epoch(),
                                     "; use a smaller learning rate than ", io::json(options_.learning_rate).dump(),
                                     options_.checkpoint.empty() ? "" : "; the last checkpoint is kept")};
        ++at_.step;
        at_.loss_sum += loss * static_cast<double>(batch.size());
        trained_ += batch.size();
        const double left = static_cast<double>((options_.epochs - at_.epoch - 1) * inputs()) +
                            static_cast<double>(inputs() - std::min(inputs(), at_.step * options_.batch));
        const double per_second = static_cast<double>(trained_) / seconds_since(training_began_);
        report({.epoch = at_.epoch + 1,
                .epochs = options_.epochs,
                .step = at_.step,
                .steps = steps_per_epoch(),
                .loss = loss,
                .images_per_second = per_second,
                .seconds_left = left / per_second});
        log_.stopped = options_.should_stop && options_.should_stop();
    }

    /// Calibrates the model by the validation images, if there are any.
    void calibrate_model() {
        if (validation_files_.empty()) return;
        release_idle<B>(m_.queue);
        const scorer<B> by{m_, feature_batch, map_sigma};
        m_.settings.calibration = to_json(calibrate(by.raw_scores(m_.queue, validation_files_), options_.false_alarm_rate));
        release_idle<B>(m_.queue);
    }

    void save() {
        calibrate_model();
        if (options_.checkpoint.empty()) return;
        save_resume(resume_path(options_.checkpoint), m_, optimizer_, at_, options_, log_.training_images);
        save_checkpoint(options_.checkpoint, m_, training_json(options_, at_, log_));
    }

    model<B>& m_;
    const train_options& options_;
    data::validation_split split_;
    std::vector<std::filesystem::path> validation_files_;
    image_source source_;
    optimizer<B> optimizer_{};
    training_position at_{};
    std::optional<feature_cache<B>> cache_{};
    training_log log_{};
    std::size_t trained_{0};
    clock::time_point began_{clock::now()}, training_began_{};
};

}  // namespace train_detail

/// Trains bottleneck and student on the good images (every patch is an input), and calibrates the model by the validation
/// images at each save and at the end. Sets the model's preprocessing, input size and calibration. Same seed, threads and
/// backend: the same bits, resumed or not. Throws option_error and data_error before it computes anything; numeric_error, with
/// epoch and step, for a loss that is not finite: the last checkpoint then remains. Source: docs/method.md "Recipe".
template <Backend B>
training_log train(model<B>& m, const data::dataset& set, const train_options& options = {}) {
    return train_detail::trainer<B>{m, set, options}.run();
}

}  // namespace rd4ad::inline RD4AD_ABI
