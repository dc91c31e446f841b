// rd4ad/train/trainer.hpp: epochs over the teacher's cached features: order, loss, saving, stopping, resuming. Twin:
// tests/train/trainer.cpp
#pragma once
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/data/batches.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/held_out.hpp>
#include <rd4ad/model/checkpoint.hpp>
#include <rd4ad/model/scoring.hpp>
#include <rd4ad/score/calibration.hpp>
#include <rd4ad/score/scorer.hpp>
#include <rd4ad/train/feature_cache.hpp>
#include <rd4ad/train/images.hpp>
#include <rd4ad/train/log.hpp>
#include <rd4ad/train/options.hpp>
#include <rd4ad/train/resume.hpp>
#include <rd4ad/train/step.hpp>

namespace rd4ad {

namespace detail {

/// Images that the teacher takes at once when features are computed; fixed, so that their bits don't depend on the batch.
inline constexpr std::size_t feature_batch = 8;

inline void check_training(const train_options& o, std::size_t images) {
    if (images == 0)
        throw data_error{"the data set has no training images: give a folder with train/good, or a folder of images"};
    if (o.batch == 0) throw option_error{"batch 0: at least one image a step is needed"};
    if (o.save_every == 0) throw option_error{"save_every 0: expected 1 or more epochs"};
    if (!(o.rate > 0)) throw option_error{"learning rate " + io::json(o.rate).dump() + ": expected a number above 0"};
    if (!(o.stable.variance_guard >= 0 && std::isfinite(o.stable.variance_guard)))
        throw option_error{"variance guard " + io::json(o.stable.variance_guard).dump() +
                           ": expected 0 (off) or a small number above it"};
    if (!(o.false_alarm_rate > 0 && o.false_alarm_rate < 1))
        throw option_error{"false-alarm rate " + io::json(o.false_alarm_rate).dump() + ": expected a number above 0 and below 1"};
}

/// Of the network's images, which are as many as the source has.
inline void check_batches(const train_options& o, const image_source& from) {
    const std::size_t images = from.size(), smallest = images % o.batch == 0 ? o.batch : images % o.batch;
    if (smallest == 1 && from.height() == 32 && from.width() == 32)
        throw option_error{"a batch of one image of 32 x 32 leaves batch norm one value a channel, which has no variance (" +
                           std::to_string(images) + " images in batches of " + std::to_string(o.batch) +
                           "): use a larger image size, or a batch that divides the images otherwise"};
}

/// The files of those items.
inline std::vector<std::filesystem::path> files_of(const std::vector<data::item>& items, std::span<const std::size_t> which) {
    std::vector<std::filesystem::path> files;
    for (const std::size_t i : which) files.push_back(items[i].image);
    return files;
}

/// What the checkpoint says of its training.
inline io::json training_json(const train_options& o, const training_position& at, std::size_t images, std::size_t held_out) {
    auto json = resume_settings(o, images);
    json["held_out"] = held_out;
    json["false_alarm_rate"] = o.false_alarm_rate;
    json["epochs"] = o.epochs;
    json["losses"] = at.losses;
    return json;
}

}  // namespace detail

/// Trains bottleneck and student on the good images, each patch of them an image of its own, and whenever the model is saved
/// or done calibrates it by those held out. Sets the model's view, image size and calibration. Same seed, threads and backend:
/// the same bits; resumed or not, too. Throws option_error and data_error before anything is computed; numeric_error when a loss
/// is not finite, with epoch and step: the last checkpoint then stays as it is. Source: docs/method.md "Recipe".
template <Backend B>
training_log train(model<B>& m, const data::dataset& set, const train_options& options = {}) {
    using clock = std::chrono::steady_clock;
    const auto since = [](clock::time_point start) { return std::chrono::duration<double>(clock::now() - start).count(); };
    detail::check_training(options, set.train.size());
    const auto split = data::hold_out(set.train.size(), options.validation, options.seed);
    const auto held_out = detail::files_of(set.train, split.held_out);
    auto& q = m.queue;
    image_source source{detail::files_of(set.train, split.kept), view_of(options), m.settings.normalisation, q.threads};
    detail::check_batches(options, source);
    const std::size_t images = source.size(), height = source.height(), width = source.width();
    m.settings.view = view_of(options);
    m.settings.height = height, m.settings.width = width;
    m.settings.calibration = {};
    const auto upload = [&](const std::vector<float>& inputs) { return upload_images<B>(q, inputs, height, width); };
    const auto began = clock::now();
    const auto report = [&](const training_progress& p) {
        if (options.progress) options.progress(p);
    };

    if (m.teacher_unmeasured) {
        std::size_t pass = 0;
        for_each_batch(source, options.batch, [&](std::size_t, const std::vector<float>& inputs) {
            ++pass;  // the mean over the batches so far
            measure_statistics<B>(q, m.teacher_net, m.teacher, upload(inputs), {m.algorithm, 1.0 / static_cast<double>(pass)});
        });
        m.teacher_unmeasured = false;
    }

    auto by = make_optimizer(m, {options.rate, options.beta1, options.beta2}, options.stable);
    training_position at;
    at.random_state = options.seed;
    const auto resume_file = resume_path(options.checkpoint);
    if (options.resume) at = load_resume(resume_file, m, by, options, split.kept.size());

    const std::size_t e = m.arch->expansion();
    feature_cache<B> cache{images,
                           {shape{1, 64 * e, height / 4, width / 4}, shape{1, 128 * e, height / 8, width / 8},
                            shape{1, 256 * e, height / 16, width / 16}},
                           options.cache_bytes};
    {
        const auto folded = fold_teacher<B>(q, m, {std::min(images, detail::feature_batch), 3, height, width});
        const std::size_t steps = (images + detail::feature_batch - 1) / detail::feature_batch;
        for_each_batch(source, detail::feature_batch, [&](std::size_t first, const std::vector<float>& inputs) {
            cache.put(q, first, infer<B>(q, m.teacher_net, folded, upload(inputs)));
            const double done = static_cast<double>(std::min(images, first + detail::feature_batch)), passed = since(began);
            report({0, options.epochs, first / detail::feature_batch + 1, steps, 0.0, done / passed,
                    passed / done * (static_cast<double>(images) - done)});
        });
    }
    release_idle<B>(q);

    training_log log;
    log.trained = split.kept.size();
    log.held_out = held_out.size();
    const auto calibrate_now = [&] {
        if (held_out.empty()) return;
        release_idle<B>(q);
        m.settings.calibration =
            to_json(calibrate(scorer<B>{m, detail::feature_batch, map_sigma}.scores(q, held_out), options.false_alarm_rate));
        release_idle<B>(q);
    };
    const auto save = [&] {
        calibrate_now();
        if (options.checkpoint.empty()) return;
        save_resume(resume_file, m, by, at, options, log.trained);
        save_checkpoint(options.checkpoint, m, detail::training_json(options, at, log.trained, log.held_out));
    };
    const auto training_began = clock::now();
    std::size_t trained = 0;
    const std::size_t steps = (images + options.batch - 1) / options.batch;
    while (at.epoch < options.epochs && !log.stopped) {
        if (at.order.empty()) {
            random order{at.random_state};
            at.order = shuffled_order(images, order);
            at.random_state = order.state;
        }
        const auto batches = data::batches_of(at.order, options.batch);
        while (at.step < steps && !log.stopped) {
            const auto& batch = batches[at.step];
            const double loss = value_of<B>(q, train_step(m, by, cache.get(q, batch)));
            if (!std::isfinite(loss))
                throw numeric_error{std::string{"training: the loss is "} + (std::isnan(loss) ? "not a number" : "infinite") +
                                    " in epoch " + std::to_string(at.epoch + 1) + ", step " + std::to_string(at.step + 1) +
                                    " of " + std::to_string(steps) + ": use a smaller learning rate than " +
                                    io::json(options.rate).dump() +
                                    (options.checkpoint.empty() ? "" : "; the last checkpoint is kept")};
            ++at.step;
            at.loss_sum += loss * static_cast<double>(batch.size());
            trained += batch.size();
            const double left = static_cast<double>((options.epochs - at.epoch - 1) * images) +
                                static_cast<double>(images - std::min(images, at.step * options.batch));
            const double rate = static_cast<double>(trained) / since(training_began);
            report({at.epoch + 1, options.epochs, at.step, steps, loss, rate, left / rate});
            log.stopped = options.should_stop && options.should_stop();
        }
        if (at.step == steps) {
            at.losses.push_back(at.loss_sum / static_cast<double>(images));
            at.loss_sum = 0;
            at.step = 0;
            at.order.clear();
            ++at.epoch;
            if (at.epoch < options.epochs && at.epoch % options.save_every == 0 && !log.stopped) save();
        }
    }
    log.stopped = log.stopped && at.epoch < options.epochs;
    save();
    log.losses = at.losses;
    log.seconds = since(began);
    return log;
}

}  // namespace rd4ad
