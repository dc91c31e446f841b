// rd4ad/image/rectangle.hpp: points and boxes in pixels, real-valued or whole. Twin: tests/image/crop.cpp
#pragma once
#include <cstddef>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

/// A position in an image, in pixels. (0, 0) is the upper left corner of the first pixel.
struct point {
    double x{0}, y{0};
    friend bool operator==(const point&, const point&) = default;
};

/// An axis-aligned rectangle, in pixels. x and y are its upper left corner; the values can be fractions.
struct rectangle {
    double x{0}, y{0}, width{0}, height{0};
    friend bool operator==(const rectangle&, const rectangle&) = default;
};

/// A block of whole pixels. x and y are its upper left pixel.
struct pixel_box {
    std::size_t x{0}, y{0}, width{0}, height{0};
    friend bool operator==(const pixel_box&, const pixel_box&) = default;
};

}  // namespace rd4ad::inline RD4AD_ABI::image
