// rd4ad/image/geometry.hpp: how a photograph is fitted to the network, and how results come back. Twin: tests/image/geometry.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <rd4ad/core/error.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/resize.hpp>

namespace rd4ad::image {

/// squash: to a square (or size x height), whatever the aspect. pad: black borders make a square first. short_side: the short
/// side to the size, the long side in proportion, rounded to the nearest multiple of 32. native: pixel for pixel, sides
/// shorter than the size get black borders; for images that are cut into patches.
enum class fit { squash, pad, short_side, native };

/// "squash", "pad", "short-side" or "native".
[[nodiscard]] inline std::string to_string(fit how) {
    switch (how) {
        case fit::squash:
            return "squash";
        case fit::pad:
            return "pad";
        case fit::short_side:
            return "short-side";
        case fit::native:
            break;
    }
    return "native";
}

/// The fit of that name. Throws option_error for any other.
[[nodiscard]] inline fit fit_of(std::string_view name) {
    for (const fit how : {fit::squash, fit::pad, fit::short_side, fit::native})
        if (to_string(how) == name) return how;
    throw option_error{"fit \"" + std::string{name} + "\" is unknown; expected squash, pad, short-side or native"};
}

/// What is done to every photograph before the network: fitted to `size`, then its centre of crop x crop pixels cut out
/// (0: all of it).
struct geometry {
    image::fit fit{image::fit::squash};
    std::size_t size{256};
    std::size_t crop{0};
    std::size_t height{0};  ///< of squashed images; 0: size
    friend bool operator==(const geometry&, const geometry&) = default;
};

/// Sizes that the network takes are multiples of this.
inline constexpr std::size_t size_step = 32;

/// A part of an image in pixels, in fractions where it was scaled.
struct rectangle {
    double x{0}, y{0}, width{0}, height{0};
    friend bool operator==(const rectangle&, const rectangle&) = default;
};

/// A geometry applied to a photograph of a certain size: forward for pictures, masks and boxes, back for maps and boxes.
struct placement {
    std::size_t photograph_width{0}, photograph_height{0};
    std::size_t padded_width{0}, padded_height{0};  ///< with the borders
    std::size_t left{0}, top{0};                    ///< the photograph's place in it
    std::size_t fitted_width{0}, fitted_height{0};  ///< resized
    std::size_t crop_x{0}, crop_y{0};               ///< the cut-out's place in that
    std::size_t width{0}, height{0};                ///< what the network gets
    friend bool operator==(const placement&, const placement&) = default;

