// rd4ad/data/synthetic_defects.hpp: graded synthetic defects, painted into photographs of good parts. Twin:
// tests/data/synthetic_defects.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/random.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/detail/defect_shapes.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/rectangle.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// The kind of a synthetic defect.
enum class defect_kind {
    scratch,      ///< a thin curved line, darker or lighter than the surface, tapered at both ends
    stain,        ///< a smooth blob, darker or lighter; tinted in a photograph that has colours
    dent,         ///< a relief lit from one side: a bright flank beside a dark one
    cut_paste,    ///< a rotated patch from another place of the same photograph
    missing_part  ///< an area filled smoothly from its surroundings, with their grain
};

/// Every kind, in the order of the enumeration.
inline constexpr std::array all_defect_kinds{defect_kind::scratch, defect_kind::stain, defect_kind::dent, defect_kind::cut_paste,
                                             defect_kind::missing_part};

/// "scratch", "stain", "dent", "cut-paste" or "missing-part".
[[nodiscard]] inline std::string to_string(defect_kind kind) {
    switch (kind) {
        case defect_kind::scratch:
            return "scratch";
        case defect_kind::stain:
            return "stain";
        case defect_kind::dent:
            return "dent";
        case defect_kind::cut_paste:
            return "cut-paste";
        case defect_kind::missing_part:
            break;
    }
    return "missing-part";
}

/// The kind that to_string calls by this name. Throws option_error for another name.
[[nodiscard]] inline defect_kind defect_kind_of(std::string_view name) {
    for (const auto kind : all_defect_kinds)
        if (to_string(kind) == name) return kind;
    throw option_error{text("the defect \"", name, "\" is unknown; expected scratch, stain, dent, cut-paste or missing-part")};
}

/// Whether a kind has a contrast: a scratch, a stain and a dent. The others take their pixels from the photograph.
[[nodiscard]] constexpr bool has_contrast(defect_kind kind) noexcept {
    return kind == defect_kind::scratch || kind == defect_kind::stain || kind == defect_kind::dent;
}

/// One synthetic defect.
struct defect_description {
    defect_kind kind{defect_kind::scratch};
    double size{0.08};    ///< length of a scratch, else the longest extent, as a share of the photograph's short side; 0.002..0.5
    double contrast{30};  ///< the largest change of brightness, in grey levels of 255; see has_contrast
    std::uint64_t seed{1};                   ///< determines the position, the shape, the direction and the sign
    std::optional<image::point> position{};  ///< the centre, in pixels; empty: drawn
};

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

/// The defects of a probe: every size and contrast of every kind. A kind without contrast has one defect per size, of contrast 0.
struct defect_grid_options {
    std::vector<defect_kind> kinds{all_defect_kinds.begin(), all_defect_kinds.end()};
    std::vector<double> sizes{0.02, 0.04, 0.08, 0.16, 0.32};  ///< see defect_description::size
    std::vector<double> contrasts{15, 30, 60};                ///< see defect_description::contrast
};

/// The list of defects, by kind, then contrast, then size. The default has 55. Throws option_error for an empty list or a value
/// out of range.
[[nodiscard]] inline std::vector<defect_description> defect_grid(const defect_grid_options& options = {});

// Implementation.

namespace detail {

inline void check_defect(const defect_description& defect) {
    if (!(defect.size >= 0.002 && defect.size <= 0.5))
        throw option_error{text("the size of a ", to_string(defect.kind), " is ", defect.size,
                                "; expected a share of the photograph's short side from 0.002 to 0.5")};
    if (has_contrast(defect.kind) && !(defect.contrast > 0 && defect.contrast <= 255))
        throw option_error{text("the contrast of a ", to_string(defect.kind), " is ", defect.contrast,
                                "; expected above 0 and at most 255 grey levels")};
}

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
    detail::check_defect(defect);
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

inline std::vector<defect_description> defect_grid(const defect_grid_options& options) {
    if (options.kinds.empty() || options.sizes.empty() || options.contrasts.empty())
        throw option_error{text("defect_grid: found ", options.kinds.size(), " kinds, ", options.sizes.size(), " sizes and ",
                                options.contrasts.size(), " contrasts; expected at least one of each")};
    std::vector<defect_description> made;
    for (const auto kind : options.kinds)
        for (const double contrast : has_contrast(kind) ? options.contrasts : std::vector<double>{0})
            for (const double size : options.sizes) {
                made.push_back({.kind = kind, .size = size, .contrast = contrast});
                detail::check_defect(made.back());
            }
    return made;
}

}  // namespace rd4ad::inline RD4AD_ABI::data
