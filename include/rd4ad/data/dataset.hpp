// rd4ad/data/dataset.hpp: reads the masks of a data set's items. Twin: tests/data/dataset.cpp
#pragma once
#include <cstddef>
#include <cstdint>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/items.hpp>
#include <rd4ad/data/labelme.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/read.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// The mask of an item whose image has the given size: 1 channel of zeros and ones, all zero for a good image.
/// Throws data_error for a defect without a mask or with a mask of another size; io_error and format_error as image::read_mask
/// and labelme_mask do.
[[nodiscard]] inline image::image_u8 load_mask(const item& of, std::size_t width, std::size_t height) {
    if (!of.is_anomalous) return image::make_image<std::uint8_t>(width, height, 1);
    if (!of.mask)
        throw data_error{text(of.image, ": its mask is missing; expected ",
                              of.mask_expected.empty() ? "one in the data set" : of.mask_expected,
                              "; add it, or remove the image from the test set")};
    image::image_u8 mask = of.mask->extension() == ".json" ? labelme_mask(*of.mask) : image::read_mask(*of.mask, of.mask_above);
    if (mask.width != width || mask.height != height)
        throw data_error{text(*of.mask, ": the mask is ", mask.width, " x ", mask.height, " pixels, its image ", of.image, " is ",
                              width, " x ", height, "; draw the mask at the image's size")};
    return mask;
}

}  // namespace rd4ad::inline RD4AD_ABI::data
