// rd4ad/train/calibration_set.hpp: the raw scores of the good images that calibrate a model, from their distances at the three
// scales. Twin: tests/train/calibration_set.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <rd4ad/data/patches.hpp>
#include <rd4ad/model/network_input.hpp>
#include <rd4ad/model/scale_maps.hpp>
#include <rd4ad/score/detection_result.hpp>
#include <rd4ad/score/fit_map_units.hpp>
#include <rd4ad/score/scorer.hpp>
#include <rd4ad/score/smoothing.hpp>
#include <rd4ad/train/options.hpp>
#include <rd4ad/train/roi_cells.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Units of the map, and the raw scores of the good images that they were fitted to, each in the units without itself.
struct calibration_scores {
    map_units units{};
    std::vector<float> raw_scores{};
};

/// Whether each image has one input, and all inputs show a position at the same place.
[[nodiscard]] inline bool has_fixed_positions(const data::preprocessing& by) { return by.whole() && by.one_size(); }

/// Throws option_error for map_choice::positions where positions are not fixed.
inline void check_map_choice(map_choice choice, const data::preprocessing& by) {
    if (choice == map_choice::positions && !has_fixed_positions(by))
        throw option_error{
            "map positions: an image has several inputs, or inputs of several sizes, so that positions are no fixed places; use "
            "the map scales, or a fit that gives one input per image"};
}

namespace train_detail {

/// The least share of the distances' variance that the position must explain in new images for `automatic` to choose positions.
inline constexpr double informative_share = 0.1;
/// The least number of good images for which `automatic` chooses positions.
inline constexpr std::size_t least_position_images = 20;

/// Whether the map is in units of its positions, by `choice` and by the good images.
[[nodiscard]] inline bool by_position(map_choice choice, const scale_maps& distances, std::span<const std::size_t> inputs,
                                      const scale_maps* inside) {
    if (choice == map_choice::positions) return true;
    return choice == map_choice::automatic && inputs.size() >= least_position_images &&
           position_statistics{distances, inputs, inside}.explained_share() >= informative_share;
}

/// The results of images whose inputs' distances are known.
template <Backend B>
class distance_scorer {
   public:
    distance_scorer(typename B::queue& q, const image_source& source, const scale_maps& distances, bool whole,
                    const data::region_of_interest& roi)
        : q_{q}, source_{source}, distances_{distances}, whole_{whole}, roi_{roi} {}

    /// The raw result of a file of the source, by a builder of its maps. Maps of patches are joined, then smoothed. Outside
    /// the region of interest a map is 0. Throws numeric_error naming the file if its map is not finite.
    [[nodiscard]] detection_result operator()(std::size_t file, const map_builder<B>& builder) const {
        const auto plan = source_.plan(file);
        const auto [first, count] = source_.inputs_of(file);
        detection_result made{.transform = plan.transform};
        if (whole_) {
            made.map = builder.map(q_, distances_, first);
        } else {
            data::patch_joiner joiner{plan.grid};
            for (std::size_t patch = 0; patch < count; ++patch) joiner.add(patch, builder.map(q_, distances_, first + patch));
            made.map = std::move(joiner).map();
            smooth(made.map, map_sigma, q_.threads);
        }
        check_map(made.map, source_.files()[file].string(), unknown_reason);
        if (roi_.kind != data::roi_kind::whole) data::limit_map(made.map, fitted_mask(source_, file, roi_));
        made.raw_score = raw_score_of(made.map, made.transform);
        return made;
    }

    [[nodiscard]] map_builder<B> builder(const map_units& units) const {
        return {q_, source_.height(), source_.width(), units, whole_ ? map_sigma : 0.0};
    }

   private:
    typename B::queue& q_;
    const image_source& source_;
    const scale_maps& distances_;
    bool whole_;
    const data::region_of_interest& roi_;
};

}  // namespace train_detail

/// Fits the map's units to good images and scores them. files: indices of the source's files; distances: of all inputs of those
/// files, by students that were not trained on them. `fixed`: each image has one input, and all inputs show a position at the
/// same place. roi: the region of interest of the files; inside: its cells (roi_cells), or null. Statistics and raw scores are
/// those inside. Throws option_error for map_choice::positions unless `fixed`, data_error for too few files.
template <Backend B>
[[nodiscard]] calibration_scores score_calibration_images(typename B::queue& q, const image_source& source,
                                                          std::span<const std::size_t> files, const scale_maps& distances,
                                                          map_choice choice, const data::preprocessing& preprocessing,
                                                          const data::region_of_interest& roi = {},
                                                          const scale_maps* inside = nullptr) {
    check_map_choice(choice, preprocessing);
    const bool whole = preprocessing.whole(), fixed = has_fixed_positions(preprocessing);
    std::vector<std::size_t> inputs;
    for (const std::size_t file : files) {
        const auto [first, count] = source.inputs_of(file);
        for (std::size_t i = 0; i < count; ++i) inputs.push_back(first + i);
    }
    const train_detail::distance_scorer<B> score{q, source, distances, whole, roi};
    calibration_scores found;
    if (fixed && train_detail::by_position(choice, distances, inputs, inside)) {
        const position_statistics statistics{distances, inputs, inside};
        found.units = statistics.units();
        auto builder = score.builder(found.units);
        for (std::size_t i = 0; i < files.size(); ++i) {
            builder.set_positions(statistics.units_without(inputs[i]).positions);
            found.raw_scores.push_back(score(files[i], builder).raw_score);
        }
        return found;
    }
    if (choice != map_choice::paper) found.units = fit_scale_units(distances, inputs, inside);
    const auto builder = score.builder(found.units);
    for (const std::size_t file : files) found.raw_scores.push_back(score(file, builder).raw_score);
    return found;
}

/// The raw results of files of the source by their distances, in the given units: raw score, map and transform.
template <Backend B>
[[nodiscard]] std::vector<detection_result> results_of_distances(typename B::queue& q, const image_source& source,
                                                                 std::span<const std::size_t> files, const scale_maps& distances,
                                                                 const map_units& units, const data::preprocessing& preprocessing,
                                                                 const data::region_of_interest& roi = {}) {
    const train_detail::distance_scorer<B> score{q, source, distances, preprocessing.whole(), roi};
    const auto builder = score.builder(units);
    std::vector<detection_result> results;
    for (const std::size_t file : files) results.push_back(score(file, builder));
    return results;
}

}  // namespace rd4ad::inline RD4AD_ABI
