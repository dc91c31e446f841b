// rd4ad/score/scorer.hpp: computes raw anomaly maps, of whole images or joined from patches.
// Twin: tests/score/scorer.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/finite.hpp>
#include <rd4ad/core/log.hpp>
#include <rd4ad/core/outcome.hpp>
#include <rd4ad/core/pipeline.hpp>
#include <rd4ad/core/run_control.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/data/patches.hpp>
#include <rd4ad/model/network_input.hpp>
#include <rd4ad/model/scoring_network.hpp>
#include <rd4ad/score/detection_result.hpp>
#include <rd4ad/score/smoothing.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Returns the maximum of a map (of the network's input size) over the image, without borders.
[[nodiscard]] inline float raw_score_of(const image::image_f32& map, const image::fit_transform& transform) {
    const auto inside = image::pixels_inside(transform);
    float maximum = *map.at(inside.x, inside.y);
    for (std::size_t y = inside.y; y < inside.y + inside.height; ++y)
        maximum = std::max(maximum, *std::max_element(map.at(inside.x, y), map.at(inside.x, y) + inside.width));
    return maximum;
}

/// Names the reason why a network's map is not finite, as the end of a message.
using not_finite_reason = std::function<std::string()>;

/// The reason for a network of which nothing is known.
[[nodiscard]] inline std::string unknown_reason() { return "the network that computed it is damaged"; }

namespace score_detail {

/// Logs the reasons why images have no result.
inline void log_failures(const std::vector<failure>& failures) {
    for (const auto& one : failures) write_log(log_level::warning, "an image has no result", {{"reason", one.message}});
}

}  // namespace score_detail

/// Throws numeric_error that names the image and the first such pixel if a value of the map is NaN or infinite: such a map gives
/// no score. reason: called for the message only.
inline void check_map(const image::image_f32& map, const std::string& name, const not_finite_reason& reason) {
    const auto at = first_not_finite(std::span<const float>{map.pixels});
    if (!at) return;
    throw numeric_error{text(name, ": no score: its anomaly map is ", not_finite_text(map.pixels[*at]), " at x ", *at % map.width,
                             ", y ", *at / map.width, ", expected finite values; ", reason())};
}

/// Returns the region of interest of an image at the map's size; null where the whole image counts: its own mask, else the
/// model's. Throws data_error as data::roi_mask and data::fit_roi do.
[[nodiscard]] inline data::shared_mask fitted_roi(const preprocessed_image& of, const model_settings& settings) {
    const auto& transform = of.plan.transform;
    const auto mask =
        of.roi ? of.roi : data::roi_mask(settings.roi, "the image", transform.source_width, transform.source_height);
    return mask ? std::make_shared<const image::image_u8>(data::fit_roi(transform, *mask)) : nullptr;
}

/// Returns the model's one mask for all at the network's input size; null if it has none, or if it takes patches, whose places in
/// the image differ.
[[nodiscard]] inline data::shared_mask network_roi(const model_settings& settings) {
    if (!settings.roi.mask || !settings.preprocessing.whole()) return nullptr;
    const auto& mask = *settings.roi.mask;
    const auto transform = data::plan(settings.preprocessing, mask.width, mask.height).transform;
    return std::make_shared<const image::image_u8>(data::fit_roi(transform, mask, settings.roi.name));
}

/// Returns the results of images by their maps, which compute_maps returned: raw score, map and transform. They have no score and
/// no regions.
[[nodiscard]] inline std::vector<detection_result> raw_results(std::vector<image::image_f32> maps,
                                                               std::span<const preprocessed_image> images) {
    std::vector<detection_result> results(maps.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
        results[i].transform = images[i].plan.transform;
        results[i].raw_score = raw_score_of(maps[i], results[i].transform);
        results[i].map = std::move(maps[i]);
    }
    return results;
}

