// rd4ad/image/resize.hpp: antialiased bilinear resize, on 8-bit images bit for bit as Pillow. Twin: tests/image/resize.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/image.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

namespace detail {

/// The resampling filter along one axis. Output position i is the weighted sum of the input positions first .. first + count - 1
/// of windows[i]. Its weights are weights[i * taps] .. weights[i * taps + count - 1]; they sum to 1.
struct resize_filter {
    struct window {
        std::size_t first, count;
    };
    std::vector<window> windows;
    std::vector<double> weights;  // windows.size() x taps, unused weights are 0
    std::size_t taps{0};          // weights per output position
};

/// The triangle filter, centred on the position in the input of each output position (half-pixel centres). It reaches one output
/// pixel to either side, measured in the input, and at least one input pixel. The wider filter antialiases a reduction.
[[nodiscard]] inline resize_filter make_resize_filter(std::size_t from, std::size_t to) {
    const double scale = static_cast<double>(from) / static_cast<double>(to);
    const double support = std::max(scale, 1.0);
    resize_filter filter;
    filter.taps = static_cast<std::size_t>(std::ceil(support)) * 2 + 1;
    filter.windows.resize(to);
    filter.weights.assign(to * filter.taps, 0.0);
    for (std::size_t i = 0; i < to; ++i) {
        const double centre = (static_cast<double>(i) + 0.5) * scale;
        const auto first = static_cast<std::size_t>(std::max(centre - support + 0.5, 0.0));
        const auto last = std::min(static_cast<std::size_t>(centre + support + 0.5), from);
        double* weights = filter.weights.data() + i * filter.taps;
        double sum = 0;
        for (std::size_t k = 0; k < last - first; ++k) {
            const double distance = std::abs((static_cast<double>(first + k) - centre + 0.5) * (1.0 / support));
            weights[k] = distance < 1.0 ? 1.0 - distance : 0.0;
            sum += weights[k];
        }
        if (sum != 0.0)
            for (std::size_t k = 0; k < last - first; ++k) weights[k] /= sum;
        filter.windows[i] = {first, last - first};
    }
    return filter;
}

/// Fractional bits of the fixed-point weights: 8-bit pixels times weights of 22 fractional bits fit into a signed 32-bit sum.
inline constexpr int resize_bits = 32 - 8 - 2;
inline constexpr std::int32_t resize_half = 1 << (resize_bits - 1);

[[nodiscard]] inline std::vector<std::int32_t> fixed_point(const std::vector<double>& weights) {
    std::vector<std::int32_t> fixed(weights.size());
    for (std::size_t i = 0; i < weights.size(); ++i) fixed[i] = static_cast<std::int32_t>(0.5 + weights[i] * (1 << resize_bits));
    return fixed;
}

[[nodiscard]] inline std::uint8_t from_fixed(std::int32_t sum) noexcept {
    return static_cast<std::uint8_t>(std::clamp(sum >> resize_bits, 0, 255));
}

/// The arithmetic of a pixel type: type and initial value of a sum, type of the weights, rounding of a sum to a pixel.
template <class P>
struct resize_arithmetic {  // float
    using sum = P;
    static constexpr sum start = 0;
    static std::vector<sum> weights(const std::vector<double>& exact) { return std::vector<sum>(exact.begin(), exact.end()); }
    static P result(sum s) noexcept { return s; }
};
template <>
struct resize_arithmetic<std::uint8_t> {
    using sum = std::int32_t;
    static constexpr sum start = resize_half;
    static std::vector<sum> weights(const std::vector<double>& exact) { return fixed_point(exact); }
    static std::uint8_t result(sum s) noexcept { return from_fixed(s); }
};

/// Resizes each row; row 0 of `to` is made from row `first_row` of `from`. The number of channels C is a constant, so that the
/// compiler keeps the sums in registers.
template <std::size_t C, class P>
void resize_rows(const basic_image<P>& from, std::size_t first_row, const resize_filter& filter, basic_image<P>& to) {
    using arithmetic = resize_arithmetic<P>;
    using sum = typename arithmetic::sum;
    const auto weights = arithmetic::weights(filter.weights);
    for (std::size_t y = 0; y < to.height; ++y) {
        P* out = to.row(y);
        const P* row = from.row(first_row + y);
        for (std::size_t x = 0; x < to.width; ++x, out += C) {
            const auto [first, count] = filter.windows[x];
            const P* in = row + first * C;
            const sum* weight = weights.data() + x * filter.taps;
            std::array<sum, C> sums;
            sums.fill(arithmetic::start);
            for (std::size_t k = 0; k < count; ++k, in += C)
                for (std::size_t c = 0; c < C; ++c) sums[c] += static_cast<sum>(in[c]) * weight[k];
            for (std::size_t c = 0; c < C; ++c) out[c] = arithmetic::result(sums[c]);
        }
    }
}

/// Resizes each column; row 0 of `from` is row `first_row` of the image that the filter belongs to. Adds up whole rows, in strips
/// that fit into the L1 cache.
template <class P>
void resize_columns(const basic_image<P>& from, std::size_t first_row, const resize_filter& filter, basic_image<P>& to) {
    using arithmetic = resize_arithmetic<P>;
    using sum = typename arithmetic::sum;
    constexpr std::size_t strip = 1024;
    const auto weights = arithmetic::weights(filter.weights);
    const std::size_t values = to.width * to.channels;
    std::array<sum, strip> sums;
    for (std::size_t y = 0; y < to.height; ++y) {
        const auto [first, count] = filter.windows[y];
        for (std::size_t begin = 0; begin < values; begin += strip) {
            const std::size_t length = std::min(strip, values - begin);
            std::fill_n(sums.begin(), length, arithmetic::start);
            for (std::size_t k = 0; k < count; ++k) {
                const P* in = from.row(first - first_row + k) + begin;
                const sum weight = weights[y * filter.taps + k];
                for (std::size_t i = 0; i < length; ++i) sums[i] += static_cast<sum>(in[i]) * weight;
            }
            P* out = to.row(y) + begin;
            for (std::size_t i = 0; i < length; ++i) out[i] = arithmetic::result(sums[i]);
        }
    }
}

inline void check_new_size(std::size_t width, std::size_t height, const char* caller) {
    if (width == 0 || height == 0)
        throw shape_error{text(caller, ": the new size is ", width, " x ", height, " pixels; both must be at least 1")};
}

/// Resizes rows, rounds to P, then resizes columns: the order of Pillow. Leaves out an axis that keeps its size. At least one
/// axis changes its size; the image has 1 or 3 channels.
template <class P>
[[nodiscard]] basic_image<P> resample(const basic_image<P>& image, std::size_t width, std::size_t height) {
    const resize_filter down = make_resize_filter(image.height, height);
    const std::size_t first_row = height == image.height ? 0 : down.windows.front().first;
    const basic_image<P>* narrowed = &image;
    std::size_t skipped = 0;  // rows of `image` above the first row of *narrowed
    basic_image<P> rows;
    if (width != image.width) {
        const resize_filter across = make_resize_filter(image.width, width);
        const std::size_t needed =
            height == image.height ? height : down.windows.back().first + down.windows.back().count - first_row;
        rows = make_image<P>(width, needed, image.channels);
        if (image.channels == 1)
            resize_rows<1>(image, first_row, across, rows);
        else
            resize_rows<3>(image, first_row, across, rows);
        narrowed = &rows;
        skipped = first_row;
    }
    if (height == image.height) return rows;
    auto out = make_image<P>(width, height, image.channels);
    resize_columns(*narrowed, skipped, down, out);
    return out;
}

/// Checks the arguments, then resizes. An image that has the new size is moved (rvalue) or copied (lvalue).
template <class Image>
[[nodiscard]] std::remove_cvref_t<Image> resize_checked(Image&& image, std::size_t width, std::size_t height,
                                                        const char* caller) {
    check_image(image, 0, caller);
    check_new_size(width, height, caller);
    if (image.channels != 1 && image.channels != 3)
        throw shape_error{
            text(caller, ": expected 1 or 3 channels, the image is ", size_text(image), " (width x height x channels)")};
    if (width == image.width && height == image.height) return std::forward<Image>(image);
    return resample(image, width, height);
}

}  // namespace detail

