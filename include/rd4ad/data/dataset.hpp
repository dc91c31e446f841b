// rd4ad/data/dataset.hpp: a data set's items and their masks. Twin: tests/data_layouts/dataset.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include <rd4ad/core/error.hpp>
#include <rd4ad/data/items.hpp>
#include <rd4ad/data/labelme.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/read.hpp>

namespace rd4ad::data {

/// The mask of an item: 1 channel of zeros and ones at its image's size, all zero for a good part.
/// Throws data_error where a defect has no mask, or one of another size than the image (width x height); io_error and
/// format_error as image::read_mask and labelme_mask do.
[[nodiscard]] inline image::picture load_mask(const item& of, std::size_t width, std::size_t height) {
    if (!of.anomalous) return image::make_image<std::uint8_t>(width, height, 1);
    if (!of.mask)
        throw data_error{of.image.string() + ": its mask is missing; expected " +
                         (of.mask_expected.empty() ? "one in the data set" : of.mask_expected) +
                         "; add it, or take the defect's image out of the test set"};
    image::picture mask = of.mask->extension() == ".json" ? labelme_mask(*of.mask) : image::read_mask(*of.mask, of.mask_above);
    if (mask.width != width || mask.height != height)
        throw data_error{of.mask->string() + ": the mask is " + std::to_string(mask.width) + " x " + std::to_string(mask.height) +
                         " pixels, its image " + of.image.string() + " is " + std::to_string(width) + " x " +
                         std::to_string(height) + "; they must be equal, draw the mask at the image's size"};
    return mask;
}

}  // namespace rd4ad::data
