// rd4ad/train/calibrate_model.hpp: sets a model's map units and thresholds by good images, and finds the suspects among them.
// Twin: tests/train/products.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/model/model.hpp>
#include <rd4ad/score/calibration_json.hpp>
#include <rd4ad/score/supported_rate.hpp>
#include <rd4ad/score/suspects.hpp>
#include <rd4ad/score/threshold_rules.hpp>
#include <rd4ad/train/calibration_set.hpp>
#include <rd4ad/train/options.hpp>
#include <rd4ad/train/roles.hpp>
#include <rd4ad/train/student_level.hpp>
#include <rd4ad/train/suspect_pictures.hpp>

namespace rd4ad::inline RD4AD_ABI::train_detail {

/// Suspects among scored files, and their p-values.
struct found_suspects {
    std::vector<std::size_t> files{};
    std::vector<double> p_values{};
};

/// The raw scores by product. raw_scores: one per file.
[[nodiscard]] inline std::map<std::string, std::vector<float>> scores_by_product(const training_roles& roles,
                                                                                 std::span<const std::size_t> files,
                                                                                 std::span<const float> raw_scores) {
    std::map<std::string, std::vector<float>> products;
    for (std::size_t i = 0; i < files.size(); ++i) products[roles.products[files[i]]].push_back(raw_scores[i]);
    return products;
}

/// Finds the suspects among scored files, each compared with the good images of its product.
[[nodiscard]] inline std::map<std::string, found_suspects> suspects_among(const training_roles& roles,
                                                                          std::span<const std::size_t> files,
                                                                          std::span<const float> raw_scores) {
    std::map<std::string, found_suspects> suspects;
    const auto by_product = files_by_product(roles, files);
    for (const auto& [product, scores] : scores_by_product(roles, files, raw_scores))
        for (const auto& one : find_suspects(scores)) {
            suspects[product].files.push_back(by_product.at(product)[one.image]);
            suspects[product].p_values.push_back(one.p_value);
        }
    return suspects;
}

/// The good images that calibrate a model: indices of the source's files, and the distances of the source's inputs by students
/// that were not trained on them.
struct calibrating_images {
    const image_source& source;
    const training_roles& roles;
    std::vector<std::size_t> files{};
    const scale_maps& distances;
    const scale_maps* inside{nullptr};       ///< the cells of the region of interest; null: whole images count
    std::span<const std::size_t> fold_of{};  ///< of each of the source's files; empty without cross-fitting
};

/// Raw scores of calibrating images, and the map's units by them.
template <Backend B>
[[nodiscard]] calibration_scores scores_of(model<B>& m, const calibrating_images& of, const train_options& options) {
    return score_calibration_images<B>(m.queue, of.source, of.files, of.distances, options.map, m.settings.preprocessing,
                                       options.roi, of.inside);
}

/// The suspects among calibrating images, by product.
template <Backend B>
[[nodiscard]] std::map<std::string, found_suspects> suspects_of(model<B>& m, const calibrating_images& among,
                                                                const train_options& options) {
    return suspects_among(among.roles, among.files, scores_of(m, among, options).raw_scores);
}

/// Adds to each raw score what the folds' raw scores still differ in level: the shipped student's own level is as uncertain.
inline void allow_for_levels(std::vector<float>& raw_scores, const calibrating_images& of) {
    if (of.fold_of.empty()) return;
    std::map<std::string, std::vector<std::size_t>> groups;
    for (const std::size_t file : of.files) groups[of.roles.products[file]].push_back(of.fold_of[file]);
    std::map<std::string, double> spreads;
    for (const auto& [product, scores] : scores_by_product(of.roles, of.files, raw_scores))
        spreads[product] = spread_between_groups(scores, groups.at(product));
    for (std::size_t i = 0; i < raw_scores.size(); ++i)
        raw_scores[i] += static_cast<float>(spreads.at(of.roles.products[of.files[i]]));
}

/// Sets the map's units, of all products, and each product's calibration, by the images that are not suspects. Returns the
/// suspects, with pictures in the model's units, the largest raw score first.
template <Backend B>
[[nodiscard]] std::vector<suspect_image> calibrate_model(model<B>& m, calibrating_images by,
                                                         const std::map<std::string, found_suspects>& suspects,
                                                         const train_options& options) {
    for (const auto& named : suspects)
        std::erase_if(by.files, [&](std::size_t file) {
            const auto& of = named.second.files;
            return std::find(of.begin(), of.end(), file) != of.end();
        });
    auto scored = scores_of(m, by, options);
    allow_for_levels(scored.raw_scores, by);
    std::vector<suspect_image> pictures;
    product_calibrations products;
    for (auto& [product, scores] : scores_by_product(by.roles, by.files, scored.raw_scores)) {
        const double rate = options.false_alarm_rate > 0 ? options.false_alarm_rate : default_rate(scores.size());
        auto made = calibrate(std::move(scores), rate, scored.units.largest());
        made.source = by.roles.calibrate_by == calibration_images::cross ? score_source::out_of_fold : score_source::hold_out;
        if (const auto found = suspects.find(product); found != suspects.end()) {
            const auto& of = found->second;
            const auto results = results_of_distances<B>(m.queue, by.source, of.files, by.distances, scored.units,
                                                         m.settings.preprocessing, options.roi);
            for (auto& one : picture_suspects(by.source.files(), of.files, of.p_values, results, made,
                                              m.settings.preprocessing.white_level, by.source.kept())) {
                one.product = product;
                pictures.push_back(std::move(one));
            }
        }
        products.emplace(product, std::move(made));
    }
    std::stable_sort(pictures.begin(), pictures.end(), [](const auto& a, const auto& b) { return a.raw_score > b.raw_score; });
    if (products.size() == 1) products = {{"", calibration{products.begin()->second}}};
    m.settings.units = std::move(scored.units);
    m.settings.calibration = to_json(products);
    return pictures;
}

}  // namespace rd4ad::inline RD4AD_ABI::train_detail