/// Resizes with antialiasing, to the same bytes as Pillow's Image.resize(size, BILINEAR): 22-bit fixed point, rows before
/// columns, rounded to 8 bit in between. 1 or 3 channels. Cost: 2 to 3 multiplications per input value and axis.
/// Throws shape_error for an image without pixels, for another number of channels, or for a new size of 0.
[[nodiscard]] inline image_u8 resize(const image_u8& image, std::size_t width, std::size_t height) {
    return detail::resize_checked(image, width, height, "resize");
}

/// Resizes an image that is no longer needed: moves it where it already has the new size.
[[nodiscard]] inline image_u8 resize(image_u8&& image, std::size_t width, std::size_t height) {
    return detail::resize_checked(std::move(image), width, height, "resize");
}

/// Resizes an anomaly map with the same filter in float, as Pillow does in mode "F": antialiased bilinear for a reduction, plain
/// bilinear for an enlargement. Throws shape_error as resize does.
[[nodiscard]] inline image_f32 resize_map(const image_f32& map, std::size_t width, std::size_t height) {
    return detail::resize_checked(map, width, height, "resize_map");
}

/// Resizes a map that is no longer needed: moves it where it already has the new size.
[[nodiscard]] inline image_f32 resize_map(image_f32&& map, std::size_t width, std::size_t height) {
    return detail::resize_checked(std::move(map), width, height, "resize_map");
}

/// Resizes to the nearest pixel, as Pillow's NEAREST does. For masks, whose values must not mix. Any number of channels.
/// Throws shape_error for an image without pixels, or for a new size of 0.
[[nodiscard]] inline image_u8 resize_nearest(const image_u8& image, std::size_t width, std::size_t height) {
    check_image(image, 0, "resize_nearest");
    detail::check_new_size(width, height, "resize_nearest");
    // Sums up the position step by step, as Pillow does, so that positions between two pixels round to the same side.
    const auto positions = [](std::size_t size, std::size_t count) {
        const double step = static_cast<double>(size) / static_cast<double>(count);
        std::vector<std::size_t> found(count);
        double at = step * 0.5;
        for (auto& position : found) {
            position = std::min(static_cast<std::size_t>(at), size - 1);
            at += step;
        }
        return found;
    };
    const auto columns = positions(image.width, width), rows = positions(image.height, height);
    image_u8 out = make_image<std::uint8_t>(width, height, image.channels);
    for (std::size_t y = 0; y < height; ++y)
        for (std::size_t x = 0; x < width; ++x) std::copy_n(image.at(columns[x], rows[y]), image.channels, out.at(x, y));
    return out;
}

}  // namespace rd4ad::inline RD4AD_ABI::image
