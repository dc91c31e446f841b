// rd4ad/score/detector.hpp: scores images with a trained model: score, verdict, map and regions. Const and thread-safe. Twin:
// tests/score/detector.cpp
#pragma once
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/communicator.hpp>
#include <rd4ad/core/error.hpp>
#include <rd4ad/core/log.hpp>
#include <rd4ad/core/outcome.hpp>
#include <rd4ad/core/pipeline.hpp>
#include <rd4ad/core/run_control.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/fit_transform.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/image_view.hpp>
#include <rd4ad/model/load_scoring_model.hpp>
#include <rd4ad/model/network_input.hpp>
#include <rd4ad/score/apply_calibration.hpp>
#include <rd4ad/score/calibration.hpp>
#include <rd4ad/score/calibration_json.hpp>
#include <rd4ad/score/deal_chunks.hpp>
#include <rd4ad/score/detection_result.hpp>
#include <rd4ad/score/options.hpp>
#include <rd4ad/score/queue_pool.hpp>
#include <rd4ad/score/regions.hpp>
#include <rd4ad/score/result_bytes.hpp>
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
[[nodiscard]] scoring_model<B> checked(scoring_model<B> model) {
    if (!model.fault.empty())
        throw numeric_error{text(model.settings.named_by("detector"), ": the model's tensor ", model.fault,
                                 "; load the checkpoint again, or train again")};
    return model;
}

}  // namespace score_detail

/// Scores images with a trained model. A score is finite: where the network gives NaN or infinity, every member that scores
/// throws numeric_error naming the image and the reason. The constructor prepares everything. Several threads may call the const
/// members at once; each call uses as many threads as the model has.
template <Backend B>
class detector {
   public:
    /// Takes the model, prepares its weights for scoring and lets the model go. Throws option_error for options out of range (see
    /// score_detail::checked), for a product that the model does not know, or a model whose input size is not a multiple of 32;
    /// format_error for a calibration that can't be read, numeric_error for a tensor or a calibration that is not finite.
    explicit detector(model<B> trained, const detector_options& options = {})
        : detector{options, [&](std::size_t batch) {
                       return scoring_model<B>{trained, {batch, 3, trained.settings.height, trained.settings.width}};
                   }} {}

    /// Loads the model from a checkpoint file, tensor by tensor. Throws as load_checkpoint does.
    explicit detector(const std::filesystem::path& checkpoint, const detector_options& options = {},
                      const model_options& model = {})
        : detector{options, [&](std::size_t batch) { return load_scoring_model<B>(checkpoint, batch, model); }} {}

    /// Loads the model from the bytes of a checkpoint. name: starts the messages, in place of a path. Throws as load_checkpoint
    /// does. The bytes are not needed after the call.
    detector(std::span<const std::byte> checkpoint, const std::string& name, const detector_options& options = {},
             const model_options& model = {})
        : detector{options, [&](std::size_t batch) { return load_scoring_model<B>(checkpoint, name, batch, model); }} {}

    [[nodiscard]] const model_settings& settings() const noexcept { return scorer_.settings(); }
    [[nodiscard]] const architecture& arch() const noexcept { return scorer_.arch(); }
    /// The number of threads that each call uses.
    [[nodiscard]] std::size_t threads() const noexcept { return scorer_.threads(); }
    /// The function from raw scores to scores; empty if the model has none, or one per product and options name no product.
    [[nodiscard]] const std::optional<rd4ad::calibration>& calibration() const noexcept { return calibration_; }
    /// The functions of all products; one under "" for a model without products.
    [[nodiscard]] const product_calibrations& calibrations() const noexcept { return calibrations_; }

