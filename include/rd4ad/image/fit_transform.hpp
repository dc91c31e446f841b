// rd4ad/image/fit_transform.hpp: fits images, masks and boxes to the input size, and restores maps and boxes from it. Twin:
// tests/image/fit_transform.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/crop.hpp>
#include <rd4ad/image/fit_options.hpp>
#include <rd4ad/image/fit_transform_data.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/rectangle.hpp>
#include <rd4ad/image/resize.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

namespace detail {

/// Throws shape_error if an image of this source size becomes too large by its borders or its resize: a long thin image may.
inline void check_fitted_pixels(const fit_transform& by) {
    constexpr std::size_t most = 4 * max_image_pixels;  // the borders and the resize of an image enlarge it fourfold at most
    const auto too_many = [](std::size_t width, std::size_t height) { return width > most / height; };
    const bool padded = too_many(by.padded_width, by.padded_height);
    if (padded || too_many(by.fitted_width, by.fitted_height))
        throw shape_error{text("an image of ", by.source_width, " x ", by.source_height, " pixels is fitted as ",
                               padded ? by.padded_width : by.fitted_width, " x ", padded ? by.padded_height : by.fitted_height,
                               ", the limit is ", most, " pixels; cut the image into shorter ones, or use another fit")};
}

}  // namespace detail

/// The transform for images of the given source size. Throws option_error as check_geometry does; shape_error for a width or
/// height of 0, and for an image that its borders or its resize enlarge beyond 2^30 pixels.
[[nodiscard]] inline fit_transform make_fit_transform(const geometry& settings, std::size_t width, std::size_t height) {
    check_geometry(settings);
    if (width == 0 || height == 0)
        throw shape_error{text("make_fit_transform: the image is ", width, " x ", height, " pixels; both must be at least 1")};
    fit_transform out{.source_width = width, .source_height = height, .padded_width = width, .padded_height = height};
    out.fitted_width = settings.size;
    out.fitted_height = settings.height ? settings.height : settings.size;
    if (settings.fit == fit::pad) {
        out.padded_width = out.padded_height = std::max(width, height);
    } else if (settings.fit == fit::native) {
        out.fitted_width = out.padded_width = std::max(width, settings.size);
        out.fitted_height = out.padded_height = std::max(height, settings.size);
    } else if (settings.fit == fit::short_side) {
        const std::size_t small = std::min(width, height), large = std::max(width, height);
        const std::size_t steps = (2 * large * settings.size + small * size_step) / (2 * small * size_step);
        (width < height ? out.fitted_height : out.fitted_width) = std::max(settings.size, steps * size_step);
    }
    detail::check_fitted_pixels(out);
    out.left = (out.padded_width - width) / 2;
    out.top = (out.padded_height - height) / 2;
    out.width = settings.crop ? settings.crop : out.fitted_width;
    out.height = settings.crop ? settings.crop : out.fitted_height;
    out.crop_x = (out.fitted_width - out.width) / 2;
    out.crop_y = (out.fitted_height - out.height) / 2;
    return out;
}

/// Throws shape_error where an image's size differs from the size that a fit_transform expects. The message starts with
/// `caller`, the name of the calling function.
inline void check_size(std::size_t width, std::size_t height, std::size_t expected_width, std::size_t expected_height,
                       const char* caller) {
    if (width != expected_width || height != expected_height)
        throw shape_error{text(caller, ": the image is ", width, " x ", height, " pixels, the fit_transform expects ",
                               expected_width, " x ", expected_height)};
}

