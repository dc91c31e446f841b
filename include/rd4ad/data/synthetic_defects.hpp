// rd4ad/data/synthetic_defects.hpp: graded synthetic defects, painted into photographs of good parts. Twin:
// tests/data/synthetic_defects.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/random.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/defect_description.hpp>
#include <rd4ad/data/detail/defect_painting.hpp>
#include <rd4ad/data/detail/defect_shapes.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/rectangle.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// A photograph with a painted defect.
struct painted_defect {
    image::image_u8 image;  ///< RGB, of the photograph's size
    image::image_u8 mask;   ///< 1 channel: 1 where the defect has at least a quarter of its full strength; at least one pixel
    image::point centre{};  ///< in pixels
    double change{0};       ///< mean change over the mask's pixels, in grey levels of 255
};

/// Paints a defect into a photograph. A drawn position keeps the defect inside the photograph. `region` (1 channel, of the
/// photograph's size, or empty for the whole photograph) limits the defect to the pixels that are not 0. A position is drawn
/// again, up to 16 times, until nine tenths of the defect lie in the region and the mean change is at least 4 grey levels (an
/// eighth of the contrast, if that is less; 4 and twice the photograph's noise for the kinds without contrast): a patch of a
/// plain surface, pasted elsewhere on it, is no defect. The best attempt counts.
///
/// The same arguments give the same defect on every machine: random.hpp draws the shape, and its pixels take only + - * / and
/// square roots. Compilers that fuse multiplications and additions can round a pixel to the neighbouring grey level.
/// Cost: time in proportion to the defect's box, and a copy of the photograph.
///
/// Throws shape_error for a photograph without 3 channels, or whose short side is below 16 pixels, or a region of another size;
/// option_error for a size, contrast or position out of range; data_error for a region without pixels.
[[nodiscard]] inline painted_defect paint_defect(const image::image_u8& photograph, const defect_description& defect,
                                                 const image::image_u8& region = {});

// Implementation.

namespace detail {

inline void check_photograph(const image::image_u8& photograph, const image::image_u8& region) {
    image::check_image(photograph, 3, "paint_defect");
    if (std::min(photograph.width, photograph.height) < 16)
        throw shape_error{text("paint_defect: the photograph is ", size_text(photograph),
                               " (width x height x channels); both sides must be at least 16 pixels")};
    if (region.width == 0 && region.height == 0) return;
    image::check_image(region, 1, "paint_defect");
    if (region.width != photograph.width || region.height != photograph.height)
        throw shape_error{text("paint_defect: the region is ", size_text(region), ", the photograph ", size_text(photograph),
                               " (width x height x channels); expected the same width and height")};
}

}  // namespace detail

inline painted_defect paint_defect(const image::image_u8& photograph, const defect_description& defect,
                                   const image::image_u8& region) {
    detail::check_photograph(photograph, region);
    check_defect(defect);
    const auto width = static_cast<double>(photograph.width), height = static_cast<double>(photograph.height);
    if (const auto& at = defect.position; at && !(at->x >= 0 && at->x <= width && at->y >= 0 && at->y <= height))
        throw option_error{text("paint_defect: the position ", at->x, ", ", at->y, " lies outside the photograph of ",
                                photograph.width, " x ", photograph.height, " pixels")};
    random source{hash_name(to_string(defect.kind)) ^ defect.seed};
    const double extent = std::max(1.5, defect.size * std::min(width, height));
    const auto allowed = detail::allowed_pixels(region, extent / 2);
    const double grain =
        has_contrast(defect.kind) ? 0 : detail::grain_of(photograph, {0, 0, photograph.width, photograph.height});
    const double least_change = has_contrast(defect.kind) ? std::min(4.0, defect.contrast / 8) : 4 + 2 * grain;
    detail::painted_tile best;
    image::point best_centre{};
    double best_rank = -1;
    for (int attempt = 0; attempt < 16 && best_rank < 2; ++attempt) {
        image::point centre = detail::draw_inside(photograph.width, photograph.height, extent / 2, source);
        if (!allowed.empty()) {
            const std::size_t pixel = allowed[source.below(allowed.size())];
            centre = {static_cast<double>(pixel % region.width) + 0.5, static_cast<double>(pixel / region.width) + 0.5};
        }
        centre = defect.position.value_or(centre);
        auto made = detail::paint_at(photograph, region, defect, centre, extent, source);
        const double rank = std::min(1.0, made.inside / 0.9) + std::min(1.0, made.change / least_change);
        if (rank > best_rank) best = std::move(made), best_centre = centre, best_rank = rank;
    }
    painted_defect out{photograph, image::make_image<std::uint8_t>(photograph.width, photograph.height, 1), best_centre,
                       best.change};
    for (std::size_t i = 0; i < best.box.count(); ++i) {
        const std::size_t x = best.box.left + i % best.box.width, y = best.box.top + i / best.box.width;
        std::copy_n(best.pixels.begin() + static_cast<std::ptrdiff_t>(3 * i), 3, out.image.at(x, y));
        *out.mask.at(x, y) = best.weight[i] >= detail::mask_weight ? 1 : 0;
    }
    return out;
}

}  // namespace rd4ad::inline RD4AD_ABI::data
