// cli/compare_output.hpp: prints a comparison as a table and as JSON, and writes its images. Twin: tests/cli/command.sh
#pragma once
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/data/dataset.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/output_folder.hpp>
#include <rd4ad/metrics/boxes.hpp>
#include <rd4ad/score/compare.hpp>

namespace cli {

/// The external boxes of each test image of one class; null for an image without an entry in the file.
using external_boxes = std::span<const std::vector<rd4ad::metrics::box>* const>;

/// {"<metric>": {"rd4ad", "external", "difference", "interval": [low, high], "rd4ad_on_all"}, ...}; undefined values are null.
[[nodiscard]] rd4ad::io::json metrics_of(const rd4ad::comparison& found);

/// The result of one class: metrics, raw threshold, numbers of images, and the images that only one program classified
/// correctly.
[[nodiscard]] rd4ad::io::json result_of(const rd4ad::comparison& found, const rd4ad::data::dataset& set, external_boxes external,
                                        std::optional<double> raw_threshold);

/// Prints the table of the metrics.
void print_table(const rd4ad::comparison& found);

/// Prints the table and the numbers of one class.
void print_class(const rd4ad::comparison& found, const rd4ad::io::json& result);

/// Prints "WHAT (3): a, b, c, ..." with the first three of the names; nothing without names.
void print_names(const std::string& what, const rd4ad::io::json& names);

/// The files of write_box_images for every test image of a set, named <kind>_<stem>.jpg. folder: relative to --out.
[[nodiscard]] std::vector<std::filesystem::path> box_image_files(const std::filesystem::path& folder,
                                                                 const rd4ad::data::dataset& set);

/// Writes images with the true boxes (green), rd4ad's (blue) and the other program's (red) side by side. white_level:
/// of the images, as in rd4ad::data::preprocessing. Throws as rd4ad::io::output_folder::write does.
void write_box_images(rd4ad::io::output_folder& out, const std::filesystem::path& folder, const rd4ad::data::dataset& set,
                      const std::vector<rd4ad::compared_image>& images, const std::vector<std::size_t>& which,
                      std::uint32_t white_level);

}  // namespace cli
