// rd4ad/train/train_model.hpp: trains a model on a data set, on usable images, or on images in memory; and visits the students of
// its folds. Twin: tests/train/trainer.cpp
#pragma once
#include <span>

#include <rd4ad/core/log.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/model/model.hpp>
#include <rd4ad/train/check_options.hpp>
#include <rd4ad/train/keep_images.hpp>
#include <rd4ad/train/log.hpp>
#include <rd4ad/train/options.hpp>
#include <rd4ad/train/trainer.hpp>
#include <rd4ad/train/training_image.hpp>
#include <rd4ad/train/usable_images.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Trains bottleneck and student on the good images (every patch is an input), and calibrates the model. Cross-fitting first
/// trains a student per fold on the other folds' images and keeps the fold's out-of-fold maps; they set the map's units and the
/// threshold, and name the suspects. Then the shipped student is trained on all images. With held-out images the shipped student
/// scores them at each save. Each product of a data set (data::item::product) gets a calibration of its own. A region of interest
/// limits loss, map units and scores. Sets the model's preprocessing, input size, region of interest, map units and calibration.
/// Same seed, threads and backend: the same bits, resumed or not. images: by find_usable_images with these options. Throws
/// option_error and data_error before it computes anything; stopped_error for options.stop before the first step; numeric_error,
/// with epoch and step, for a loss or a weight that is not finite: it is not saved, and the last checkpoint remains. Source:
/// docs/method.md "Recipe".
template <Backend B>
training_log train(model<B>& m, const usable_images& images, const train_options& options) {
    for (const auto& one : images.skipped)
        write_log(log_level::warning, "an image is left out of the training",
                  {{"image", one.image.string()}, {"reason", one.reason.message}});
    auto log = train_detail::trainer<B>{m, images, options}.run();
    log.skipped = images.skipped;
    return log;
}

/// The same for the usable images of a data set.
template <Backend B>
training_log train(model<B>& m, const data::dataset& set, const train_options& options = {}) {
    train_detail::check_options(options, set.train.size());
    check_map_choice(options.map, preprocessing_of(options));
    return train(m, find_usable_images(set, options, m.queue.threads), options);
}

/// The same for images that a program hands over one after another: equal pixels give the bits that files give. See keep_images.
template <Backend B>
training_log train(model<B>& m, const image_generator& next, const train_options& options = {}) {
    return train(m, keep_images(next, options), options);
}

/// The same for images in memory, for example views of frames.
template <Backend B>
training_log train(model<B>& m, std::span<const training_image> images, const train_options& options = {}) {
    return train(m, keep_images(images, options, m.queue.threads), options);
}

/// Cross-fits a trained model's data again, by the same options, and visits each fold's student: for questions about images that
/// no student has seen, as probe_images asks them. The model keeps its settings, its units and its own weights. Nothing is saved.
/// Throws as train does.
template <Backend B>
void visit_fold_students(model<B>& m, const data::dataset& set, train_options options, const fold_visitor<B>& visit) {
    options.calibrate_by = calibration_images::cross;
    options.checkpoint.clear();
    options.resume = false;
    const usable_images images{.set = set};
    train_detail::trainer<B>{m, images, options}.visit_folds(visit);
}

}  // namespace rd4ad::inline RD4AD_ABI
