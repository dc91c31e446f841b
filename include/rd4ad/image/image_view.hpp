// rd4ad/image/image_view.hpp: pixels where a camera or another library left them, without a copy. Twin:
// tests/image/image_view.cpp
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/image.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

/// How a frame stores its pixels: the channels in the order of the memory, and the bits of each value. 16-bit values are in the
/// machine's byte order. The name of a Bayer pattern lists the colours of the first two pixels of the first row, then of the
/// second row.
enum class pixel_format {
    grey8,   ///< one byte per pixel
    rgb8,    ///< R, G, B
    bgr8,    ///< B, G, R: what OpenCV and most cameras deliver
    rgba8,   ///< R, G, B, alpha; composed over image_background, as `read` does
    bgra8,   ///< B, G, R, alpha; composed over image_background
    rgbx8,   ///< R, G, B and a byte without a meaning
    bgrx8,   ///< B, G, R and a byte without a meaning
    grey16,  ///< one value of 9 to 16 bits per pixel, in two bytes
    rgb16,   ///< R, G, B
    bgr16,   ///< B, G, R
    rggb8,   ///< Bayer pattern R G / G B
    bggr8,   ///< Bayer pattern B G / G R
    grbg8,   ///< Bayer pattern G R / B G
    gbrg8,   ///< Bayer pattern G B / R G
    rggb16,  ///< Bayer pattern R G / G B, values of 9 to 16 bits in two bytes
    bggr16,  ///< Bayer pattern B G / G R
    grbg16,  ///< Bayer pattern G R / B G
    gbrg16   ///< Bayer pattern G B / R G
};

/// The properties of a pixel_format.
struct pixel_format_info {
    std::string_view name;  ///< "bgr8"
    std::size_t channels;   ///< values per pixel, 1 to 4; 1 for a Bayer pattern
    std::size_t bytes;      ///< per value, 1 or 2
    bool is_bayer{false};   ///< whether each pixel has one of three colours
    std::size_t red{0};     ///< channel of red; of a Bayer pattern the place of red in its 2 x 2 pixels: 0, 1 / 2, 3
    bool has_alpha{false};  ///< whether the fourth channel is alpha

    [[nodiscard]] std::size_t pixel_bytes() const noexcept { return channels * bytes; }
};

/// The properties of each format, in the order of pixel_format.
inline constexpr std::array pixel_formats{
    pixel_format_info{.name = "grey8", .channels = 1, .bytes = 1},
    pixel_format_info{.name = "rgb8", .channels = 3, .bytes = 1},
    pixel_format_info{.name = "bgr8", .channels = 3, .bytes = 1, .red = 2},
    pixel_format_info{.name = "rgba8", .channels = 4, .bytes = 1, .has_alpha = true},
    pixel_format_info{.name = "bgra8", .channels = 4, .bytes = 1, .red = 2, .has_alpha = true},
    pixel_format_info{.name = "rgbx8", .channels = 4, .bytes = 1},
    pixel_format_info{.name = "bgrx8", .channels = 4, .bytes = 1, .red = 2},
    pixel_format_info{.name = "grey16", .channels = 1, .bytes = 2},
    pixel_format_info{.name = "rgb16", .channels = 3, .bytes = 2},
    pixel_format_info{.name = "bgr16", .channels = 3, .bytes = 2, .red = 2},
    pixel_format_info{.name = "rggb8", .channels = 1, .bytes = 1, .is_bayer = true, .red = 0},
    pixel_format_info{.name = "bggr8", .channels = 1, .bytes = 1, .is_bayer = true, .red = 3},
    pixel_format_info{.name = "grbg8", .channels = 1, .bytes = 1, .is_bayer = true, .red = 1},
    pixel_format_info{.name = "gbrg8", .channels = 1, .bytes = 1, .is_bayer = true, .red = 2},
    pixel_format_info{.name = "rggb16", .channels = 1, .bytes = 2, .is_bayer = true, .red = 0},
    pixel_format_info{.name = "bggr16", .channels = 1, .bytes = 2, .is_bayer = true, .red = 3},
    pixel_format_info{.name = "grbg16", .channels = 1, .bytes = 2, .is_bayer = true, .red = 1},
    pixel_format_info{.name = "gbrg16", .channels = 1, .bytes = 2, .is_bayer = true, .red = 2}};

/// The properties of a format. Throws option_error for a number that is no format.
[[nodiscard]] inline const pixel_format_info& info_of(pixel_format format) {
    const auto number = static_cast<std::size_t>(format);
    if (number >= pixel_formats.size())
        throw option_error{text("pixel format ", number, " is unknown; expected one of rd4ad::image::pixel_format, 0 to ",
                                pixel_formats.size() - 1)};
    return pixel_formats[number];
}

/// "grey8", "bgr8", ... Throws as info_of does.
[[nodiscard]] inline std::string to_string(pixel_format format) { return std::string{info_of(format).name}; }