    /// Does the work that the first frames of these sizes would wait for: makes the networks of their input sizes, and the memory
    /// of as many frames and threads as the options state, by scoring black frames. sizes: of the frames. Later scores are those
    /// without it. Throws shape_error for a width or height of 0; option_error for options of 0, for sizes with more input sizes
    /// than the detector keeps (scorer::max_networks, 4), and as score does.
    void warm_up(std::span<const image::size> sizes, const warm_up_options& options = {}) const {
        if (options.frames == 0 || options.callers == 0)
            throw option_error{text("warm_up: found ", options.frames, " frames for ", options.callers,
                                    " callers, expected at least 1 of each")};
        std::set<std::pair<std::size_t, std::size_t>> inputs;
        for (const auto& one : sizes) {
            const auto grid = data::plan(settings().preprocessing, one.width, one.height).grid;
            inputs.emplace(grid.patch_width, grid.patch_height);
        }
        if (inputs.size() > scorer<B>::max_networks)
            throw option_error{text("warm_up: the ", sizes.size(), " sizes have ", inputs.size(),
                                    " input sizes, the detector keeps the networks of ", scorer<B>::max_networks,
                                    "; use fewer sizes, or a fit with one input size (squash, pad)")};
        std::vector<typename queue_pool<B>::lease> queues;
        for (std::size_t i = 0; i < options.callers; ++i) queues.push_back(queues_->borrow());
        for (const auto& one : sizes) {
            const auto black = image::make_image<std::uint8_t>(one.width, one.height, 1);
            auto frame = preprocess(image::view_of(black), settings().preprocessing);
            frame.roi = data::make_roi(image::make_image<std::uint8_t>(one.width, one.height, 1, 1)).mask;
            const std::vector<preprocessed_image> frames(options.frames, frame);
            for (const auto& queue : queues)
                for (auto& result : raw_results(scorer_.maps(*queue, frames), frames))
                    if (options_.size == map_size::image)
                        static_cast<void>(image::restore_map(result.transform, std::move(result.map)));
        }
    }

    /// Scores one RGB image. Throws option_error where each product has its threshold and none is named, data_error as
    /// data::roi_mask does where the model has a region of interest.
    [[nodiscard]] detection_result score(const image::image_u8& image) const {
        return std::move(score(std::span{&image, 1}).front());
    }

    /// Scores one frame where it lies, without a copy of it: the result is that of an RGB image of the same pixels. The frame's
    /// memory is read before the network runs, and no longer after the call returns. Throws as for an image, and as
    /// image::check_view does.
    [[nodiscard]] detection_result score(const image::image_view& frame) const {
        return std::move(score(std::span{&frame, 1}).front());
    }

    /// Scores one RGB image in a region of interest, in place of the model's: map and regions are 0 and none outside, the raw
    /// score is the maximum inside. roi: 1 channel, of the image's size, 0 outside. Throws data_error for an empty mask or
    /// another size.
    [[nodiscard]] detection_result score(const image::image_u8& image, image::image_u8 roi) const {
        return score_inside(image, std::move(roi));
    }

    /// Scores one frame in a region of interest, in place of the model's, as it scores an image.
    [[nodiscard]] detection_result score(const image::image_view& frame, image::image_u8 roi) const {
        return score_inside(frame, std::move(roi));
    }

    /// Scores RGB images of any sizes.
    [[nodiscard]] std::vector<detection_result> score(std::span<const image::image_u8> images) const {
        return score_each(images);
    }

    /// Scores frames of any sizes and formats where they lie.
    [[nodiscard]] std::vector<detection_result> score(std::span<const image::image_view> frames) const {
        return score_each(frames);
    }

    /// Scores images that `preprocess` prepared by settings().preprocessing. May be called concurrently.
    [[nodiscard]] std::vector<detection_result> score_preprocessed(std::span<const preprocessed_image> images) const {
        const auto queue = queues_->borrow();
        return results_of(scorer_.maps(*queue, images), images);
    }