namespace detail {

/// Fits an image of C channels that is given row by row: adds the borders, resizes, crops, in one pass. read(y, row) returns a
/// pointer to the source_width * C values of row y; it may write them to `row`. use(y, row) receives the rows of the result,
/// transform.width * C values each.
template <std::size_t C, class P, class Read, class Use>
void fit_rows(const fit_transform& transform, const Read& read, const Use& use) {
    std::vector<P> row(transform.padded_width * C);  // the borders stay black
    const std::vector<P> black(transform.adds_border() ? row.size() : 0);
    const auto padded = [&](std::size_t y) -> const P* {
        if (y < transform.top || y >= transform.top + transform.source_height) return black.data();
        P* inside = row.data() + transform.left * C;
        const P* found = read(y - transform.top, inside);
        if (transform.padded_width == transform.source_width) return found;
        if (found != inside) std::copy_n(found, transform.source_width * C, inside);
        return row.data();
    };
    resample<C, P>({transform.padded_width, transform.fitted_width, transform.crop_x, transform.width},
                   {transform.padded_height, transform.fitted_height, transform.crop_y, transform.height}, padded, use);
}

/// Throws shape_error for an image of another size than the transform's source, or without pixels.
inline void check_source(const fit_transform& transform, const image_u8& image, const char* caller) {
    check_image(image, 0, caller);
    check_size(image.width, image.height, transform.source_width, transform.source_height, caller);
}

/// The map of the cropped input, enlarged to the fitted size: pixels outside the crop repeat the nearest pixel inside. So the
/// values inside do not mix with a fill value when the map is resized.
[[nodiscard]] inline image_f32 extend_edges(const fit_transform& transform, const image_f32& map) {
    auto out = make_image<float>(transform.fitted_width, transform.fitted_height, 1);
    const auto nearest = [](std::size_t i, std::size_t begin, std::size_t size) {
        return std::clamp(i, begin, begin + size - 1) - begin;
    };
    for (std::size_t y = 0; y < out.height; ++y)
        for (std::size_t x = 0; x < out.width; ++x)
            *out.at(x, y) =
                *map.at(nearest(x, transform.crop_x, transform.width), nearest(y, transform.crop_y, transform.height));
    return out;
}

/// Sets the pixels of a restored map whose centres lie outside the crop.
inline void fill_outside_crop(const fit_transform& transform, image_f32& map, float value) {
    const auto inside = [](std::size_t i, std::size_t border, double scale, std::size_t begin, std::size_t size) {
        const double at = (static_cast<double>(i + border) + 0.5) / scale;
        return at >= static_cast<double>(begin) && at <= static_cast<double>(begin + size);
    };
    for (std::size_t y = 0; y < map.height; ++y) {
        const bool row_inside = inside(y, transform.top, transform.scale_y(), transform.crop_y, transform.height);
        for (std::size_t x = 0; x < map.width; ++x)
            if (!row_inside || !inside(x, transform.left, transform.scale_x(), transform.crop_x, transform.width))
                *map.at(x, y) = value;
    }
}

/// See restore_map. `Map` is image_f32 (moved where the transform changes nothing) or const image_f32&.
template <class Map>
[[nodiscard]] image_f32 restore(const fit_transform& transform, Map&& map, float outside) {
    check_image(map, 1, "restore_map");
    check_size(map.width, map.height, transform.width, transform.height, "restore_map");
    const std::size_t width = transform.padded_width, height = transform.padded_height;
    const pixel_box source{transform.left, transform.top, transform.source_width, transform.source_height};
    if (!transform.crops()) return crop(resize_map(std::forward<Map>(map), width, height), source);
    image_f32 out = crop(resize_map(extend_edges(transform, map), width, height), source);
    fill_outside_crop(transform, out, outside);
    return out;
}

}  // namespace detail

/// The network's input, before normalisation: adds the borders, resizes with antialiasing, crops, in one pass. Throws
/// shape_error for an image of another size than the transform's source, or without 1 or 3 channels.
[[nodiscard]] inline image_u8 fit_image(const fit_transform& transform, const image_u8& image) {
    detail::check_source(transform, image, "fit_image");
    detail::check_resize_channels(image, "fit_image");
    auto out = make_image<std::uint8_t>(transform.width, transform.height, image.channels);
    const auto read = [&](std::size_t y, std::uint8_t*) { return image.row(y); };
    const auto use = [&](std::size_t y, const std::uint8_t* row) { std::copy_n(row, out.width * out.channels, out.row(y)); };
    if (image.channels == 1)
        detail::fit_rows<1, std::uint8_t>(transform, read, use);
    else
        detail::fit_rows<3, std::uint8_t>(transform, read, use);
    return out;
}

/// Fits an image that is no longer needed: moves it where the transform changes nothing.
[[nodiscard]] inline image_u8 fit_image(const fit_transform& transform, image_u8&& image) {
    if (!transform.is_identity()) return fit_image(transform, std::as_const(image));
    detail::check_source(transform, image, "fit_image");
    return std::move(image);
}

