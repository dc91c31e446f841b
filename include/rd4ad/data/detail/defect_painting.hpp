// rd4ad/data/detail/defect_painting.hpp: paints a defect of each kind at one position of a photograph. Twin:
// tests/data/synthetic_defects.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <rd4ad/core/random.hpp>
#include <rd4ad/data/defect_description.hpp>
#include <rd4ad/data/detail/defect_shapes.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/rectangle.hpp>

namespace rd4ad::inline RD4AD_ABI::data::detail {

/// The pixels around the defect, changed: at most the photograph's size.
struct painted_tile {
    tile_box box{};
    std::vector<double> weight{};        ///< per pixel, 0..1
    std::vector<std::uint8_t> pixels{};  ///< RGB
    double change{0};                    ///< see painted_defect
    double inside{1};                    ///< the share of the weight that lies in the region
};

/// Changes the pixels of a box. shape(x, y): the weight at a pixel's centre. colour(x, y, c, value, weight): the new value.
template <class Shape, class Colour>
[[nodiscard]] painted_tile paint_tile(const image::image_u8& on, const image::image_u8& region, const tile_box& box,
                                      const Shape& shape, const Colour& colour) {
    painted_tile made{
        .box = box, .weight = std::vector<double>(box.count()), .pixels = std::vector<std::uint8_t>(3 * box.count())};
    double all = 0, within = 0, change = 0, strongest = 0;
    std::size_t covered = 0, at_strongest = 0;
    for (std::size_t i = 0; i < box.count(); ++i) {
        const std::size_t x = box.left + i % box.width, y = box.top + i / box.width;
        const auto* from = on.at(x, y);
        double weight = shape(static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5);
        all += weight;
        if (region.width != 0 && *region.at(x, y) == 0) weight = 0;
        within += weight;
        made.weight[i] = weight;
        double changed = 0;
        for (std::size_t c = 0; c < 3; ++c) {
            auto& to = made.pixels[3 * i + c] = from[c];
            if (weight > 0) to = rounded(colour(x, y, c, static_cast<double>(from[c]), weight));
            changed += std::abs(static_cast<double>(to) - static_cast<double>(from[c])) / 3;
        }
        if (weight > strongest) strongest = weight, at_strongest = i;
        if (weight >= mask_weight) change += changed, ++covered;
    }
    if (covered == 0) made.weight[at_strongest] = 1, covered = 1;  // a defect thinner than a pixel
    made.change = change / static_cast<double>(covered);
    made.inside = all > 0 ? within / all : 0;
    return made;
}

/// A shift of the three channels by at most `contrast`, whose sign leaves room below 255 and above 0.
[[nodiscard]] inline std::array<double, 3> draw_shift(const image::image_u8& on, const tile_box& box, double contrast,
                                                      bool tinted, random& source) {
    double sum = 0;
    for (std::size_t i = 0; i < box.count(); ++i)
        for (std::size_t c = 0; c < 3; ++c) sum += on.at(box.left + i % box.width, box.top + i / box.width)[c];
    const double mean = sum / static_cast<double>(3 * box.count());
    bool darker = source.uniform() < 0.6;
    if (mean - contrast < 10 || mean + contrast > 245) darker = mean > 127.5;
    std::array<double, 3> shift{1, 1, 1};
    if (tinted) {  // towards yellow and brown, or towards blue
        const double tint = -0.35 + 0.8 * source.uniform();
        shift = darker ? std::array{1 - tint, 1.0, 1 + tint} : std::array{1 + tint, 1.0, 1 - tint};
    }
    const double scale = (darker ? -contrast : contrast) / std::max({shift[0], shift[1], shift[2]});
    for (auto& one : shift) one *= scale;
    return shift;
}

/// Whether any pixel's channels differ by more than 12: a photograph of a colour camera.
[[nodiscard]] inline bool has_colours(const image::image_u8& photograph) {
    for (std::size_t i = 0; i < photograph.pixels.size(); i += 3) {
        const auto [low, high] = std::minmax({photograph.pixels[i], photograph.pixels[i + 1], photograph.pixels[i + 2]});
        if (high - low > 12) return true;
    }
    return false;
}

[[nodiscard]] inline painted_tile paint_scratch(const image::image_u8& on, const image::image_u8& region, image::point centre,
                                                double length, double contrast, random& source) {
    const double side = static_cast<double>(std::min(on.width, on.height));
    const curved_line line{centre, length, std::max(1.2, std::min(0.006 * side, 0.2 * length)), source};
    const auto box = box_around(on.width, on.height, centre, 0.5 * length + line.width() + 1);
    const auto shift = draw_shift(on, box, contrast, false, source);
    return paint_tile(
        on, region, box,
        [&](double x, double y) {
            return line.weight({x, y});
        },
        [&](std::size_t, std::size_t, std::size_t c, double value, double weight) { return value + weight * shift[c]; });
}

[[nodiscard]] inline painted_tile paint_stain(const image::image_u8& on, const image::image_u8& region, image::point centre,
                                              double radius, double contrast, random& source) {
    const blob outline{radius, 1.6, source};
    const double soft = 0.35 + 0.4 * source.uniform();
    const auto box = box_around(on.width, on.height, centre, radius + 1);
    const auto shift = draw_shift(on, box, contrast, has_colours(on), source);
    return paint_tile(
        on, region, box, [&](double x, double y) { return outline.weight(x - centre.x, y - centre.y, soft); },
        [&](std::size_t, std::size_t, std::size_t c, double value, double weight) { return value + weight * shift[c]; });
}

[[nodiscard]] inline painted_tile paint_dent(const image::image_u8& on, const image::image_u8& region, image::point centre,
                                             double radius, double contrast, random& source) {
    const blob outline{radius, 1.4, source};
    const auto light = draw_direction(source);
    const auto box = box_around(on.width, on.height, centre, radius + 1);
    // The relief is (1 - r^2)^2; its slope is r (1 - r^2) times a constant, at most 2 / 27^0.5 times it, at r = 3^-0.5. The
    // weight, which gives the mask, is 1 further inside.
    const double scale = contrast * std::sqrt(27.0) / 2;
    return paint_tile(
        on, region, box,
        [&](double x, double y) {
            const double r = outline.relative_radius(x - centre.x, y - centre.y);
            return r * r < 1.0 / 3 ? 1.0 : r < 1 ? std::sqrt(27.0) / 2 * r * (1 - r * r) : 0.0;
        },
        [&](std::size_t x, std::size_t y, std::size_t, double value, double) {
            const double dx = static_cast<double>(x) + 0.5 - centre.x, dy = static_cast<double>(y) + 0.5 - centre.y;
            const double r = outline.relative_radius(dx, dy), distance = std::sqrt(dx * dx + dy * dy);
            return value + (distance > 0 ? scale * r * (1 - r * r) * (dx * light.x + dy * light.y) / distance : 0);
        });
}

[[nodiscard]] inline painted_tile paste_patch(const image::image_u8& on, const image::image_u8& region, image::point centre,
                                              double radius, random& source) {
    const blob outline{radius, 1.5, source};
    const auto turn = draw_direction(source);
    image::point from = draw_inside(on.width, on.height, radius, source);
    const auto distance = [&](image::point a) {
        return (a.x - centre.x) * (a.x - centre.x) + (a.y - centre.y) * (a.y - centre.y);
    };
    for (int i = 0; i < 32 && distance(from) < 4 * radius * radius; ++i)
        if (const auto other = draw_inside(on.width, on.height, radius, source); distance(other) > distance(from)) from = other;
    return paint_tile(
        on, region, box_around(on.width, on.height, centre, radius + 1),
        [&](double x, double y) { return outline.weight(x - centre.x, y - centre.y, 0.15); },
        [&](std::size_t x, std::size_t y, std::size_t c, double value, double weight) {
            const double dx = static_cast<double>(x) + 0.5 - centre.x, dy = static_cast<double>(y) + 0.5 - centre.y;
            const image::point at{from.x + dx * turn.x - dy * turn.y, from.y + dx * turn.y + dy * turn.x};
            return value + weight * (interpolated(on, at, c) - value);
        });
}

[[nodiscard]] inline painted_tile remove_part(const image::image_u8& on, const image::image_u8& region, image::point centre,
                                              double radius, random& source) {
    const blob outline{radius, 1.5, source};
    const auto ring = surroundings(on, outline, centre);
    const double grain = grain_of(on, box_around(on.width, on.height, centre, radius + 3));
    std::array<double, 3> fill{};
    return paint_tile(
        on, region, box_around(on.width, on.height, centre, radius + 1),
        [&](double x, double y) { return outline.weight(x - centre.x, y - centre.y, 0.2); },
        [&](std::size_t x, std::size_t y, std::size_t c, double value, double weight) {
            if (c == 0) {
                fill = harmonic_fill(ring, {static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5});
                const double noise = grain * (source.uniform() + source.uniform() + source.uniform() - 1.5) * 2;
                for (auto& one : fill) one += noise;
            }
            return value + weight * (fill[c] - value);
        });
}

/// The defect at one position. extent: length or diameter, in pixels.
[[nodiscard]] inline painted_tile paint_at(const image::image_u8& on, const image::image_u8& region,
                                           const defect_description& defect, image::point centre, double extent, random& source) {
    switch (defect.kind) {
        case defect_kind::scratch:
            return paint_scratch(on, region, centre, extent, defect.contrast, source);
        case defect_kind::stain:
            return paint_stain(on, region, centre, extent / 2, defect.contrast, source);
        case defect_kind::dent:
            return paint_dent(on, region, centre, extent / 2, defect.contrast, source);
        case defect_kind::cut_paste:
            return paste_patch(on, region, centre, extent / 2, source);
        case defect_kind::missing_part:
            break;
    }
    return remove_part(on, region, centre, extent / 2, source);
}

}  // namespace rd4ad::inline RD4AD_ABI::data::detail
