// rd4ad/image/image.hpp: images in memory with 8-bit, 16-bit or float values. Twin: tests/image/image.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

/// An image that owns its pixels: height x width x channels values, rows from the top, channels interleaved.
/// pixels.size() == width * height * channels.
template <class P>
struct basic_image {
    std::size_t width{0}, height{0}, channels{0};
    std::vector<P> pixels;

    /// Points to the channels of the pixel in column x of row y. Does not check the position.
    [[nodiscard]] const P* at(std::size_t x, std::size_t y) const noexcept { return pixels.data() + (y * width + x) * channels; }
    [[nodiscard]] P* at(std::size_t x, std::size_t y) noexcept { return pixels.data() + (y * width + x) * channels; }

    /// Points to the width * channels values of row y. Does not check the position.
    [[nodiscard]] const P* row(std::size_t y) const noexcept { return at(0, y); }
    [[nodiscard]] P* row(std::size_t y) noexcept { return at(0, y); }

    friend bool operator==(const basic_image&, const basic_image&) = default;
};

using image_u8 = basic_image<std::uint8_t>;    ///< A user's image (3 channels: RGB), or a mask (1 channel of 0 and 1).
using image_u16 = basic_image<std::uint16_t>;  ///< 16-bit grey: an anomaly map in a file.
using image_f32 = basic_image<float>;          ///< One float per pixel: an anomaly map.

/// Every reader refuses a file that states more pixels than this before it allocates memory: 2^28, 16384 x 16384.
inline constexpr std::uint64_t max_image_pixels = std::uint64_t{1} << 28;

/// The grey level that `read` composes transparent pixels over: white, as a browser shows them on an empty page.
inline constexpr std::uint8_t image_background = 255;

/// Width and height in pixels.
struct size {
    std::size_t width{0}, height{0};
    friend bool operator==(const size&, const size&) = default;
};

/// Returns an image of the given size whose values all equal `value`.
template <class P>
[[nodiscard]] basic_image<P> make_image(std::size_t width, std::size_t height, std::size_t channels, P value = P{}) {
    return {width, height, channels, std::vector<P>(width * height * channels, value)};
}

/// The size as text, width x height x channels: "1130x460x3".
template <class P>
[[nodiscard]] std::string size_text(const basic_image<P>& image) {
    return text(image.width, 'x', image.height, 'x', image.channels);
}

/// Throws shape_error for an image without pixels, with another number of channels than `channels` (0: any number), or with
/// more or fewer values than its size requires. The message starts with `caller`, the name of the calling function.
template <class P>
void check_image(const basic_image<P>& image, std::size_t channels, const char* caller) {
    if (image.width == 0 || image.height == 0)
        throw shape_error{text(caller, ": the image has no pixels (", size_text(image), " as width x height x channels)")};
    if (channels != 0 && image.channels != channels)
        throw shape_error{text(caller, ": expected ", channels, channels == 1 ? " channel" : " channels", ", the image is ",
                               size_text(image), " (width x height x channels)")};
    if (image.channels == 0 || image.pixels.size() != image.width * image.height * image.channels)
        throw shape_error{text(caller, ": the image is ", size_text(image), " (width x height x channels) but holds ",
                               image.pixels.size(), " values")};
}

}  // namespace rd4ad::inline RD4AD_ABI::image
