// rd4ad/image/normalise.hpp: 8-bit RGB to the floats that a network takes. Twin: tests/image/normalise.cpp
#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/image.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

/// Mean and standard deviation of R, G and B, on a scale of 0..1. The defaults are ImageNet's, which torchvision's weights
/// require.
struct normalisation {
    std::array<float, 3> mean{0.485f, 0.456f, 0.406f}, deviation{0.229f, 0.224f, 0.225f};
    friend bool operator==(const normalisation&, const normalisation&) = default;
};

/// Throws numeric_error that starts with `where` unless every mean is finite and every deviation finite and above 0.
inline void check_normalisation(const normalisation& by, const std::string& where) {
    for (std::size_t c = 0; c < 3; ++c)
        if (!std::isfinite(by.mean[c]) || !std::isfinite(by.deviation[c]) || !(by.deviation[c] > 0.0f))
            throw numeric_error{text(where, ": channel ", c, " is normalised by the mean ", by.mean[c], " and the deviation ",
                                     by.deviation[c], "; expected finite numbers, and a deviation above 0")};
}

/// Writes (value / 255 - mean) / deviation of each value to `out`: height x width x 3 floats, channels last. Rounds after each
/// operation, as torchvision's ToTensor and Normalize do. Throws shape_error unless the image has 3 channels and `out` as many
/// floats as the image has values, and option_error for a deviation that is not above 0.
inline void normalise(const image_u8& from, std::span<float> out, const normalisation& by = {}) {
    check_image(from, 3, "normalise");
    if (out.size() != from.pixels.size())
        throw shape_error{text("normalise: the image ", size_text(from), " needs ", from.pixels.size(),
                               " floats, the output holds ", out.size())};
    std::array<std::array<float, 256>, 3> table;  // the result for each channel and each 8-bit value
    for (std::size_t c = 0; c < 3; ++c) {
        if (!(by.deviation[c] > 0.0f))
            throw option_error{
                text("normalise: the deviation of channel ", c, " is ", by.deviation[c], "; expected a number above 0")};
        for (std::size_t v = 0; v < 256; ++v) table[c][v] = (static_cast<float>(v) / 255.0f - by.mean[c]) / by.deviation[c];
    }
    for (std::size_t i = 0; i < out.size(); i += 3)
        for (std::size_t c = 0; c < 3; ++c) out[i + c] = table[c][from.pixels[i + c]];
}

}  // namespace rd4ad::inline RD4AD_ABI::image
