// rd4ad/image/resize.hpp: antialiased bilinear resize, on 8-bit images bit for bit as Pillow. Twin: tests/image/resize.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
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

/// Values whose sums are computed at once when rows are added up.
inline constexpr std::size_t resize_block = 64;

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
template <>
struct resize_arithmetic<std::uint16_t> {
    using sum = std::int64_t;  // 16 bits of a pixel, 22 of a weight
    static constexpr sum start{resize_half};
    static std::vector<sum> weights(const std::vector<double>& exact) {
        const auto fixed = fixed_point(exact);
        return std::vector<sum>(fixed.begin(), fixed.end());
    }
    static std::uint16_t result(sum s) noexcept {
        return static_cast<std::uint16_t>(std::clamp<sum>(s >> resize_bits, 0, 65535));
    }
};

/// One axis of a resize: from `from` to `to` positions, of which first .. first + count - 1 are computed.
struct resize_axis {
    std::size_t from, to, first, count;
};

/// The filter of an axis, with weights in the arithmetic of P.
template <class P>
struct axis_filter {
    explicit axis_filter(const resize_axis& axis)
        : filter{make_resize_filter(axis.from, axis.to)}, weights{resize_arithmetic<P>::weights(filter.weights)} {}

    resize_filter filter;
    std::vector<typename resize_arithmetic<P>::sum> weights;
};

/// Resizes a row to `count` pixels, from the resized position `begin`. The number of channels C is a constant, so that the
/// compiler keeps the sums in registers.
template <std::size_t C, class P>
void resize_row(const P* row, const axis_filter<P>& by, std::size_t begin, std::size_t count, P* out) {
    using arithmetic = resize_arithmetic<P>;
    using sum = typename arithmetic::sum;
    // Local copies: a byte written to `out` might change a member, as far as the compiler knows.
    const resize_filter::window* windows = by.filter.windows.data();
    const sum* weights = by.weights.data();
    const std::size_t taps = by.filter.taps, end = begin + count;
    for (std::size_t x = begin; x < end; ++x, out += C) {
        const auto [first, length] = windows[x];
        const P* in = row + first * C;
        const sum* weight = weights + x * taps;
        std::array<sum, C> sums;
        sums.fill(arithmetic::start);
        for (std::size_t k = 0; k < length; ++k, in += C)
            for (std::size_t c = 0; c < C; ++c) sums[c] += static_cast<sum>(in[c]) * weight[k];
        for (std::size_t c = 0; c < C; ++c) out[c] = arithmetic::result(sums[c]);
    }
}

/// Adds up rows, by their weights, at the values begin .. begin + length - 1. Length: a type that holds their number; the
/// compiler keeps a constant number of sums in registers.
template <class P, class Length>
void add_values(std::span<const P* const> rows, const typename resize_arithmetic<P>::sum* weights, std::size_t begin,
                Length length, P* out) {
    using arithmetic = resize_arithmetic<P>;
    using sum = typename arithmetic::sum;
    std::array<sum, resize_block> sums;
    sums.fill(arithmetic::start);
    for (std::size_t k = 0; k < rows.size(); ++k) {
        const P* in = rows[k] + begin;
        const sum weight = weights[k];
        if constexpr (std::is_integral_v<sum>) {
            // Two loops: g++ 12 would interleave the rows of a single one, and then no longer vectorise it.
            std::array<sum, resize_block> products;
            for (std::size_t i = 0; i < length; ++i) products[i] = static_cast<sum>(in[i]) * weight;
            for (std::size_t i = 0; i < length; ++i) sums[i] += products[i];
        } else {
            for (std::size_t i = 0; i < length; ++i) sums[i] += in[i] * weight;
        }
    }
    for (std::size_t i = 0; i < length; ++i) out[begin + i] = arithmetic::result(sums[i]);
}