    /// Scores files in order: one chunk is computed while the next is read and preprocessed, and while `use` receives the
    /// previous one on its own thread. A file that can't be read: under on_failure::stop `use` receives the results of all files
    /// before its chunk, then this throws the reader's error. Under on_failure::skip its outcome is the failure, and the other
    /// files have the results that they have without it, bit for bit. `roi`: the region of interest of the files
    /// (data::open_roi), in place of the model's. `control`: a stop throws stopped_error before the next batch is computed; `use`
    /// has received the results of all batches before. Progress is reported after `use`, on its thread. `ranks`: the processes
    /// that score the files together; each calls this with equal arguments and reads and scores its share of the chunks, and
    /// rank 0 alone calls `use`, with the results of one process, bit for bit. With ranks `control` has no effect, and under
    /// on_failure::stop a file that fails throws rd4ad::error with its code. Null: this process alone.
    void score_files(std::span<const std::filesystem::path> files, const results_callback& use,
                     const data::region_of_interest& roi = {}, on_failure reaction = on_failure::stop,
                     const run_control& control = {}, communicator* ranks = nullptr) const {
        if (files.empty()) return;
        static_cast<void>(calibration_of(calibrations_, options_.product, "detector"));  // before the first batch is computed
        if (ranks != nullptr) return score_dealt(files, use, data::given_or(roi, settings().roi), reaction, *ranks);
        const auto queue = queues_->borrow();
        struct computed_chunk {
            partial_chunk<preprocessed_image> images;
            std::vector<image::image_f32> maps;
            double ms;
        };
        const std::size_t step = images_per_read(settings().preprocessing, options_.batch, files, reaction);
        full_chunks<preprocessed_image> chunks{step, files.size()};
        const auto compute = [&](std::size_t, preprocessed_outcomes loaded) {
            std::vector<computed_chunk> computed;
            for (auto& images : chunks.add(std::move(loaded))) {
                control.check("score_files", {images.first, files.size()});
                score_detail::log_failures(images.failures);
                const auto began = std::chrono::steady_clock::now();
                auto maps = scorer_.maps(*queue, images.values);
                const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
                const double ms = maps.empty() ? 0.0 : took.count() / static_cast<double>(maps.size());
                computed.push_back({std::move(images), std::move(maps), ms});
            }
            return computed;
        };
        const auto consume = [&](std::size_t, std::vector<computed_chunk> computed) {
            for (auto& [images, maps, ms] : computed) {
                const run_progress at{images.first + images.size(), files.size()};
                use(images.first, images.outcomes(results_of(std::move(maps), images.values)), ms);
                control.report(at);
            }
        };
        with_preprocessed_files<B>(
            *queue, files, settings().preprocessing, step, data::given_or(roi, settings().roi), reaction,
            [&](prefetch when, const auto& load) { pipeline(when, files.size(), step, load, compute, consume); });
    }

    /// Scores at most `batch` of the network's inputs (see patch_input). Maps have the network's size; maps of patches are
    /// neither smoothed nor joined. The results have no regions and no transform. Maps of whole images are 0 outside the model's
    /// one mask for all, if it has one (see network_roi).
    [[nodiscard]] std::vector<detection_result> score_inputs(const std::vector<float>& inputs) const {
        const auto queue = queues_->borrow();
        auto maps = scorer_.network_maps(*queue, inputs, settings().height, settings().width);
        const auto mask = network_roi(settings());
        std::vector<detection_result> results(maps.size());
        for (std::size_t i = 0; i < results.size(); ++i) {
            check_map(maps[i], text("input ", i), [&] { return scorer_.reason(); });
            results[i].map = std::move(maps[i]);
            if (mask) data::limit_map(results[i].map, *mask);
            results[i].raw_score = *std::max_element(results[i].map.pixels.begin(), results[i].map.pixels.end());
            if (calibration_) results[i].score = (*calibration_)(static_cast<double>(results[i].raw_score));
        }
        return results;
    }

    /// Returns the raw score of each file, or under on_failure::skip the reason why it has none. See scorer::raw_scores. `roi`:
    /// as for score_files.
    [[nodiscard]] std::vector<outcome<float>> raw_scores(std::span<const std::filesystem::path> files,
                                                         const data::region_of_interest& roi = {},
                                                         on_failure reaction = on_failure::stop,
                                                         const run_control& control = {}) const {
        const auto queue = queues_->borrow();
        return scorer_.raw_scores(*queue, files, roi, reaction, control);
    }

