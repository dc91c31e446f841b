// rd4ad/train/divide_into_folds.hpp: divides a training's images into the folds of cross-fitting. Twin: tests/train/products.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/folds.hpp>
#include <rd4ad/model/network_input.hpp>
#include <rd4ad/train/feature_cache.hpp>
#include <rd4ad/train/near_duplicates.hpp>
#include <rd4ad/train/options.hpp>
#include <rd4ad/train/roles.hpp>

namespace rd4ad::inline RD4AD_ABI::train_detail {

/// Throws data_error for one of several products with too few images for a threshold.
inline void check_products(const training_roles& roles, const train_options& options) {
    if (roles.calibrate_by == calibration_images::none) return;
    const bool cross = roles.calibrate_by == calibration_images::cross;
    const auto training = files_by_product(roles, roles.training);
    const auto calibrating = cross ? training : files_by_product(roles, roles.validation);
    if (training.size() < 2 || calibrating.empty()) return;
    const std::size_t least = cross ? options.folds : 2;
    for (const auto& [product, files] : training) {
        const auto found = calibrating.find(product);
        const std::size_t count = found == calibrating.end() ? 0 : found->second.size();
        if (count < least)
            throw data_error{text("product ", product, ": its threshold needs at least ", least,
                                  cross ? " training images for cross-fitting" : " validation images", ", found ", count,
                                  "; add images, leave the product out, or use --calibration none")};
    }
}

/// The folds of one product's files, whose near duplicates stay together. Throws data_error that names the product.
template <Backend B>
[[nodiscard]] std::vector<std::size_t> folds_of_product(typename B::queue& q, const feature_cache<B>& cache,
                                                        const image_source& source, const std::string& product,
                                                        std::span<const std::size_t> files, const train_options& options) {
    try {
        return data::make_folds(near_duplicate_groups<B>(q, cache, source, files), options.folds, options.seed);
    } catch (const data_error& problem) {
        if (product.empty()) throw;
        throw data_error{text("product ", product, ": ", problem.what())};
    }
}

/// The fold of each training file. Each product is divided on its own, so that every student sees every product.
template <Backend B>
[[nodiscard]] std::vector<std::size_t> divide_into_folds(typename B::queue& q, const feature_cache<B>& cache,
                                                         const image_source& source, const training_roles& roles,
                                                         const train_options& options) {
    std::vector<std::size_t> fold_of(roles.training.size());
    for (const auto& [product, files] : files_by_product(roles, roles.training)) {
        const auto folds = folds_of_product<B>(q, cache, source, product, files, options);
        for (std::size_t i = 0; i < files.size(); ++i) {
            const auto at = std::lower_bound(roles.training.begin(), roles.training.end(), files[i]);
            fold_of[static_cast<std::size_t>(at - roles.training.begin())] = folds[i];
        }
    }
    return fold_of;
}

}  // namespace rd4ad::inline RD4AD_ABI::train_detail
