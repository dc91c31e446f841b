// rd4ad/image/crop.hpp: cuts a box out of an image. Twin: tests/image/crop.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <utility>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/rectangle.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

/// Copies the pixels in the box into an image of the box's size. Throws shape_error for an empty box, or one that reaches
/// outside the image.
template <class P>
[[nodiscard]] basic_image<P> crop(const basic_image<P>& image, const pixel_box& box) {
    if (box.width == 0 || box.height == 0 || box.width > image.width || box.x > image.width - box.width ||
        box.height > image.height || box.y > image.height - box.height)
        throw shape_error{text("crop: the box of ", box.width, " x ", box.height, " pixels at ", box.x, ", ", box.y,
                               " must be non-empty and inside the image, which is ", size_text(image),
                               " (width x height x channels)")};
    basic_image<P> out{box.width, box.height, image.channels, {}};
    out.pixels.reserve(box.width * box.height * image.channels);
    for (std::size_t y = box.y; y < box.y + box.height; ++y) {
        const P* first = image.at(box.x, y);
        out.pixels.insert(out.pixels.end(), first, first + box.width * image.channels);
    }
    return out;
}

/// Crops an image that is no longer needed: moves it where the box is the whole image, copies the box otherwise.
template <class P>
[[nodiscard]] basic_image<P> crop(basic_image<P>&& image, const pixel_box& box) {
    if (box == pixel_box{0, 0, image.width, image.height}) return std::move(image);
    return crop(std::as_const(image), box);
}

}  // namespace rd4ad::inline RD4AD_ABI::image
