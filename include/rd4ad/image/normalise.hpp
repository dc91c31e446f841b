// rd4ad/image/normalise.hpp: 8-bit RGB to the floats a network takes. Twin: tests/image/normalise.cpp
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <rd4ad/core/error.hpp>
#include <rd4ad/image/image.hpp>

namespace rd4ad::image {

/// Mean and standard deviation of R, G, B in 0..1; by default ImageNet's, which torchvision's weights expect.
struct normalisation {
    std::array<float, 3> mean{0.485f, 0.456f, 0.406f}, deviation{0.229f, 0.224f, 0.225f};
    friend bool operator==(const normalisation&, const normalisation&) = default;
};

/// out[pixel][channel] = (value / 255 - mean) / deviation, height x width x 3 floats, channels last, rounded at each
/// step as torchvision's ToTensor and Normalize do. Throws shape_error unless rgb has 3 channels and out its size,
/// option_error for a deviation that is not above 0.
inline void normalise(const picture& rgb, std::span<float> out, const normalisation& by = {}) {
    check_image(rgb, 3, "normalise");
    if (out.size() != rgb.pixels.size())
        throw shape_error{"normalise: the image " + size_text(rgb) + " needs " + std::to_string(rgb.pixels.size()) +
                          " floats, the output holds " + std::to_string(out.size())};
    std::array<std::array<float, 256>, 3> table;  // a channel has 256 values: divide once for each
    for (std::size_t c = 0; c < 3; ++c) {
        if (!(by.deviation[c] > 0.0f))
            throw option_error{"normalise: the deviation of channel " + std::to_string(c) + " is " +
                               std::to_string(by.deviation[c]) + ", it must be above 0"};
        for (std::size_t v = 0; v < 256; ++v) table[c][v] = (static_cast<float>(v) / 255.0f - by.mean[c]) / by.deviation[c];
    }
    for (std::size_t i = 0; i < out.size(); i += 3)
        for (std::size_t c = 0; c < 3; ++c) out[i + c] = table[c][rgb.pixels[i + c]];
}

}  // namespace rd4ad::image
