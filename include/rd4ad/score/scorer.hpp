// rd4ad/score/scorer.hpp: fitted photographs to raw maps, whole or joined of patches, on a model that stays its owner's. Twin:
// tests/score/detector.cpp
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
#include <utility>
#include <vector>

#include <rd4ad/core/pipeline.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/data/patches.hpp>
#include <rd4ad/model/scoring.hpp>
#include <rd4ad/score/smoothing.hpp>
#include <rd4ad/train/images.hpp>

namespace rd4ad {

/// The largest value of a map of the network's input that shows the photograph, not a border.
[[nodiscard]] inline float score_of(const image::plane& map, const image::placement& place) {
    const auto seen = image::pixels_inside(place);
    float most = *map.at(seen.x, seen.y);
    for (std::size_t y = seen.y; y < seen.y + seen.height; ++y)
        most = std::max(most, *std::max_element(map.at(seen.x, y), map.at(seen.x, y) + seen.width));
    return most;
}

/// The raw map of each photograph, at its fitted size, by a network wherever it runs: network(inputs, height, width) gives for at
/// most `batch` inputs (see patch_input), all of that size, a map each. Of photographs taken whole these are smoothed already.
/// Patches go to the network in batches across photographs; their maps, not yet smoothed, are joined, and the whole is smoothed
/// once by a Gaussian of `sigma` pixels. Memory: the maps, and one batch.
template <class Network>
[[nodiscard]] std::vector<image::plane> maps_by(std::span<const fitted_photograph> photographs, const model_settings& settings,
                                                std::size_t batch, std::size_t threads, double sigma, const Network& network) {
    struct job {
        std::size_t photograph, patch;
    };
    std::vector<job> jobs;
    for (std::size_t i = 0; i < photographs.size(); ++i)
        for (std::size_t p = 0; p < photographs[i].how.grid.count(); ++p) jobs.push_back({i, p});
    const auto size_of = [&](const job& one) {
        const auto& grid = photographs[one.photograph].how.grid;
        return std::pair{grid.patch_height, grid.patch_width};
    };
    std::vector<image::plane> found(photographs.size());
    std::optional<data::patch_joiner> joiner;
    for (std::size_t first = 0, last = 0; first < jobs.size(); first = last) {
        const auto [height, width] = size_of(jobs[first]);
        while (last < jobs.size() && last - first < batch && size_of(jobs[last]) == std::pair{height, width}) ++last;
        const std::size_t each = height * width * 3;
        std::vector<float> inputs((last - first) * each);
        parallel_for(last - first, threads, [&](std::size_t i) {
            const auto& [photograph, patch] = jobs[first + i];
            patch_input(photographs[photograph], patch, settings.normalisation, std::span{inputs}.subspan(i * each, each));
        });
        std::vector<image::plane> planes = network(inputs, height, width);
        for (std::size_t i = 0; i < planes.size(); ++i) {
            const auto& [photograph, patch] = jobs[first + i];
            const auto& grid = photographs[photograph].how.grid;
            if (settings.view.whole()) {
                found[photograph] = std::move(planes[i]);
                continue;
            }
            if (patch == 0) joiner.emplace(grid);
            joiner->add(patch, planes[i]);
            if (patch + 1 < grid.count()) continue;
            found[photograph] = std::move(*joiner).map();
            smooth(found[photograph], sigma, threads);
        }
    }
    return found;
}

/// Computes maps with a model that must outlive it and stay as it is. What depends on the size of the network's images is
/// made for the settings' size at once, for other sizes when one comes; the last few are kept. Several threads may use it at
/// once, each with a queue of its own.
template <Backend B>
class scorer {
   public:
    /// `batch`: images computed at once. `sigma`: of the Gaussian over a map, in pixels of the fitted photograph.
    scorer(model<B>& m, std::size_t batch, double sigma) : model_{&m}, batch_{batch}, sigma_{sigma} {
        static_cast<void>(network_for(m.settings.height, m.settings.width));
    }

    /// The raw map of each photograph, at its fitted size (see maps_by).
    [[nodiscard]] std::vector<image::plane> maps(typename B::queue& q, std::span<const fitted_photograph> photographs) const {
        return maps_by(photographs, model_->settings, batch_, q.threads, sigma_,
                       [&](const std::vector<float>& inputs, std::size_t height, std::size_t width) {
                           return network_maps(q, inputs, height, width);
                       });
    }

    /// What the network gives for its inputs (see patch_input), at most `batch` of them, of one size: maps of that size,
    /// smoothed where the model takes photographs whole.
    [[nodiscard]] std::vector<image::plane> network_maps(typename B::queue& q, const std::vector<float>& inputs,
                                                         std::size_t height, std::size_t width) const {
        const auto network = network_for(height, width);
        const auto values = to_host<B>(q, network->map(q, upload_images<B>(q, inputs, height, width)));
        const std::size_t pixels = height * width;
        std::vector<image::plane> found(values.size() / pixels);
        for (std::size_t i = 0; i < found.size(); ++i) {
            const auto begin = values.begin() + static_cast<std::ptrdiff_t>(i * pixels);
            found[i] = {width, height, 1, std::vector<float>(begin, begin + static_cast<std::ptrdiff_t>(pixels))};
        }
        return found;
    }

    /// The raw scores of photographs on disk, the next ones read meanwhile (see with_fitted_files). `done`: called with how many
    /// are.
    [[nodiscard]] std::vector<float> scores(typename B::queue& q, std::span<const std::filesystem::path> files,
                                            const std::function<void(std::size_t)>& done = {}) const {
        std::vector<float> found;
        if (files.empty()) return found;
        const auto& view = model_->settings.view;
        const auto compute = [&](std::size_t, const std::vector<fitted_photograph>& photographs) {
            const auto planes = maps(q, photographs);
            for (std::size_t i = 0; i < planes.size(); ++i) found.push_back(score_of(planes[i], photographs[i].how.place));
            if (done) done(found.size());
        };
        const std::size_t step = photographs_at_once(view, batch_, files.front());
        with_fitted_files<B>(q, files, view, step,
                             [&](making when, const auto& make) { work_through(when, files.size(), step, make, compute); });
        return found;
    }

   private:
    using network_type = scoring_network<B>;
    static constexpr std::size_t networks_kept = 4;

    [[nodiscard]] std::shared_ptr<const network_type> network_for(std::size_t height, std::size_t width) const {
        const std::lock_guard lock{made_->guard};
        auto& list = made_->networks;
        const auto known =
            std::find_if(list.begin(), list.end(), [&](const auto& one) { return one->height == height && one->width == width; });
        if (known != list.end())
            list.splice(list.begin(), list, known);
        else
            list.push_front(std::make_shared<const network_type>(*model_, shape{batch_, 3, height, width},
                                                                 model_->settings.view.whole() ? sigma_ : 0.0));
        if (list.size() > networks_kept) list.pop_back();
        return list.front();
    }

    struct networks {
        std::mutex guard;
        std::list<std::shared_ptr<const network_type>> networks;  // the last used first
    };

    model<B>* model_;
    std::size_t batch_;
    double sigma_;
    std::unique_ptr<networks> made_{std::make_unique<networks>()};
};

}  // namespace rd4ad
