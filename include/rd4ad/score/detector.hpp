// rd4ad/score/detector.hpp: photograph in; score, verdict, heat map and regions out; const and thread-safe. Twin:
// tests/score/detector.cpp
#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <rd4ad/core/pipeline.hpp>
#include <rd4ad/image/geometry.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/model/checkpoint.hpp>
#include <rd4ad/score/calibration.hpp>
#include <rd4ad/score/finding.hpp>
#include <rd4ad/score/options.hpp>
#include <rd4ad/score/regions.hpp>
#include <rd4ad/score/scorer.hpp>
#include <rd4ad/train/images.hpp>

namespace rd4ad {

/// Scores photographs with a trained model. Everything is prepared in the constructor; `score` may be called from several
/// threads at once, each of which uses the model's number of threads.
template <Backend B>
class detector {
   public:
    explicit detector(model<B> trained, const detector_options& options = {})
        : model_{std::make_unique<model<B>>(std::move(trained))},
          options_{options.batch > 0 ? options : throw option_error{"detector: batch 0, expected at least 1"}},
          calibration_{calibration_from(model_->settings.calibration, "detector")},
          scorer_{*model_, options.batch, options.sigma} {}

    /// From a checkpoint file.
    explicit detector(const std::filesystem::path& checkpoint, const detector_options& options = {},
                      const model_options& model = {})
        : detector{load_checkpoint<B>(checkpoint, model), options} {}

    [[nodiscard]] const model_settings& settings() const noexcept { return model_->settings; }
    [[nodiscard]] const architecture& arch() const noexcept { return *model_->arch; }
    /// The scale of its scores; none for a model without.
    [[nodiscard]] const std::optional<calibration>& scale() const noexcept { return calibration_; }

    /// One photograph, RGB.
    [[nodiscard]] finding score(const image::picture& photograph) const {
        return std::move(score(std::span{&photograph, 1}).front());
    }

    /// Several photographs, of any sizes.
    [[nodiscard]] std::vector<finding> score(std::span<const image::picture> photographs) const {
        std::vector<finding> found;
        for (std::size_t first = 0; first < photographs.size(); first += options_.batch) {
            const auto part = photographs.subspan(first, std::min(options_.batch, photographs.size() - first));
            std::vector<fitted_photograph> fitted(part.size());
            parallel_for(part.size(), model_->queue.threads,
                         [&](std::size_t i) { fitted[i] = fit_photograph(part[i], settings().view); });
            for (auto& one : score_fitted(fitted)) found.push_back(std::move(one));
        }
        return found;
    }

    /// Photographs fitted to the view of settings() (see fit_photograph), while others are scored perhaps.
    [[nodiscard]] std::vector<finding> score_fitted(std::span<const fitted_photograph> photographs) const {
        return findings_of(scorer_.maps(*borrow(), photographs), photographs);
    }

    /// Photographs on disk, in order: some are computed while the next are read and fitted, and while `use`, on a thread of its
    /// own, has those before. Throws what reading throws, for the first file that can't be read, after those before are used.
    void score_files(std::span<const std::filesystem::path> files, const photographs_scored& use) const {
        if (files.empty()) return;
        const auto queue = borrow();
        struct computed {
            std::vector<fitted_photograph> photographs;
            std::vector<image::plane> maps;
            double ms;
        };
        const auto compute = [&](std::size_t, std::vector<fitted_photograph> photographs) {
            const auto began = std::chrono::steady_clock::now();
            auto maps = scorer_.maps(*queue, photographs);
            const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
            const double each = took.count() / static_cast<double>(photographs.size());
            return computed{std::move(photographs), std::move(maps), each};
        };
        const auto find = [&](std::size_t first, computed of) {
            use(first, findings_of(std::move(of.maps), of.photographs), of.ms);
        };
        const std::size_t step = photographs_at_once(settings().view, options_.batch, files.front());
        with_fitted_files<B>(*queue, files, settings().view, step,
                             [&](making when, const auto& make) { pipeline(when, files.size(), step, make, compute, find); });
    }

    /// Images that are already the network's input (see patch_input), at most `batch` of them: scores, and maps at the network's
    /// size. Those of patches are neither smoothed nor joined.
    [[nodiscard]] std::vector<finding> score_inputs(const std::vector<float>& inputs) const {
        const auto queue = borrow();
        auto maps = scorer_.network_maps(*queue, inputs, settings().height, settings().width);
        std::vector<finding> found(maps.size());
        for (std::size_t i = 0; i < found.size(); ++i) {
            found[i].map = std::move(maps[i]);
            found[i].score = *std::max_element(found[i].map.pixels.begin(), found[i].map.pixels.end());
            if (calibration_) found[i].calibrated = (*calibration_)(static_cast<double>(found[i].score));
        }
        return found;
    }

    /// Raw scores of photographs on disk. `done`: called with how many have theirs.
    [[nodiscard]] std::vector<float> scores(std::span<const std::filesystem::path> files,
                                            const std::function<void(std::size_t)>& done = {}) const {
        const auto queue = borrow();
        return scorer_.scores(*queue, files, done);
    }

   private:
    using queue_type = typename B::queue;

    [[nodiscard]] std::vector<finding> findings_of(std::vector<image::plane> maps,
                                                   std::span<const fitted_photograph> photographs) const {
        std::vector<finding> found(maps.size());
        for (std::size_t i = 0; i < found.size(); ++i) {
            auto& one = found[i];
            one.map = std::move(maps[i]);
            one.place = photographs[i].how.place;
            one.score = score_of(one.map, one.place);
            if (calibration_) {
                one.calibrated = (*calibration_)(static_cast<double>(one.score));
                one.regions = regions_of(one);
            }
            if (options_.size == map_size::photograph) one.map = image::restore_map(one.place, one.map);
        }
        return found;
    }

    [[nodiscard]] std::vector<region> regions_of(const finding& in) const {
        auto regions =
            find_regions(in.map, in.place, calibration_->raw(options_.regions.threshold), options_.regions.smallest_area);
        for (auto& one : regions) one.score = (*calibration_)(static_cast<double>(one.peak));
        return regions;
    }

    /// A queue of the caller's own until it lets go of it.
    [[nodiscard]] std::shared_ptr<queue_type> borrow() const {
        std::unique_ptr<queue_type> queue;
        {
            const std::lock_guard lock{idle_->guard};
            if (!idle_->queues.empty()) {
                queue = std::move(idle_->queues.back());
                idle_->queues.pop_back();
            }
        }
        if (!queue) queue = std::make_unique<queue_type>(model_->queue.threads);
        return {queue.release(), [home = idle_](queue_type* back) {
                    std::unique_ptr<queue_type> owned{back};
                    const std::lock_guard lock{home->guard};
                    home->queues.push_back(std::move(owned));
                }};
    }

    struct idle_queues {
        std::mutex guard;
        std::vector<std::unique_ptr<queue_type>> queues;
    };

    std::unique_ptr<model<B>> model_;
    detector_options options_;
    std::optional<calibration> calibration_;
    scorer<B> scorer_;
    std::shared_ptr<idle_queues> idle_{std::make_shared<idle_queues>()};
};

}  // namespace rd4ad
