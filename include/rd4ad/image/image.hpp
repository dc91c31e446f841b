// rd4ad/image/image.hpp: pixels in memory, 8 bit, 16 bit or float, owning. Twin: tests/image/image.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>

namespace rd4ad::image {

/// height x width x channels values, rows from the top, channels interleaved: pixels.size() == width * height * channels.
template <class P>
struct basic_image {
    std::size_t width{0}, height{0}, channels{0};
    std::vector<P> pixels;

    /// The channels of the pixel in column x of row y; no check.
    [[nodiscard]] const P* at(std::size_t x, std::size_t y) const noexcept { return pixels.data() + (y * width + x) * channels; }
    [[nodiscard]] P* at(std::size_t x, std::size_t y) noexcept { return pixels.data() + (y * width + x) * channels; }

    /// The first value of row y, width * channels values long; no check.
    [[nodiscard]] const P* row(std::size_t y) const noexcept { return at(0, y); }
    [[nodiscard]] P* row(std::size_t y) noexcept { return at(0, y); }

    friend bool operator==(const basic_image&, const basic_image&) = default;
};

using picture = basic_image<std::uint8_t>;     ///< A photograph (3 channels) or a mask (1 channel, 0 or 1).
using picture16 = basic_image<std::uint16_t>;  ///< 16-bit grey, for maps that are kept with their precision.
using plane = basic_image<float>;              ///< One float a pixel: an anomaly map.

/// An image of that size, every value the same.
template <class P>
[[nodiscard]] basic_image<P> make_image(std::size_t width, std::size_t height, std::size_t channels, P value = P{}) {
    return {width, height, channels, std::vector<P>(width * height * channels, value)};
}

/// "1130x460x3", as width x height x channels.
template <class P>
[[nodiscard]] std::string size_text(const basic_image<P>& of) {
    return std::to_string(of.width) + 'x' + std::to_string(of.height) + 'x' + std::to_string(of.channels);
}

/// Throws shape_error unless the image has that many channels and as many values as its sizes say; `what` names the
/// function that asks. An image without pixels is refused as well.
template <class P>
void check_image(const basic_image<P>& given, std::size_t channels, const char* what) {
    if (given.width == 0 || given.height == 0)
        throw shape_error{std::string{what} + ": the image has no pixels (" + size_text(given) +
                          " as width x height x channels)"};
    if (channels != 0 && given.channels != channels)
        throw shape_error{std::string{what} + ": expected " + std::to_string(channels) + " channel" + (channels == 1 ? "" : "s") +
                          ", the image is " + size_text(given) + " (width x height x channels)"};
    if (given.channels == 0 || given.pixels.size() != given.width * given.height * given.channels)
        throw shape_error{std::string{what} + ": the image says " + size_text(given) + " (width x height x channels) but holds " +
                          std::to_string(given.pixels.size()) + " values"};
}

}  // namespace rd4ad::image