/// Returns the raw map of each image, of the preprocessed image's size; every value is finite. network(inputs, height, width)
/// computes the maps of at most `batch` inputs of one size (see patch_input); it may run anywhere, on a server for example. A map
/// of a whole image must be smoothed already. Maps of patches must not be smoothed: they are joined, then smoothed once by a
/// Gaussian of `sigma` pixels. A batch may hold patches of several images. Memory: the maps and one batch. Throws numeric_error
/// naming the image whose map is not finite, and the reason.
template <class Network>
[[nodiscard]] std::vector<image::image_f32> compute_maps(std::span<const preprocessed_image> images,
                                                         const model_settings& settings, std::size_t batch, std::size_t threads,
                                                         double sigma, const Network& network,
                                                         const not_finite_reason& reason = unknown_reason) {
    struct network_job {
        std::size_t image, patch;
    };
    std::vector<network_job> jobs;
    for (std::size_t i = 0; i < images.size(); ++i)
        for (std::size_t p = 0; p < images[i].plan.grid.count(); ++p) jobs.push_back({i, p});
    const auto input_size = [&](const network_job& job) {
        const auto& grid = images[job.image].plan.grid;
        return std::pair{grid.patch_height, grid.patch_width};
    };
    std::vector<image::image_f32> found(images.size());
    std::optional<data::patch_joiner> joiner;
    for (std::size_t first = 0, last = 0; first < jobs.size(); first = last) {
        const auto [height, width] = input_size(jobs[first]);
        while (last < jobs.size() && last - first < batch && input_size(jobs[last]) == std::pair{height, width}) ++last;
        const std::size_t values = height * width * 3;
        std::vector<float> inputs((last - first) * values);
        parallel_for(last - first, threads, [&](std::size_t i) {
            const auto& [image, patch] = jobs[first + i];
            patch_input(images[image], patch, settings.normalisation, std::span{inputs}.subspan(i * values, values));
        });
        std::vector<image::image_f32> maps = network(inputs, height, width);
        for (std::size_t i = 0; i < maps.size(); ++i) {
            const auto& [image, patch] = jobs[first + i];
            const auto& grid = images[image].plan.grid;
            if (settings.preprocessing.whole()) {
                found[image] = std::move(maps[i]);
                continue;
            }
            if (patch == 0) joiner.emplace(grid);
            joiner->add(patch, maps[i]);
            if (patch + 1 < grid.count()) continue;
            found[image] = std::move(*joiner).map();
            smooth(found[image], sigma, threads);
        }
    }
    for (std::size_t i = 0; i < found.size(); ++i)
        check_map(found[i], images[i].name.empty() ? text("image ", i) : images[i].name, reason);
    return found;
}

/// Computes maps with a model in its form for scoring. A scoring network serves one input size: the constructor makes the one for
/// the model's own size, other sizes are made on first use, and the last few are kept; all share one set of weights. Several
/// threads may use a scorer at once, each with its own queue.
template <Backend B>
class scorer {
   public:
    /// `batch`: inputs computed at once. `sigma`: of the Gaussian over a map, in pixels of the preprocessed image.
    scorer(scoring_model<B> m, std::size_t batch, double sigma)
        : model_{std::make_shared<scoring_model<B>>(std::move(m))}, batch_{batch}, sigma_{sigma} {
        static_cast<void>(network_for(settings().height, settings().width));
    }

    /// With the present weights and settings of a model, which may change or end later.
    scorer(model<B>& m, std::size_t batch, double sigma)
        : scorer{scoring_model<B>{m, {batch, 3, m.settings.height, m.settings.width}}, batch, sigma} {}

    [[nodiscard]] const model_settings& settings() const noexcept { return model_->settings; }
    [[nodiscard]] const architecture& arch() const noexcept { return *model_->arch; }
    /// The threads of the model's queue.
    [[nodiscard]] std::size_t threads() const noexcept { return model_->queue.threads; }

    /// Returns the raw map of each image, of the preprocessed image's size (see compute_maps), 0 outside its region of interest.
    /// Throws numeric_error as compute_maps does; and as fitted_roi does, before it computes anything.
    [[nodiscard]] std::vector<image::image_f32> maps(typename B::queue& q, std::span<const preprocessed_image> images) const {
        std::vector<data::shared_mask> masks;
        for (const auto& one : images) masks.push_back(fitted_roi(one, settings()));
        auto made = compute_maps(
            images, settings(), batch_, q.threads, sigma_,
            [&](const std::vector<float>& inputs, std::size_t height, std::size_t width) {
                return network_maps(q, inputs, height, width);
            },
            [&] { return reason(); });
        for (std::size_t i = 0; i < made.size(); ++i)
            if (masks[i]) data::limit_map(made[i], *masks[i]);
        return made;
    }