    /// Pixels of the photograph a pixel of the network's input is wide and high.
    [[nodiscard]] double scale_x() const noexcept {
        return static_cast<double>(padded_width) / static_cast<double>(fitted_width);
    }
    [[nodiscard]] double scale_y() const noexcept {
        return static_cast<double>(padded_height) / static_cast<double>(fitted_height);
    }
};

/// Throws option_error unless size is a multiple of 32 above 0 and crop one of at most size; height is for squashed images,
/// and crop not for native ones.
inline void check_geometry(const geometry& by) {
    if (by.size == 0 || by.size % size_step != 0 || by.height % size_step != 0)
        throw option_error{"image size " + std::to_string(by.size) + " x " + std::to_string(by.height ? by.height : by.size) +
                           ": width and height must be multiples of 32, from 32 on"};
    if (by.height != 0 && by.fit != fit::squash)
        throw option_error{"image size " + std::to_string(by.size) + " x " + std::to_string(by.height) + " with fit " +
                           to_string(by.fit) + ": only fit squash has a height of its own; give one number"};
    if (by.crop != 0 && by.fit == fit::native)
        throw option_error{"the centre crop is " + std::to_string(by.crop) +
                           " with fit native, which takes all of an image; "
                           "leave the crop out"};
    if (by.crop > std::min(by.size, by.height ? by.height : by.size) || by.crop % size_step != 0)
        throw option_error{"the centre crop is " + std::to_string(by.crop) + " of an input size of " + std::to_string(by.size) +
                           ", it must be a multiple of 32 and not larger"};
}

/// Where everything comes to lie for a photograph of that size. Throws option_error as check_geometry does, shape_error
/// for a photograph without pixels.
[[nodiscard]] inline placement place(const geometry& by, std::size_t width, std::size_t height) {
    check_geometry(by);
    if (width == 0 || height == 0)
        throw shape_error{"place: the photograph is " + std::to_string(width) + " x " + std::to_string(height) +
                          " pixels; both must be at least 1"};
    placement out{.photograph_width = width, .photograph_height = height, .padded_width = width, .padded_height = height};
    out.fitted_width = by.size;
    out.fitted_height = by.height ? by.height : by.size;
    if (by.fit == fit::pad) {
        out.padded_width = out.padded_height = std::max(width, height);
    } else if (by.fit == fit::native) {
        out.fitted_width = out.padded_width = std::max(width, by.size);
        out.fitted_height = out.padded_height = std::max(height, by.size);
    } else if (by.fit == fit::short_side) {
        const std::size_t small = std::min(width, height), large = std::max(width, height);
        const std::size_t steps = (2 * large * by.size + small * size_step) / (2 * small * size_step);
        (width < height ? out.fitted_height : out.fitted_width) = std::max(by.size, steps * size_step);
    }
    out.left = (out.padded_width - width) / 2;
    out.top = (out.padded_height - height) / 2;
    out.width = by.crop ? by.crop : out.fitted_width;
    out.height = by.crop ? by.crop : out.fitted_height;
    out.crop_x = (out.fitted_width - out.width) / 2;
    out.crop_y = (out.fitted_height - out.height) / 2;
    return out;
}

namespace detail {

inline void check_size(std::size_t width, std::size_t height, std::size_t wanted_width, std::size_t wanted_height,
                       const char* what) {
    if (width != wanted_width || height != wanted_height)
        throw shape_error{std::string{what} + ": the image is " + std::to_string(width) + " x " + std::to_string(height) +
                          " pixels, the placement is for " + std::to_string(wanted_width) + " x " +
                          std::to_string(wanted_height)};
}

/// The part of `from` at x, y, of that size.
template <class P>
[[nodiscard]] basic_image<P> cut_out(const basic_image<P>& from, std::size_t x, std::size_t y, std::size_t width,
                                     std::size_t height) {
    if (x == 0 && y == 0 && width == from.width && height == from.height) return from;
    auto out = make_image<P>(width, height, from.channels);
    for (std::size_t row = 0; row < height; ++row) std::copy_n(from.at(x, y + row), width * from.channels, out.row(row));
    return out;
}

/// A canvas of that size, zero but for `from` at x, y.
template <class P>
[[nodiscard]] basic_image<P> put_into(const basic_image<P>& from, std::size_t x, std::size_t y, std::size_t width,
                                      std::size_t height) {
    if (width == from.width && height == from.height) return from;
    auto out = make_image<P>(width, height, from.channels);
    for (std::size_t row = 0; row < from.height; ++row)
        std::copy_n(from.row(row), from.width * from.channels, out.at(x, y + row));
    return out;
}

template <class Resize>
[[nodiscard]] picture fitted(const placement& by, const picture& from, const Resize& to_size, const char* what) {
    check_image(from, 0, what);
    check_size(from.width, from.height, by.photograph_width, by.photograph_height, what);
    return cut_out(to_size(put_into(from, by.left, by.top, by.padded_width, by.padded_height), by.fitted_width, by.fitted_height),
                   by.crop_x, by.crop_y, by.width, by.height);
}

}  // namespace detail

/// The photograph as the network gets it: borders, antialiased resize, cut-out. Throws shape_error for a photograph of
/// another size than the placement's.
[[nodiscard]] inline picture fit_picture(const placement& by, const picture& photograph) {
    return detail::fitted(by, photograph, resize, "fit_picture");
}

/// The same for a mask, by the nearest pixel. Throws shape_error as fit_picture does.
[[nodiscard]] inline picture fit_mask(const placement& by, const picture& mask) {
    return detail::fitted(by, mask, resize_nearest, "fit_mask");
}

/// A map of the network's input as a map of the photograph; pixels the network did not see become `outside`.
/// Throws shape_error for a map of another size than the network's input.
[[nodiscard]] inline plane restore_map(const placement& by, const plane& map, float outside = 0.0f) {
    check_image(map, 1, "restore_map");
    detail::check_size(map.width, map.height, by.width, by.height, "restore_map");
    if (map.width == by.photograph_width && map.height == by.photograph_height && by.fitted_width == by.padded_width &&
        by.fitted_height == by.padded_height && by.width == by.fitted_width && by.height == by.fitted_height)
        return map;
    // Beyond the cut-out the map's edge is continued, so that no fading into `outside` reaches into it.
    plane continued;
    if (by.width != by.fitted_width || by.height != by.fitted_height) {
        continued = make_image<float>(by.fitted_width, by.fitted_height, 1);
        const auto inside = [](std::size_t i, std::size_t begin, std::size_t size) {
            return std::clamp(i, begin, begin + size - 1) - begin;
        };
        for (std::size_t y = 0; y < continued.height; ++y)
            for (std::size_t x = 0; x < continued.width; ++x)
                *continued.at(x, y) = *map.at(inside(x, by.crop_x, by.width), inside(y, by.crop_y, by.height));
    }
    const plane& whole = continued.pixels.empty() ? map : continued;
    plane out = detail::cut_out(resize_map(whole, by.padded_width, by.padded_height), by.left, by.top, by.photograph_width,
                                by.photograph_height);
    const auto seen = [](std::size_t i, std::size_t border, double scale, std::size_t begin, std::size_t size) {
        const double at = (static_cast<double>(i + border) + 0.5) / scale;
        return at >= static_cast<double>(begin) && at <= static_cast<double>(begin + size);
    };
    if (whole.width != map.width || whole.height != map.height)
        for (std::size_t y = 0; y < out.height; ++y) {
            const bool row_seen = seen(y, by.top, by.scale_y(), by.crop_y, by.height);
            for (std::size_t x = 0; x < out.width; ++x)
                if (!row_seen || !seen(x, by.left, by.scale_x(), by.crop_x, by.width)) *out.at(x, y) = outside;
        }
    return out;
}

/// A box of the network's input (pixels) in the photograph's pixels, cut off at the photograph's edges.
[[nodiscard]] inline rectangle restore_box(const placement& by, const rectangle& box) {
    const auto back = [](double at, std::size_t crop, double scale, std::size_t border, std::size_t length) {
        return std::clamp((at + static_cast<double>(crop)) * scale - static_cast<double>(border), 0.0,
                          static_cast<double>(length));
    };
    const double left = back(box.x, by.crop_x, by.scale_x(), by.left, by.photograph_width);
    const double right = back(box.x + box.width, by.crop_x, by.scale_x(), by.left, by.photograph_width);
    const double top = back(box.y, by.crop_y, by.scale_y(), by.top, by.photograph_height);
    const double bottom = back(box.y + box.height, by.crop_y, by.scale_y(), by.top, by.photograph_height);
    return {left, top, right - left, bottom - top};
}

/// A box of the photograph (pixels) in the network's input, cut off at its edges: width or height 0 where it lies outside.
[[nodiscard]] inline rectangle fit_box(const placement& by, const rectangle& box) {
    const auto forth = [](double at, std::size_t crop, double scale, std::size_t border, std::size_t length) {
        return std::clamp((at + static_cast<double>(border)) / scale - static_cast<double>(crop), 0.0,
                          static_cast<double>(length));
    };
    const double left = forth(box.x, by.crop_x, by.scale_x(), by.left, by.width);
    const double right = forth(box.x + box.width, by.crop_x, by.scale_x(), by.left, by.width);
    const double top = forth(box.y, by.crop_y, by.scale_y(), by.top, by.height);
    const double bottom = forth(box.y + box.height, by.crop_y, by.scale_y(), by.top, by.height);
    return {left, top, right - left, bottom - top};
}

/// Whole pixels: a part of an image.
struct pixel_box {
    std::size_t x{0}, y{0}, width{0}, height{0};
    friend bool operator==(const pixel_box&, const pixel_box&) = default;
};

/// The pixels of the network's input whose centres lie on the photograph, not on a border; at least one.
[[nodiscard]] inline pixel_box pixels_inside(const placement& by) {
    const auto [x, y, width, height] =
        fit_box(by, {0, 0, static_cast<double>(by.photograph_width), static_cast<double>(by.photograph_height)});
    const auto range = [](double begin, double length, std::size_t size) {
        const auto first = std::min(static_cast<std::size_t>(std::ceil(std::max(begin - 0.5, 0.0))), size - 1);
        const auto last = static_cast<std::size_t>(std::max(std::floor(begin + length + 0.5), 0.0));
        return std::pair{first, std::max(std::min(last, size), first + 1) - first};
    };
    const auto across = range(x, width, by.width), down = range(y, height, by.height);
    return {across.first, down.first, across.second, down.second};
}

}  // namespace rd4ad::image
