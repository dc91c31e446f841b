// cli/image_output.cpp: composes and writes the result images.
#include "image_output.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/colour.hpp>
#include <rd4ad/image/fit_transform.hpp>
#include <rd4ad/image/overlay.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/image/resize.hpp>
#include <rd4ad/image/thumbnail.hpp>
#include <rd4ad/image/write.hpp>
#include <rd4ad/io/safe_name.hpp>

namespace cli {

namespace image = rd4ad::image;

const char* const result_images_help =
    R"(
Result images: <stem>.jpg shows the image, the heat map over it and the mask side by side. In the
heat map the model's threshold is yellow: blue and green are normal, orange and red anomalous. A
model without calibration has no threshold; its heat maps of one run share one colour scale.
<stem>_map.png is the anomaly map in 16-bit grey at the size after the fit: raw score x 65535 / 3.
For a map by position the divisor is the largest raw score, rounded up; --json states it as map_white.
A stem of more than 200 bytes is cut to 183 and ends in ~ and a hash of the whole stem.
)";

namespace {

constexpr const char *map_ending = "_map.png", *image_ending = ".jpg";

/// The value that `share` of the values are below.
float quantile(std::vector<float> values, double share) {
    const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5);
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
    return values[at];
}

/// The values of a map in 16-bit grey.
image::image_f32 map_values(const image::image_u16& grey, float largest) {
    auto map = image::make_image<float>(grey.width, grey.height, 1);
    for (std::size_t i = 0; i < map.pixels.size(); ++i) map.pixels[i] = static_cast<float>(grey.pixels[i]) * (largest / 65535.0f);
    return map;
}

/// Black and white from values of 0..1.
image::image_u8 black_and_white(const image::image_f32& from) {
    auto mask = image::make_image<std::uint8_t>(from.width, from.height, 1);
    for (std::size_t i = 0; i < mask.pixels.size(); ++i) mask.pixels[i] = from.pixels[i] >= 0.5f ? 255 : 0;
    return mask;
}

}  // namespace

map_display display_of(double largest, const std::optional<rd4ad::calibration>& by,
                       const rd4ad::data::preprocessing& preprocessing) {
    map_display display{.largest = std::max(3.0, std::ceil(largest - 1e-6)), .white_level = preprocessing.white_level};
    if (by) display.colours = rd4ad::colours_of(*by);
    return display;
}

void announce_result_image(rd4ad::io::output_folder& out, result_names& names, const std::filesystem::path& folder,
                           const std::filesystem::path& file) {
    const auto name = names(folder, file.stem()).string();
    out.announce(name + map_ending);
    out.announce(name + image_ending);
}

void announce_result_images(rd4ad::io::output_folder& out, std::span<const std::filesystem::path> files) {
    result_names names;
    for (const auto& file : files) announce_result_image(out, names, "", file);
}

result_image_writer::result_image_writer(rd4ad::io::output_folder& out, std::filesystem::path folder, std::size_t max_kept,
                                         const map_display& display)
    : out_{out},
      folder_{std::move(folder)},
      max_kept_{max_kept},
      largest_{static_cast<float>(display.largest)},
      white_level_{display.white_level},
      scaled_{display.colours.has_value()},
      colours_{display.colours.value_or(rd4ad::colour_range{})} {}

void result_image_writer::add(const std::string& subfolder, const std::filesystem::path& file,
                              const rd4ad::detection_result& result, const std::optional<image::image_u8>& mask) {
    const auto target = names_(subfolder.empty() ? folder_ : folder_ / rd4ad::io::safe_name(subfolder), file.stem());
    const auto [lowest, highest] = std::minmax_element(result.map.pixels.begin(), result.map.pixels.end());
    entry one{file, target, image::quantise(result.map, 0.0f, largest_), result.transform, mask, *lowest, *highest};
    out_.write(target.string() + map_ending, image::encode_png(one.map), rd4ad::io::durability::later);
    if (scaled_) return write(one);
    kept_.push_back(std::move(one));
    if (kept_.size() >= max_kept_) finish();
}

void result_image_writer::finish() {
    if (!scaled_) set_colour_scale();
    for (const auto& one : kept_) write(one);
    kept_.clear();
}

/// Sets the scale from the median of the maps' minima to the 0.9 quantile of their maxima.
void result_image_writer::set_colour_scale() {
    if (kept_.empty()) return;
    std::vector<float> lowest, highest;
    for (const auto& one : kept_) {
        lowest.push_back(one.lowest);
        highest.push_back(one.highest);
    }
    colours_.low = quantile(lowest, 0.5);
    colours_.high = std::max(quantile(highest, 0.9), colours_.low + std::numeric_limits<float>::epsilon() * largest_);
    scaled_ = true;
}

void result_image_writer::write(const entry& one) const {
    std::vector<image::image_u8> columns{image::no_larger_than(image::read(one.file, white_level_), max_image_side)};
    const auto restore = [&](const image::image_f32& fitted, float outside) {
        return image::resize_map(image::restore_map(one.transform, fitted, outside), columns[0].width, columns[0].height);
    };
    const auto [low, high] = colours_;
    columns.push_back(image::overlay(columns[0], restore(map_values(one.map, largest_), low), low, high));
    if (one.mask) {
        const image::image_f32 mask{one.mask->width, one.mask->height, 1, {one.mask->pixels.begin(), one.mask->pixels.end()}};
        columns.push_back(black_and_white(restore(mask, 0.0f)));
    }
    out_.write(one.target.string() + image_ending, image::encode_jpeg(image::side_by_side(columns), image_jpeg_quality),
               rd4ad::io::durability::later);
}

}  // namespace cli