    /// The reason why a map of this model is not finite, as the end of a message: names the model's tensor, if it is one.
    [[nodiscard]] std::string reason() const {
        if (model_->fault.empty())
            return "the model's weights are finite, but so large that its features overflow; train again, or use another copy";
        return text("the model's tensor ", model_->fault, "; load the checkpoint again, or train again");
    }

    /// Returns the network's map of each input (see patch_input): at most `batch` inputs of one size. The maps have that size;
    /// they are smoothed if the model takes whole images. They are not checked: see check_map.
    [[nodiscard]] std::vector<image::image_f32> network_maps(typename B::queue& q, const std::vector<float>& inputs,
                                                             std::size_t height, std::size_t width) const {
        const auto network = network_for(height, width);
        const auto values = to_host<B>(q, network->map(q, upload_images<B>(q, inputs, height, width)));
        const std::size_t pixels = height * width;
        std::vector<image::image_f32> maps(values.size() / pixels);
        for (std::size_t i = 0; i < maps.size(); ++i) {
            const auto begin = values.begin() + static_cast<std::ptrdiff_t>(i * pixels);
            maps[i] = {width, height, 1, std::vector<float>(begin, begin + static_cast<std::ptrdiff_t>(pixels))};
        }
        return maps;
    }

    /// Returns the raw score of each file, in order; the next files are read meanwhile (see with_preprocessed_files). A file that
    /// can't be read throws the reader's error, or under on_failure::skip gives a failure; the other files have the same raw
    /// scores as without it. `roi`: the region of interest of the files, in place of the model's. `control` ends the run between
    /// two batches, with stopped_error, and receives its progress.
    [[nodiscard]] std::vector<outcome<float>> raw_scores(typename B::queue& q, std::span<const std::filesystem::path> files,
                                                         const data::region_of_interest& roi = {},
                                                         on_failure reaction = on_failure::stop,
                                                         const run_control& control = {}) const {
        std::vector<outcome<float>> found;
        if (files.empty()) return found;
        const auto& preprocessing = settings().preprocessing;
        const std::size_t step = images_per_read(preprocessing, batch_, files, reaction);
        full_chunks<preprocessed_image> chunks{step, files.size()};
        const auto compute = [&](std::size_t, preprocessed_outcomes loaded) {
            for (const auto& chunk : chunks.add(std::move(loaded))) {
                control.check("raw_scores", {found.size(), files.size()});
                score_detail::log_failures(chunk.failures);
                const auto computed = maps(q, chunk.values);
                std::vector<float> raw_scores;
                for (std::size_t i = 0; i < computed.size(); ++i)
                    raw_scores.push_back(raw_score_of(computed[i], chunk.values[i].plan.transform));
                for (auto& one : chunk.outcomes(std::move(raw_scores))) found.push_back(std::move(one));
                control.report({found.size(), files.size()});
            }
        };
        with_preprocessed_files<B>(
            q, files, preprocessing, step, data::given_or(roi, settings().roi), reaction,
            [&](prefetch when, const auto& load) { for_each_chunk(when, files.size(), step, load, compute); });
        return found;
    }

    /// Number of input sizes whose networks are kept, those used last.
    static constexpr std::size_t max_networks = 4;

   private:
    using network_type = scoring_network<B>;

    [[nodiscard]] std::shared_ptr<const network_type> network_for(std::size_t height, std::size_t width) const {
        const std::lock_guard lock{cache_->mutex};
        auto& networks = cache_->networks;
        const auto known = std::find_if(networks.begin(), networks.end(),
                                        [&](const auto& one) { return one->height == height && one->width == width; });
        if (known != networks.end())
            networks.splice(networks.begin(), networks, known);
        else
            networks.push_front(
                std::make_shared<const network_type>(model_, height, width, settings().preprocessing.whole() ? sigma_ : 0.0));
        if (networks.size() > max_networks) networks.pop_back();
        return networks.front();
    }

    struct network_cache {
        std::mutex mutex;
        std::list<std::shared_ptr<const network_type>> networks;  // most recently used first
    };

    std::shared_ptr<scoring_model<B>> model_;  // its queue is used under the cache's mutex
    std::size_t batch_;
    double sigma_;
    std::unique_ptr<network_cache> cache_{std::make_unique<network_cache>()};
};

}  // namespace rd4ad::inline RD4AD_ABI