/// The format that to_string calls by this name, for settings files. Throws option_error for another name.
[[nodiscard]] inline pixel_format pixel_format_of(std::string_view name) {
    std::string known;
    for (std::size_t i = 0; i < pixel_formats.size(); ++i) {
        if (pixel_formats[i].name == name) return static_cast<pixel_format>(i);
        known += text(i == 0 ? "" : i + 1 == pixel_formats.size() ? " or " : ", ", pixel_formats[i].name);
    }
    throw option_error{text("pixel format \"", name, "\" is unknown; expected ", known)};
}

/// An image that somebody else's memory holds. A view copies no pixels: the memory must stay allocated and unchanged while a
/// function uses the view. `owner` can hold a reference to it.
struct image_view {
    const void* data{nullptr};        ///< the first pixel of the upper row; needs no alignment
    std::size_t width{0}, height{0};  ///< in pixels
    std::ptrdiff_t stride{0};         ///< bytes from a row to the next one below it; 0: no gap; negative: stored bottom-up
    pixel_format format{pixel_format::rgb8};
    std::uint32_t white{0};               ///< the 16-bit value of white, 4095 for 12 bits; 0: the format's largest value
    std::shared_ptr<const void> owner{};  ///< of the memory; null: the caller keeps it

    /// The bytes from a row to the next. Throws option_error for an unknown format.
    [[nodiscard]] std::ptrdiff_t row_step() const {
        return stride != 0 ? stride : static_cast<std::ptrdiff_t>(width * info_of(format).pixel_bytes());
    }
};

namespace detail {

/// The view of an image with 1 channel (format `grey`) or 3 (format `rgb`).
template <class P>
[[nodiscard]] image_view view_in_format(const basic_image<P>& image, pixel_format grey, pixel_format rgb) {
    check_image(image, 0, "view_of");
    if (image.channels != 1 && image.channels != 3)
        throw shape_error{
            text("view_of: expected 1 or 3 channels, the image is ", size_text(image), " (width x height x channels)")};
    return {
        .data = image.pixels.data(), .width = image.width, .height = image.height, .format = image.channels == 1 ? grey : rgb};
}

}  // namespace detail

/// A view of an image with 1 channel (grey) or 3 (RGB), which must outlive it. Throws shape_error for another image.
[[nodiscard]] inline image_view view_of(const image_u8& image) {
    return detail::view_in_format(image, pixel_format::grey8, pixel_format::rgb8);
}

/// The same for an image with 16 bits per value, 65535 being white.
[[nodiscard]] inline image_view view_of(const basic_image<std::uint16_t>& image) {
    return detail::view_in_format(image, pixel_format::grey16, pixel_format::rgb16);
}

/// The size and the format as text: "2448x2048 bgr8". Throws option_error for an unknown format.
[[nodiscard]] inline std::string size_text(const image_view& view) {
    return text(view.width, 'x', view.height, ' ', to_string(view.format));
}

/// Checks all of a view but the memory that it points to. Throws option_error for a null pointer, an unknown format or a white
/// out of range, and shape_error for a width or height of 0, more than max_image_pixels pixels, a stride shorter than a row, or
/// a Bayer pattern smaller than 2 x 2 pixels. The message starts with `caller`, the name of the calling function.
inline void check_view(const image_view& view, const char* caller) {
    const auto& format = info_of(view.format);
    if (view.data == nullptr)
        throw option_error{text(caller, ": the view's data is null; point it to the first pixel of the frame")};
    if (view.width == 0 || view.height == 0)
        throw shape_error{text(caller, ": the view is ", size_text(view), " (width x height); both must be at least 1")};
    if (view.width > max_image_pixels || view.height > max_image_pixels / view.width)
        throw shape_error{text(caller, ": the view is ", size_text(view), " (width x height), the limit is ", max_image_pixels,
                               " pixels; cut the frame into smaller ones")};
    const std::size_t row = view.width * format.pixel_bytes();
    const std::ptrdiff_t step = view.row_step();
    const std::size_t gap = step < 0 ? 0 - static_cast<std::size_t>(step) : static_cast<std::size_t>(step);
    if (gap < row || gap > static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max()) / view.height)
        throw shape_error{text(caller, ": the view's stride is ", view.stride, " bytes, its rows of ", view.width, " pixels in ",
                               format.name, " take ", row, "; give the bytes from a row to the next, or 0 for no gap")};
    if (format.is_bayer && (view.width < 2 || view.height < 2))
        throw shape_error{text(caller, ": the view is ", size_text(view), "; a Bayer pattern needs at least 2 x 2 pixels")};
    const std::uint32_t largest = format.bytes == 1 ? 255 : 65535;
    if (view.white > largest || (format.bytes == 1 && view.white != 0 && view.white != largest))
        throw option_error{text(caller, ": the view's white is ", view.white, " in ", format.name, "; expected ",
                                format.bytes == 1 ? "0 or 255, the white of all 8-bit formats"
                                                  : "1 to 65535, or 0 for 65535; a camera of 12 bits has 4095")};
}

}  // namespace rd4ad::inline RD4AD_ABI::image
