// rd4ad/train/roles.hpp: which images of a data set train a model, and which calibrate it. Twin: tests/train/roles.cpp
#pragma once
#include <cstddef>
#include <filesystem>
#include <utility>
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
    calibration_images calibrate_by{calibration_images::none};  ///< never automatic
    std::vector<std::filesystem::path> files{};                 ///< the data set's training images, then its validation images
    std::vector<std::size_t> training{};                        ///< the student's
    std::vector<std::size_t> validation{};                      ///< held out; empty unless calibrate_by is hold_out
};

/// Resolves calibration_images::automatic: validation images if the data set has at least 2, else a held-out share of at least
/// least_held_out images, else cross-fitting of at least least_cross_fitted images, else no calibration.
[[nodiscard]] inline calibration_images calibration_for(const train_options& options, const data::dataset& set) {
    if (options.calibrate_by != calibration_images::automatic) return options.calibrate_by;
    const double held_out = options.validation * static_cast<double>(set.train.size());
    if (set.validation.size() >= 2 || held_out >= static_cast<double>(least_held_out)) return calibration_images::hold_out;
    return set.train.size() >= least_cross_fitted ? calibration_images::cross : calibration_images::none;
}

/// Returns the roles of a data set's images. hold_out takes the data set's validation images, or without any a share of its
/// training images. Throws option_error for a share outside 0..0.9.
[[nodiscard]] inline training_roles roles_of(const train_options& options, const data::dataset& set) {
    training_roles roles{.calibrate_by = calibration_for(options, set)};
    const bool hold_out = roles.calibrate_by == calibration_images::hold_out, given = hold_out && !set.validation.empty();
    for (const auto& one : set.train) roles.files.push_back(one.image);
    auto split = data::make_validation_split(set.train.size(), hold_out && !given ? options.validation : 0.0, options.seed);
    roles.training = std::move(split.training), roles.validation = std::move(split.validation);
    for (std::size_t i = 0; given && i < set.validation.size(); ++i) {
        roles.validation.push_back(roles.files.size());
        roles.files.push_back(set.validation[i].image);
    }
    return roles;
}

}  // namespace rd4ad::inline RD4AD_ABI
