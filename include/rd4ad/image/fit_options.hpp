// rd4ad/image/fit_options.hpp: settings that bring an image to the network's input size. Twin: tests/image/fit_options.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

/// How an image of any size is brought to the input size.
enum class fit {
    squash,      ///< resizes to size x size (or size x height), ignores the aspect ratio
    pad,         ///< adds black borders that make the image square, then resizes to size x size
    short_side,  ///< resizes the short side to `size` and the long side in proportion, to the nearest multiple of 32
    native       ///< does not resize; a side shorter than `size` gets black borders. For images that are cut into patches.
};

/// "squash", "pad", "short-side" or "native".
[[nodiscard]] inline std::string to_string(fit mode) {
    switch (mode) {
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

/// The fit that to_string calls by this name. Throws option_error for another name.
[[nodiscard]] inline fit fit_of(std::string_view name) {
    for (const fit mode : {fit::squash, fit::pad, fit::short_side, fit::native})
        if (to_string(mode) == name) return mode;
    throw option_error{text("fit \"", name, "\" is unknown; expected squash, pad, short-side or native")};
}

/// The geometric part of preprocessing. All sizes are in pixels.
struct geometry {
    image::fit fit{image::fit::squash};
    std::size_t size{256};  ///< width and height after the fit; the short side with fit::short_side
    std::size_t crop{0};    ///< width and height of the centre crop after the fit; 0: no crop
    std::size_t height{0};  ///< height after fit::squash; 0: `size`
    friend bool operator==(const geometry&, const geometry&) = default;
};

/// The network takes widths and heights that are multiples of this.
inline constexpr std::size_t size_step = 32;

/// The largest width and height of the network's input: more than any memory holds the features of, and small enough that no
/// number of pixels overflows.
inline constexpr std::size_t max_input_side = 16384;

/// Whether the network takes this width or height.
[[nodiscard]] constexpr bool is_input_side(std::size_t pixels) noexcept {
    return pixels > 0 && pixels <= max_input_side && pixels % size_step == 0;
}

/// Throws option_error unless all of this holds: size is a multiple of 32 from 32 to max_input_side; height is 0, or such a
/// multiple with fit::squash; crop is 0, or a multiple of 32 that fits into size and height, with another fit than fit::native.
inline void check_geometry(const geometry& settings) {
    const std::size_t height = settings.height ? settings.height : settings.size;
    if (!is_input_side(settings.size) || !is_input_side(height))
        throw option_error{text("image size ", settings.size, " x ", height,
                                ": expected a width and a height that are multiples of 32, at least 32 and at most ",
                                max_input_side)};
    if (settings.height != 0 && settings.fit != fit::squash)
        throw option_error{text("image size ", settings.size, " x ", settings.height, " with fit ", to_string(settings.fit),
                                ": only fit squash takes a height; give one number")};
    if (settings.crop != 0 && settings.fit == fit::native)
        throw option_error{
            text("the centre crop is ", settings.crop, " with fit native, which takes the whole image; leave the crop out")};
    if (settings.crop > std::min(settings.size, height) || settings.crop % size_step != 0)
        throw option_error{text("the centre crop is ", settings.crop, "; expected a multiple of 32 up to the input size of ",
                                std::min(settings.size, height))};
}

}  // namespace rd4ad::inline RD4AD_ABI::image
