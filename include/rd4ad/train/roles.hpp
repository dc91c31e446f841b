// rd4ad/train/roles.hpp: which images of a data set train a model, and which calibrate it. Twin: tests/train/roles.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/data/items.hpp>
#include <rd4ad/data/validation_split.hpp>
#include <rd4ad/train/options.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The least number of held-out images for which calibration_images::automatic holds images out.
inline constexpr std::size_t least_held_out = 60;
/// The least number of training images for which calibration_images::automatic cross-fits.
inline constexpr std::size_t least_cross_fitted = 8;

/// The files of a training, and their roles. Roles are indices of `files`, ascending.
struct training_roles {
    calibration_images calibrate_by{calibration_images::none};    ///< never automatic
    std::vector<std::filesystem::path> files{};                   ///< the data set's training images, then its validation images
    std::vector<std::shared_ptr<const data::kept_image>> kept{};  ///< per file; null for a file on disk
    std::vector<std::string> products{};                          ///< per file; equal for a data set of one product
    std::vector<std::size_t> training{};                          ///< the student's
    std::vector<std::size_t> validation{};                        ///< held out; empty unless calibrate_by is hold_out
};

/// Resolves calibration_images::automatic: validation images if the data set has at least 2, else a held-out share of at least
/// least_held_out images of each product, else cross-fitting of at least least_cross_fitted images, else no calibration.
[[nodiscard]] inline calibration_images calibration_for(const train_options& options, const data::dataset& set) {
    if (options.calibrate_by != calibration_images::automatic) return options.calibrate_by;
    std::map<std::string, std::size_t> counts;
    for (const auto& one : set.train) ++counts[one.product];
    std::size_t fewest = set.train.size();
    for (const auto& [product, count] : counts) fewest = std::min(fewest, count);
    const double held_out = options.validation * static_cast<double>(fewest);
    if (set.validation.size() >= 2 || held_out >= static_cast<double>(least_held_out)) return calibration_images::hold_out;
    return set.train.size() >= least_cross_fitted ? calibration_images::cross : calibration_images::none;
}

/// The products of the given files, sorted, each with its files in order.
[[nodiscard]] inline std::map<std::string, std::vector<std::size_t>> files_by_product(const training_roles& roles,
                                                                                      std::span<const std::size_t> files) {
    std::map<std::string, std::vector<std::size_t>> products;
    for (const std::size_t file : files) products[roles.products[file]].push_back(file);
    return products;
}

/// Returns the roles of a data set's images. hold_out takes the data set's validation images, or without any a share of each
/// product's training images. Throws option_error for a share outside 0..0.9.
[[nodiscard]] inline training_roles roles_of(const train_options& options, const data::dataset& set) {
    training_roles roles{.calibrate_by = calibration_for(options, set)};
    const bool hold_out = roles.calibrate_by == calibration_images::hold_out, given = hold_out && !set.validation.empty();
    const auto add = [&roles](const data::item& one) {
        roles.files.push_back(one.image), roles.kept.push_back(one.kept), roles.products.push_back(one.product);
    };
    for (const auto& one : set.train) add(one);
    std::vector<std::size_t> all(roles.files.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    for (const auto& [product, files] : files_by_product(roles, all)) {
        const auto split = data::make_validation_split(files.size(), hold_out && !given ? options.validation : 0.0, options.seed);
        for (const std::size_t i : split.training) roles.training.push_back(files[i]);
        for (const std::size_t i : split.validation) roles.validation.push_back(files[i]);
    }
    std::sort(roles.training.begin(), roles.training.end());
    std::sort(roles.validation.begin(), roles.validation.end());
    for (std::size_t i = 0; given && i < set.validation.size(); ++i) {
        roles.validation.push_back(roles.files.size());
        add(set.validation[i]);
    }
    return roles;
}

}  // namespace rd4ad::inline RD4AD_ABI