   private:
    /// load(batch): the scoring_model for batches of that size.
    template <class Load>
    detector(const detector_options& options, const Load& load)
        : options_{score_detail::checked(options)},
          scorer_{score_detail::checked<B>(load(options.batch)), options.batch, options.sigma},
          calibrations_{calibrations_from(settings().calibration, settings().named_by("detector"))},
          queues_{std::make_unique<queue_pool<B>>(scorer_.threads())} {
        const auto& product = options_.product;
        check_product(calibrations_, product, settings().named_by("detector"));
        write_log(log_level::debug, "a detector is ready",
                  {{"arch", std::string{arch().name}}, {"input", text(settings().width, 'x', settings().height)}});
        if (product.empty() && per_product(calibrations_)) return;
        if (const auto* by = calibration_of(calibrations_, product, settings().named_by("detector"))) calibration_ = *by;
    }

    template <class Image>
    [[nodiscard]] detection_result score_inside(const Image& image, image::image_u8 roi) const {
        auto preprocessed = preprocess(image, settings().preprocessing);
        preprocessed.roi = data::make_roi(std::move(roi)).mask;
        return std::move(score_preprocessed(std::span{&preprocessed, 1}).front());
    }

    template <class Image>
    [[nodiscard]] std::vector<detection_result> score_each(std::span<const Image> images) const {
        std::vector<detection_result> results;
        for (std::size_t first = 0; first < images.size(); first += options_.batch) {
            const auto chunk = images.subspan(first, std::min(options_.batch, images.size() - first));
            const auto preprocessed = preprocess_images(chunk, settings().preprocessing, scorer_.threads());
            for (auto& one : score_preprocessed(preprocessed)) results.push_back(std::move(one));
        }
        return results;
    }

    /// score_files by several ranks.
    void score_dealt(std::span<const std::filesystem::path> files, const results_callback& use,
                     const data::region_of_interest& roi, on_failure reaction, communicator& ranks) const {
        const auto queue = queues_->borrow();
        const std::size_t step = images_per_read(settings().preprocessing, options_.batch, files, reaction);
        const auto load = [&](std::size_t index) {
            return preprocess_file(files[index], settings().preprocessing, roi, on_failure::skip);
        };
        const auto compute = [&](const partial_chunk<preprocessed_image>& chunk) {
            const auto began = std::chrono::steady_clock::now();
            auto maps = scorer_.maps(*queue, chunk.values);
            const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
            score_detail::byte_writer to;
            to.add(maps.empty() ? 0.0 : took.count() / static_cast<double>(maps.size()));
            for (const auto& one : results_of(std::move(maps), chunk.values)) to.add(one);
            return to.bytes();
        };
        const auto pass_on = [&](const partial_chunk<preprocessed_image>& chunk, const std::string& bytes) {
            score_detail::log_failures(chunk.failures);
            score_detail::byte_reader from{bytes};
            const auto ms = from.get<double>();
            std::vector<detection_result> results;
            while (from.has_more()) from.get(results.emplace_back());
            use(chunk.first, chunk.outcomes(std::move(results)), ms);
        };
        score_detail::deal_chunks<preprocessed_image>(ranks, files.size(), step, reaction, load, compute, pass_on);
    }

    [[nodiscard]] const rd4ad::calibration* calibration_for(const preprocessed_image& image) const {
        return calibration_of(calibrations_, image.product.empty() ? options_.product : image.product,
                              settings().named_by("detector"));
    }

    [[nodiscard]] std::vector<detection_result> results_of(std::vector<image::image_f32> maps,
                                                           std::span<const preprocessed_image> images) const {
        auto results = raw_results(std::move(maps), images);
        for (std::size_t i = 0; i < results.size(); ++i) {
            auto& one = results[i];
            const auto& mask = images[i].roi ? images[i].roi : settings().roi.mask;
            if (const auto* by = calibration_for(images[i])) apply_calibration(one, *by, options_.regions, mask != nullptr);
            if (options_.size == map_size::network) continue;
            one.map = image::restore_map(one.transform, std::move(one.map));
            if (mask) data::limit_map(one.map, *mask);
        }
        return results;
    }

    detector_options options_;
    scorer<B> scorer_;
    product_calibrations calibrations_;
    std::optional<rd4ad::calibration> calibration_{};
    std::unique_ptr<queue_pool<B>> queues_;
};

}  // namespace rd4ad::inline RD4AD_ABI
