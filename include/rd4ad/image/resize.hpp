// rd4ad/image/resize.hpp: antialiased bilinear resize, bit for bit as Pillow's on 8 bit. Twin: tests/image/resize.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/image/image.hpp>

namespace rd4ad::image {

namespace detail {

/// For every output position the input positions it is made of: first .. first + count - 1, with `taps` weights kept
/// for each (those past count are 0).
struct resize_rule {
    struct window {
        std::size_t first, count;
    };
    std::vector<window> windows;
    std::vector<double> weights;  // windows.size() x taps, each row sums to 1
    std::size_t taps{0};
};

/// The triangle filter, centred on each output position's place in the input (half-pixel centres), as wide as one
/// output step where that is larger than an input pixel: this is what antialiases.
[[nodiscard]] inline resize_rule make_resize_rule(std::size_t from, std::size_t to) {
    const double scale = static_cast<double>(from) / static_cast<double>(to);
    const double support = std::max(scale, 1.0);
    resize_rule rule;
    rule.taps = static_cast<std::size_t>(std::ceil(support)) * 2 + 1;
    rule.windows.resize(to);
    rule.weights.assign(to * rule.taps, 0.0);
    for (std::size_t i = 0; i < to; ++i) {
        const double centre = (static_cast<double>(i) + 0.5) * scale;
        const auto first = static_cast<std::size_t>(std::max(centre - support + 0.5, 0.0));
        const auto last = std::min(static_cast<std::size_t>(centre + support + 0.5), from);
        double* weights = rule.weights.data() + i * rule.taps;
        double sum = 0;
        for (std::size_t k = 0; k < last - first; ++k) {
            const double distance = std::abs((static_cast<double>(first + k) - centre + 0.5) * (1.0 / support));
            weights[k] = distance < 1.0 ? 1.0 - distance : 0.0;
            sum += weights[k];
        }
        if (sum != 0.0)
            for (std::size_t k = 0; k < last - first; ++k) weights[k] /= sum;
        rule.windows[i] = {first, last - first};
    }
    return rule;
}

/// 8-bit pixels times weights of 22 fractional bits fit into 32 bits with their sign.
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

/// What the two passes need to know of a pixel type: its sums, their start, the weights, and the way back.
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

/// Each row resized by itself; C channels, known to the compiler so that they stay in registers.
template <std::size_t C, class P>
void resize_rows(const basic_image<P>& from, std::size_t first_row, const resize_rule& rule, basic_image<P>& to) {
    using arithmetic = resize_arithmetic<P>;
    using sum = typename arithmetic::sum;
    const auto weights = arithmetic::weights(rule.weights);
    for (std::size_t y = 0; y < to.height; ++y) {
        P* out = to.row(y);
        const P* row = from.row(first_row + y);
        for (std::size_t x = 0; x < to.width; ++x, out += C) {
            const auto [first, count] = rule.windows[x];
            const P* in = row + first * C;
            const sum* weight = weights.data() + x * rule.taps;
            std::array<sum, C> sums;
            sums.fill(arithmetic::start);
            for (std::size_t k = 0; k < count; ++k, in += C)
                for (std::size_t c = 0; c < C; ++c) sums[c] += static_cast<sum>(in[c]) * weight[k];
            for (std::size_t c = 0; c < C; ++c) out[c] = arithmetic::result(sums[c]);
        }
    }
}

/// Each column resized by itself: whole rows are added up, a strip that fits the nearest cache at a time.
template <class P>
void resize_columns(const basic_image<P>& from, std::size_t first_row, const resize_rule& rule, basic_image<P>& to) {
    using arithmetic = resize_arithmetic<P>;
    using sum = typename arithmetic::sum;
    constexpr std::size_t strip = 1024;
    const auto weights = arithmetic::weights(rule.weights);
    const std::size_t values = to.width * to.channels;
    std::array<sum, strip> sums;
    for (std::size_t y = 0; y < to.height; ++y) {
        const auto [first, count] = rule.windows[y];
        for (std::size_t begin = 0; begin < values; begin += strip) {
            const std::size_t length = std::min(strip, values - begin);
            std::fill_n(sums.begin(), length, arithmetic::start);
            for (std::size_t k = 0; k < count; ++k) {
                const P* in = from.row(first - first_row + k) + begin;
                const sum weight = weights[y * rule.taps + k];
                for (std::size_t i = 0; i < length; ++i) sums[i] += static_cast<sum>(in[i]) * weight;
            }
            P* out = to.row(y) + begin;
            for (std::size_t i = 0; i < length; ++i) out[i] = arithmetic::result(sums[i]);
        }
    }
}

/// Rows first, rounded to P, then columns: Pillow's order. A direction that keeps its size is left out.
template <class P>
[[nodiscard]] basic_image<P> resize_both(const basic_image<P>& from, std::size_t width, std::size_t height, const char* what) {
    check_image(from, 0, what);
    if (width == 0 || height == 0)
        throw shape_error{std::string{what} + ": asked for " + std::to_string(width) + " x " + std::to_string(height) +
                          " pixels; both must be at least 1"};
    if (from.channels != 1 && from.channels != 3)
        throw shape_error{std::string{what} + ": expected 1 or 3 channels, the image is " + size_text(from) +
                          " (width x height x channels)"};
    if (width == from.width && height == from.height) return from;
    const resize_rule down = make_resize_rule(from.height, height);
    const std::size_t first_row = height == from.height ? 0 : down.windows.front().first;
    const basic_image<P>* narrowed = &from;
    std::size_t skipped = 0;  // rows of `from` that *narrowed begins after
    basic_image<P> rows;
    if (width != from.width) {
        const resize_rule across = make_resize_rule(from.width, width);
        const std::size_t needed =
            height == from.height ? height : down.windows.back().first + down.windows.back().count - first_row;
        rows = make_image<P>(width, needed, from.channels);
        if (from.channels == 1)
            resize_rows<1>(from, first_row, across, rows);
        else
            resize_rows<3>(from, first_row, across, rows);
        narrowed = &rows;
        skipped = first_row;
    }
    if (height == from.height) return rows;
    auto out = make_image<P>(width, height, from.channels);
    resize_columns(*narrowed, skipped, down, out);
    return out;
}

}  // namespace detail

/// Antialiased bilinear resize, the same bytes as Pillow's Image.resize(size, BILINEAR): 22-bit fixed point, rows then
/// columns, rounded to 8 bit between. 1 or 3 channels. Cost: input pixels x channels x 2 to 3 multiplications a pass.
/// Throws shape_error for an image without pixels, other channels, or a size of 0.
[[nodiscard]] inline picture resize(const picture& from, std::size_t width, std::size_t height) {
    return detail::resize_both(from, width, height, "resize");
}

/// The same filter on floats (half-pixel centres; antialiased when shrinking, plain bilinear when enlarging): anomaly
/// maps to the photograph's size. As Pillow's in mode "F". Throws shape_error as resize does.
[[nodiscard]] inline plane resize_map(const plane& from, std::size_t width, std::size_t height) {
    return detail::resize_both(from, width, height, "resize_map");
}

/// The nearest pixel, as Pillow's NEAREST: for masks, whose values must not mix. Any number of channels.
/// Throws shape_error for an image without pixels or a size of 0.
[[nodiscard]] inline picture resize_nearest(const picture& from, std::size_t width, std::size_t height) {
    check_image(from, 0, "resize_nearest");
    if (width == 0 || height == 0)
        throw shape_error{"resize_nearest: asked for " + std::to_string(width) + " x " + std::to_string(height) +
                          " pixels; both must be at least 1"};
    // The place is summed up step by step, as Pillow does it, so that halves fall on the same side.
    const auto places = [](std::size_t size, std::size_t count) {
        const double step = static_cast<double>(size) / static_cast<double>(count);
        std::vector<std::size_t> found(count);
        double at = step * 0.5;
        for (auto& place : found) {
            place = std::min(static_cast<std::size_t>(at), size - 1);
            at += step;
        }
        return found;
    };
    const auto columns = places(from.width, width), rows = places(from.height, height);
    picture out = make_image<std::uint8_t>(width, height, from.channels);
    for (std::size_t y = 0; y < height; ++y)
        for (std::size_t x = 0; x < width; ++x) std::copy_n(from.at(columns[x], rows[y]), from.channels, out.at(x, y));
    return out;
}

}  // namespace rd4ad::image
