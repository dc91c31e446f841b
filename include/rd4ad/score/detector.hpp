// rd4ad/score/detector.hpp: scores images with a trained model: score, verdict, map and regions. Const and thread-safe. Twin:
// tests/score/detector.cpp
#pragma once
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/pipeline.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/image/fit_transform.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/model/checkpoint.hpp>
#include <rd4ad/model/network_input.hpp>
#include <rd4ad/score/calibration.hpp>
#include <rd4ad/score/calibration_json.hpp>
#include <rd4ad/score/detection_result.hpp>
#include <rd4ad/score/options.hpp>
#include <rd4ad/score/queue_pool.hpp>
#include <rd4ad/score/regions.hpp>
#include <rd4ad/score/scorer.hpp>

namespace rd4ad::inline RD4AD_ABI {

namespace score_detail {

/// Returns the options. Throws option_error for a batch of 0, and for a sigma, a region's threshold or a region's area that no
/// detector can use.
[[nodiscard]] inline const detector_options& checked(const detector_options& options) {
    if (options.batch == 0) throw option_error{"detector: found a batch of 0, expected at least 1"};
    const auto require = [](bool holds, const char* name, double found, const char* expected) {
        if (!holds) throw option_error{text("detector: found ", name, ' ', found, ", expected ", expected)};
    };
    const auto& regions = options.regions;
    require(options.sigma >= 0 && std::isfinite(options.sigma), "a sigma of", options.sigma, "a finite number of at least 0");
    require(regions.threshold > 0 && regions.threshold < 1, "a threshold of regions of", regions.threshold,
            "a score above 0 and below 1");
    require(std::isfinite(regions.min_area), "a smallest area of regions of", regions.min_area, "a finite number of pixels");
    return options;
}

/// Returns the model. Throws numeric_error naming a tensor that is not finite: an activation such as ReLU can hide it in the map.
template <Backend B>
[[nodiscard]] std::unique_ptr<model<B>> checked(model<B> trained) {
    if (const auto tensor = unusable_tensor(trained.queue, trained); !tensor.empty())
        throw numeric_error{text("detector: the model's tensor ", tensor, "; load the checkpoint again, or train again")};
    return std::make_unique<model<B>>(std::move(trained));
}

}  // namespace score_detail

/// Scores images with a trained model. A score is finite: where the network gives NaN or infinity, every member that scores
/// throws numeric_error naming the image and the reason. The constructor prepares everything. Several threads may call the const
/// members at once; each call uses as many threads as the model has.
template <Backend B>
class detector {
   public:
    /// Takes the model. Throws option_error for options out of range (see score_detail::checked) or a model whose input size is
    /// not a multiple of 32, format_error for a calibration that can't be read, numeric_error for a tensor or a calibration that
    /// is not finite.
    explicit detector(model<B> trained, const detector_options& options = {})
        : model_{score_detail::checked(std::move(trained))},
          options_{score_detail::checked(options)},
          calibration_{calibration_from(model_->settings.calibration, "detector")},
          scorer_{*model_, options.batch, options.sigma},
          queues_{std::make_unique<queue_pool<B>>(model_->queue.threads)} {}

    /// Loads the model from a checkpoint file. Throws as load_checkpoint does.
    explicit detector(const std::filesystem::path& checkpoint, const detector_options& options = {},
                      const model_options& model = {})
        : detector{load_checkpoint<B>(checkpoint, model), options} {}

    [[nodiscard]] const model_settings& settings() const noexcept { return model_->settings; }
    [[nodiscard]] const architecture& arch() const noexcept { return *model_->arch; }
    /// The function from raw scores to scores; empty if the model has none.
    [[nodiscard]] const std::optional<rd4ad::calibration>& calibration() const noexcept { return calibration_; }

    /// Scores one RGB image.
    [[nodiscard]] detection_result score(const image::image_u8& image) const {
        return std::move(score(std::span{&image, 1}).front());
    }

    /// Scores RGB images of any sizes.
    [[nodiscard]] std::vector<detection_result> score(std::span<const image::image_u8> images) const {
        std::vector<detection_result> results;
        for (std::size_t first = 0; first < images.size(); first += options_.batch) {
            const auto chunk = images.subspan(first, std::min(options_.batch, images.size() - first));
            std::vector<preprocessed_image> preprocessed(chunk.size());
            parallel_for(chunk.size(), model_->queue.threads,
                         [&](std::size_t i) { preprocessed[i] = preprocess(chunk[i], settings().preprocessing); });
            for (auto& one : score_preprocessed(preprocessed)) results.push_back(std::move(one));
        }
        return results;
    }

