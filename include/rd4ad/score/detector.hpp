// rd4ad/score/detector.hpp: photograph in, score and heat map out; const and thread-safe. Twin: tests/score/detector.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <rd4ad/image/image.hpp>
#include <rd4ad/image/resize.hpp>
#include <rd4ad/model/checkpoint.hpp>
#include <rd4ad/model/scoring.hpp>
#include <rd4ad/score/calibration.hpp>
#include <rd4ad/score/finding.hpp>
#include <rd4ad/score/regions.hpp>
#include <rd4ad/train/images.hpp>

namespace rd4ad {

/// The size at which a detector gives its maps.
enum class map_size {
    network,    ///< of the network's image
    photograph  ///< of the photograph, bilinear
};

/// Options of a detector.
struct detector_options {
    std::size_t batch{8};  ///< images computed at once; larger batches are cut
    double sigma{4.0};     ///< of the Gaussian over the map, in pixels of the network's image
    map_size size{map_size::photograph};
    region_options regions{};
};

/// Scores photographs with a trained model. Everything is prepared in the constructor; `score` may be called from several
/// threads at once, each of which uses the model's number of threads.
template <Backend B>
class detector {
   public:
    explicit detector(model<B> trained, const detector_options& options = {})
        : model_{std::make_unique<model<B>>(std::move(trained))},
          options_{options.batch > 0 ? options : throw option_error{"detector: batch 0, expected at least 1"}},
          calibration_{calibration_from(model_->settings.calibration, "detector")},
          network_{*model_, options.batch, options.sigma} {}

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
        const std::size_t each = settings().height * settings().width * 3;
        std::vector<finding> found;
        for (std::size_t first = 0; first < photographs.size(); first += options_.batch) {
            const auto part = photographs.subspan(first, std::min(options_.batch, photographs.size() - first));
            std::vector<float> inputs(part.size() * each);
            parallel_for(part.size(), model_->queue.threads,
                         [&](std::size_t i) { network_input(part[i], settings(), std::span{inputs}.subspan(i * each, each)); });
            auto maps = score_inputs(inputs);
            for (std::size_t i = 0; i < part.size(); ++i) {
                maps[i].place =
                    image::place({.size = settings().width, .height = settings().height}, part[i].width, part[i].height);
                if (calibration_) maps[i].regions = regions_of(maps[i]);
                if (options_.size == map_size::photograph)
                    maps[i].map = image::resize_map(maps[i].map, part[i].width, part[i].height);
                found.push_back(std::move(maps[i]));
            }
        }
        return found;
    }

    /// Images that are already the network's input (see `network_input`), at most `batch` of them; maps at the network's
    /// size.
    [[nodiscard]] std::vector<finding> score_inputs(const std::vector<float>& inputs) const {
        const auto queue = borrow();
        const auto images = upload_images<B>(*queue, inputs, settings());
        const auto values = to_host<B>(*queue, network_.map(*queue, images));
        const std::size_t pixels = settings().height * settings().width;
        std::vector<finding> found(images.shape.n);
        for (std::size_t i = 0; i < found.size(); ++i) {
            const auto begin = values.begin() + static_cast<std::ptrdiff_t>(i * pixels);
            found[i].map = {settings().width, settings().height, 1,
                            std::vector<float>(begin, begin + static_cast<std::ptrdiff_t>(pixels))};
            found[i].score = *std::max_element(found[i].map.pixels.begin(), found[i].map.pixels.end());
            if (calibration_) found[i].calibrated = (*calibration_)(static_cast<double>(found[i].score));
        }
        return found;
    }

   private:
    [[nodiscard]] std::vector<region> regions_of(const finding& in) const {
        auto regions =
            find_regions(in.map, in.place, calibration_->raw(options_.regions.threshold), options_.regions.smallest_area);
        for (auto& one : regions) one.score = (*calibration_)(static_cast<double>(one.peak));
        return regions;
    }

    using queue_type = typename B::queue;

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
    scoring_network<B> network_;
    std::shared_ptr<idle_queues> idle_{std::make_shared<idle_queues>()};
};

}  // namespace rd4ad