/// Fits a mask like its image, but takes the nearest pixel, so that values do not mix. Throws shape_error for a mask of another
/// size than the transform's source.
[[nodiscard]] inline image_u8 fit_mask(const fit_transform& transform, const image_u8& mask) {
    detail::check_source(transform, mask, "fit_mask");
    const auto resized = [&](const image_u8& from) {
        return resize_nearest(from, transform.fitted_width, transform.fitted_height);
    };
    const pixel_box input{transform.crop_x, transform.crop_y, transform.width, transform.height};
    if (!transform.adds_border()) return crop(resized(mask), input);
    auto padded = make_image<std::uint8_t>(transform.padded_width, transform.padded_height, mask.channels);
    for (std::size_t y = 0; y < mask.height; ++y)
        std::copy_n(mask.row(y), mask.width * mask.channels, padded.at(transform.left, transform.top + y));
    return crop(resized(padded), input);
}

/// Brings an anomaly map of the network's input to the source size. Pixels outside the centre crop get the value `outside`.
/// Throws shape_error for a map of another size than the input, or with several channels.
[[nodiscard]] inline image_f32 restore_map(const fit_transform& transform, const image_f32& map, float outside = 0.0f) {
    return detail::restore(transform, map, outside);
}

/// Restores a map that is no longer needed: moves it where the transform changes nothing.
[[nodiscard]] inline image_f32 restore_map(const fit_transform& transform, image_f32&& map, float outside = 0.0f) {
    return detail::restore(transform, std::move(map), outside);
}

/// The position in the source image of a position in the input, both in pixels, clamped to the source image.
[[nodiscard]] inline point restore_point(const fit_transform& transform, const point& at) {
    const auto restored = [](double value, std::size_t crop, double scale, std::size_t border, std::size_t length) {
        return std::clamp((value + static_cast<double>(crop)) * scale - static_cast<double>(border), 0.0,
                          static_cast<double>(length));
    };
    return {restored(at.x, transform.crop_x, transform.scale_x(), transform.left, transform.source_width),
            restored(at.y, transform.crop_y, transform.scale_y(), transform.top, transform.source_height)};
}

/// The position in the input of a position in the source image, both in pixels, clamped to the input.
[[nodiscard]] inline point fit_point(const fit_transform& transform, const point& at) {
    const auto fitted = [](double value, std::size_t crop, double scale, std::size_t border, std::size_t length) {
        return std::clamp((value + static_cast<double>(border)) / scale - static_cast<double>(crop), 0.0,
                          static_cast<double>(length));
    };
    return {fitted(at.x, transform.crop_x, transform.scale_x(), transform.left, transform.width),
            fitted(at.y, transform.crop_y, transform.scale_y(), transform.top, transform.height)};
}

/// The box in the source image of a box in the input, clipped to the source image.
[[nodiscard]] inline rectangle restore_box(const fit_transform& transform, const rectangle& box) {
    const point first = restore_point(transform, {box.x, box.y});
    const point last = restore_point(transform, {box.x + box.width, box.y + box.height});
    return {first.x, first.y, last.x - first.x, last.y - first.y};
}

/// The box in the input of a box in the source image, clipped to the input. Width or height is 0 for a box outside the input.
[[nodiscard]] inline rectangle fit_box(const fit_transform& transform, const rectangle& box) {
    const point first = fit_point(transform, {box.x, box.y});
    const point last = fit_point(transform, {box.x + box.width, box.y + box.height});
    return {first.x, first.y, last.x - first.x, last.y - first.y};
}

/// The input pixels whose centres lie on the image, not on a border: at least one pixel.
[[nodiscard]] inline pixel_box pixels_inside(const fit_transform& transform) {
    const auto [x, y, width, height] =
        fit_box(transform, {0, 0, static_cast<double>(transform.source_width), static_cast<double>(transform.source_height)});
    const auto range = [](double begin, double length, std::size_t size) {
        const auto first = std::min(static_cast<std::size_t>(std::ceil(std::max(begin - 0.5, 0.0))), size - 1);
        const auto last = static_cast<std::size_t>(std::max(std::floor(begin + length + 0.5), 0.0));
        return std::pair{first, std::max(std::min(last, size), first + 1) - first};
    };
    const auto across = range(x, width, transform.width), down = range(y, height, transform.height);
    return {across.first, down.first, across.second, down.second};
}

}  // namespace rd4ad::inline RD4AD_ABI::image