/// Adds up rows of `values` values each, by their weights.
template <class P>
void add_rows(std::span<const P* const> rows, const typename resize_arithmetic<P>::sum* weights, std::size_t values, P* out) {
    std::size_t begin = 0;
    for (; begin + resize_block <= values; begin += resize_block)
        add_values<P>(rows, weights, begin, std::integral_constant<std::size_t, resize_block>{}, out);
    if (begin < values) add_values<P>(rows, weights, begin, values - begin, out);
}

/// Resizes an image of C channels that is given row by row: resizes each row, rounds to P, then resizes columns, the order of
/// Pillow. Leaves out an axis that keeps its size. rows(y) returns a pointer to the across.from * C values of row y, valid until
/// the next call; the calls come in order, each row at most once. use(y, row) receives the down.count rows of across.count * C
/// values. Memory: as many resized rows as the filter spans.
template <std::size_t C, class P, class Rows, class Use>
void resample(const resize_axis& across, const resize_axis& down, Rows&& rows, const Use& use) {
    const std::size_t values = across.count * C;
    std::optional<axis_filter<P>> by_x, by_y;
    if (across.from != across.to) by_x.emplace(across);
    if (down.from != down.to) by_y.emplace(down);
    std::vector<P> made(values);
    const auto narrow = [&](std::size_t y, P* out) {
        const P* row = rows(y);
        if (by_x)
            resize_row<C>(row, *by_x, across.first, across.count, out);
        else
            std::copy_n(row + across.first * C, values, out);
    };
    if (!by_y) {
        for (std::size_t y = 0; y < down.count; ++y) {
            narrow(down.first + y, made.data());
            use(y, static_cast<const P*>(made.data()));
        }
        return;
    }
    const std::size_t taps = by_y->filter.taps;
    std::vector<P> kept(taps * values);  // row y is kept at y % taps
    std::vector<const P*> window(taps);
    const auto place = [&](std::size_t y) { return kept.data() + y % taps * values; };
    for (std::size_t y = 0, next = 0; y < down.count; ++y) {
        const std::size_t at = down.first + y;
        const auto [first, count] = by_y->filter.windows[at];
        for (next = std::max(next, first); next < first + count; ++next) narrow(next, place(next));
        for (std::size_t k = 0; k < count; ++k) window[k] = place(first + k);
        add_rows<P>(std::span{window}.first(count), by_y->weights.data() + at * taps, values, made.data());
        use(y, static_cast<const P*>(made.data()));
    }
}

inline void check_new_size(std::size_t width, std::size_t height, const char* caller) {
    if (width == 0 || height == 0)
        throw shape_error{text(caller, ": the new size is ", width, " x ", height, " pixels; both must be at least 1")};
}

/// Throws shape_error for an image of another number of channels than 1 and 3.
template <class P>
void check_resize_channels(const basic_image<P>& image, const char* caller) {
    if (image.channels != 1 && image.channels != 3)
        throw shape_error{
            text(caller, ": expected 1 or 3 channels, the image is ", size_text(image), " (width x height x channels)")};
}

/// Checks the arguments, then resizes. An image that has the new size is moved (rvalue) or copied (lvalue).
template <class Image>
[[nodiscard]] std::remove_cvref_t<Image> resize_checked(Image&& image, std::size_t width, std::size_t height,
                                                        const char* caller) {
    using P = typename decltype(std::remove_cvref_t<Image>::pixels)::value_type;
    check_image(image, 0, caller);
    check_new_size(width, height, caller);
    check_resize_channels(image, caller);
    if (width == image.width && height == image.height) return std::forward<Image>(image);
    auto out = make_image<P>(width, height, image.channels);
    const resize_axis across{image.width, width, 0, width}, down{image.height, height, 0, height};
    const auto rows = [&](std::size_t y) { return std::as_const(image).row(y); };
    const auto use = [&](std::size_t y, const P* row) { std::copy_n(row, width * out.channels, out.row(y)); };
    if (image.channels == 1)
        resample<1, P>(across, down, rows, use);
    else
        resample<3, P>(across, down, rows, use);
    return out;
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
