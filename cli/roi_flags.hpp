// cli/roi_flags.hpp: the flags about the region of interest and the product of images. Twin: tests/cli/cases/roi.sh
#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/data/items.hpp>
#include <rd4ad/data/region_of_interest.hpp>
#include <rd4ad/score/calibration_json.hpp>

#include "options.hpp"

namespace cli {

/// The flag --roi.
[[nodiscard]] flag roi_flag();

/// The flag --product.
[[nodiscard]] flag product_flag();

/// The region of interest that --roi gives for the images; the whole image without the flag. Throws as rd4ad::data::open_roi.
[[nodiscard]] rd4ad::data::region_of_interest roi_of(const parsed_options& options,
                                                     std::span<const std::filesystem::path> images);

/// The product of a data set whose items name none: --product, or the set's name if it is one of the model's products; "" for a
/// model without a calibration per product.
[[nodiscard]] std::string product_for(const parsed_options& options, const rd4ad::product_calibrations& of,
                                      const std::string& set_name);

/// A line about a region of interest, for people; "" for the whole image.
[[nodiscard]] std::string describe(const rd4ad::data::region_of_interest& roi);

}  // namespace cli
