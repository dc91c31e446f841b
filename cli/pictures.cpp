// cli/pictures.cpp: how the pictures are put together.
#include "pictures.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include <rd4ad/core/error.hpp>
#include <rd4ad/image/colour.hpp>
#include <rd4ad/image/overlay.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/image/resize.hpp>
#include <rd4ad/image/thumbnail.hpp>
#include <rd4ad/image/write.hpp>
#include <rd4ad/io/folder.hpp>

namespace cli {

namespace image = rd4ad::image;

const char* const pictures_help =
    R"(Pictures: <stem>.jpg is the photograph, the heat map over it and the mask, side by side; blue is usual, red unusual, on
one scale for the whole run. <stem>_map.png is the bare map, 16-bit grey, at the fitted size: value x 65535 / 3.
)";

namespace {

/// The largest value of a map: three cosine distances of at most 1, summed.
constexpr float map_range = 3.0f;
constexpr std::size_t largest_side = 1024;
constexpr int jpeg_quality = 88;

/// The value that this share of the values lies below.
float quantile(std::vector<float> values, double share) {
    const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5);
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
    return values[at];
}

}  // namespace

picture_writer::picture_writer(std::filesystem::path folder, std::size_t most_kept)
    : folder_{std::move(folder)}, most_kept_{most_kept} {}

void picture_writer::add(const std::string& part, const std::filesystem::path& photograph, const rd4ad::finding& found,
                         const std::optional<image::picture>& mask) {
    const auto into = part.empty() ? folder_ : folder_ / part;
    rd4ad::io::make_folder(into);
    const auto stem = (into / photograph.stem()).string();
    auto target = stem;
    for (std::size_t i = 2; !used_.insert(target).second; ++i) target = stem + "-" + std::to_string(i);
    const auto [lowest, highest] = std::minmax_element(found.map.pixels.begin(), found.map.pixels.end());
    entry one{photograph, target, image::quantise(found.map, 0.0f, map_range), found.place, mask, *lowest, *highest};
    image::write_png(target + "_map.png", one.map);
    if (scaled_) return write(one);
    kept_.push_back(std::move(one));
    if (kept_.size() >= most_kept_) finish();
}

void picture_writer::finish() {
    if (!scaled_) fix_scale();
    for (const auto& one : kept_) write(one);
    kept_.clear();
}

/// From the usual lowest value of a map to a value that one photograph in ten surpasses.
void picture_writer::fix_scale() {
    if (kept_.empty()) return;
    std::vector<float> lowest, highest;
    for (const auto& one : kept_) {
        lowest.push_back(one.lowest);
        highest.push_back(one.highest);
    }
    low_ = quantile(lowest, 0.5);
    high_ = std::max(quantile(highest, 0.9), low_ + std::numeric_limits<float>::epsilon() * map_range);
    scaled_ = true;
}

void picture_writer::write(const entry& one) const {
    auto map = image::make_image<float>(one.map.width, one.map.height, 1);
    for (std::size_t i = 0; i < map.pixels.size(); ++i)
        map.pixels[i] = static_cast<float>(one.map.pixels[i]) * (map_range / 65535.0f);
    std::vector<image::picture> parts{image::no_larger_than(image::read(one.photograph), largest_side)};
    const auto home = [&](const image::plane& fitted, float outside) {
        return image::resize_map(image::restore_map(one.place, fitted, outside), parts[0].width, parts[0].height);
    };
    parts.push_back(image::overlay(parts[0], home(map, low_), low_, high_));
    if (one.mask) {
        image::plane mask{one.mask->width, one.mask->height, 1, {one.mask->pixels.begin(), one.mask->pixels.end()}};
        mask = home(mask, 0.0f);
        auto shown = image::make_image<std::uint8_t>(mask.width, mask.height, 1);
        for (std::size_t i = 0; i < mask.pixels.size(); ++i) shown.pixels[i] = mask.pixels[i] >= 0.5f ? 255 : 0;
        parts.push_back(std::move(shown));
    }
    image::write_jpeg(one.target.string() + ".jpg", image::side_by_side(parts), jpeg_quality);
}

}  // namespace cli