    /// Scores images that `preprocess` prepared by settings().preprocessing. May be called concurrently.
    [[nodiscard]] std::vector<detection_result> score_preprocessed(std::span<const preprocessed_image> images) const {
        const auto queue = queues_->borrow();
        return results_of(scorer_.maps(*queue, images), images);
    }

    /// Scores files in order: one chunk is computed while the next is read and preprocessed, and while `use` receives the
    /// previous one on its own thread. If a file can't be read, `use` receives the results of all files before its chunk, then
    /// this throws the reader's error.
    void score_files(std::span<const std::filesystem::path> files, const results_callback& use) const {
        if (files.empty()) return;
        const auto queue = queues_->borrow();
        struct computed_chunk {
            std::vector<preprocessed_image> images;
            std::vector<image::image_f32> maps;
            double ms;
        };
        const auto compute = [&](std::size_t, std::vector<preprocessed_image> images) {
            const auto began = std::chrono::steady_clock::now();
            auto maps = scorer_.maps(*queue, images);
            const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
            const double ms = took.count() / static_cast<double>(images.size());
            return computed_chunk{std::move(images), std::move(maps), ms};
        };
        const auto consume = [&](std::size_t first, computed_chunk chunk) {
            use(first, results_of(std::move(chunk.maps), chunk.images), chunk.ms);
        };
        const std::size_t step = images_per_read(settings().preprocessing, options_.batch, files.front());
        with_preprocessed_files<B>(*queue, files, settings().preprocessing, step, [&](prefetch when, const auto& load) {
            pipeline(when, files.size(), step, load, compute, consume);
        });
    }

    /// Scores at most `batch` of the network's inputs (see patch_input). Maps have the network's size; maps of patches are
    /// neither smoothed nor joined. The results have no regions and no transform.
    [[nodiscard]] std::vector<detection_result> score_inputs(const std::vector<float>& inputs) const {
        const auto queue = queues_->borrow();
        auto maps = scorer_.network_maps(*queue, inputs, settings().height, settings().width);
        std::vector<detection_result> results(maps.size());
        for (std::size_t i = 0; i < results.size(); ++i) {
            check_map(maps[i], text("input ", i), [&] { return scorer_.reason(*queue); });
            results[i].map = std::move(maps[i]);
            results[i].raw_score = *std::max_element(results[i].map.pixels.begin(), results[i].map.pixels.end());
            results[i].score = score_for(results[i].raw_score);
        }
        return results;
    }

    /// Returns the raw score of each file; `done` receives the number of files scored so far.
    [[nodiscard]] std::vector<float> raw_scores(std::span<const std::filesystem::path> files,
                                                const std::function<void(std::size_t)>& done = {}) const {
        const auto queue = queues_->borrow();
        return scorer_.raw_scores(*queue, files, done);
    }

   private:
    /// The calibrated raw score; empty without a calibration.
    [[nodiscard]] std::optional<double> score_for(float raw_score) const {
        return calibration_ ? std::optional{(*calibration_)(static_cast<double>(raw_score))} : std::nullopt;
    }

    [[nodiscard]] std::vector<detection_result> results_of(std::vector<image::image_f32> maps,
                                                           std::span<const preprocessed_image> images) const {
        std::vector<detection_result> results(maps.size());
        for (std::size_t i = 0; i < results.size(); ++i) {
            auto& one = results[i];
            one.map = std::move(maps[i]);
            one.transform = images[i].plan.transform;
            one.raw_score = raw_score_of(one.map, one.transform);
            one.score = score_for(one.raw_score);
            if (calibration_) one.regions = regions_of(one);
            if (options_.size == map_size::image) one.map = image::restore_map(one.transform, std::move(one.map));
        }
        return results;
    }

    [[nodiscard]] std::vector<region> regions_of(const detection_result& in) const {
        const double raw_threshold = calibration_->raw_score(options_.regions.threshold);
        auto regions = find_regions(in.map, in.transform, raw_threshold, options_.regions.min_area);
        for (auto& one : regions) one.score = score_for(one.raw_score);
        return regions;
    }

    std::unique_ptr<model<B>> model_;
    detector_options options_;
    std::optional<rd4ad::calibration> calibration_;
    scorer<B> scorer_;
    std::unique_ptr<queue_pool<B>> queues_;
};

}  // namespace rd4ad::inline RD4AD_ABI
