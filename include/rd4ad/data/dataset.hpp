// rd4ad/data/dataset.hpp: reads the masks of a data set's items. Twin: tests/data/dataset.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <utility>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/data/items.hpp>
#include <rd4ad/data/labelme.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/mask.hpp>
#include <rd4ad/image/orientation.hpp>
#include <rd4ad/io/read_file.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

namespace detail {

/// Whether a mask is a labelme file.
[[nodiscard]] inline bool is_labelme_mask(const std::filesystem::path& mask) {
    return lower(mask.extension().string()) == ".json";
}

/// Turns a mask as its image is turned by EXIF, where its size shows that it was drawn on the stored pixels. Throws data_error
/// for every other size that is not the image's.
inline void turn_as_image(image::image_u8& mask, const item& of, std::size_t width, std::size_t height) {
    if (mask.width == width && mask.height == height) return;
    const int orientation = mask.width == height && mask.height == width ? image::read_orientation(of.image) : 1;
    if (orientation <= 4)
        throw data_error{text(*of.mask, ": the mask is ", mask.width, " x ", mask.height, " pixels, its image ", of.image, " is ",
                              width, " x ", height, "; draw the mask at the image's size")};
    mask = image::upright(std::move(mask), orientation);
}

}  // namespace detail

/// The message about a defect without a mask.
[[nodiscard]] inline std::string missing_mask_text(const item& of) {
    return text(of.image, ": its mask is missing; expected ", of.mask_expected.empty() ? "one in the data set" : of.mask_expected,
                "; add it, or remove the image from the test set");
}

/// The mask of an item whose image has the given size: 1 channel of zeros and ones, all zero for a good image. A mask that was
/// drawn on the stored pixels of an image that EXIF turns by 90 degrees has width and height exchanged; it is turned likewise.
/// Throws data_error for a defect without a mask or with a mask of another size; io_error, format_error and data_error as
/// image::read_mask and labelme_mask do.
[[nodiscard]] inline image::image_u8 load_mask(const item& of, std::size_t width, std::size_t height) {
    if (!of.is_anomalous) return image::make_image<std::uint8_t>(width, height, 1);
    if (!of.mask) throw data_error{missing_mask_text(of)};
    auto mask = detail::is_labelme_mask(*of.mask) ? labelme_mask(*of.mask) : image::read_mask(*of.mask, of.mask_values);
    detail::turn_as_image(mask, of, width, height);
    return mask;
}

}  // namespace rd4ad::inline RD4AD_ABI::data
