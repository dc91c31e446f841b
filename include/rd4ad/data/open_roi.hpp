// rd4ad/data/open_roi.hpp: reads the masks of a region of interest, and finds the mask of an image. Twin: tests/data/open_roi.cpp
#pragma once
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/data/region_of_interest.hpp>
#include <rd4ad/image/mask.hpp>
#include <rd4ad/image/read.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

namespace detail {

/// The mask of an image in a folder of masks: <stem> or <stem>_mask with an image's extension, in the sub-folder with as many of
/// the image's own folders' names as there is: of DIR/a/b/c.png first FOLDER/DIR/a/b/c.png, then FOLDER/a/b/c.png, FOLDER/b/c.png
/// and FOLDER/c.png.
[[nodiscard]] inline std::optional<std::filesystem::path> mask_in(const std::filesystem::path& folder,
                                                                  const std::filesystem::path& image) {
    const auto whole = std::filesystem::absolute(image).lexically_normal();
    const std::string stem = whole.stem().string();
    std::vector<std::filesystem::path> folders{""};  // trailing folders of the image, the fewest first
    for (auto above = whole.parent_path(); above.has_relative_path(); above = above.parent_path())
        folders.push_back(above.filename() / folders.back());
    for (auto below = folders.rbegin(); below != folders.rend(); ++below) {
        const auto within = folder / *below;
        if (!is_folder(within)) continue;
        for (const auto extension : image_extensions)
            for (const std::string& name : {stem, stem + "_mask"})
                for (const std::string& ending : {std::string{extension}, upper(std::string{extension})})
                    if (auto path = within / text(name, '.', ending); is_file(path)) return path;
    }
    return std::nullopt;
}

}  // namespace detail

/// Opens the region of interest of `images`: a mask file for all of them, or a folder with one mask per image. In a folder a mask
/// has its image's name, with any image extension, or `<stem>_mask`; images of equal names have masks in sub-folders with the
/// names of the images' folders. A mask has its image's source size; every pixel that is not black is inside. Throws io_error for
/// a missing path or file; data_error for an empty mask, for an image without a mask, and for a mask that belongs to several
/// images.
[[nodiscard]] inline region_of_interest open_roi(const std::filesystem::path& path,
                                                 std::span<const std::filesystem::path> images) {
    if (!detail::is_folder(path)) return make_roi(image::read_mask(path), path.string());
    region_of_interest roi{.kind = roi_kind::per_image, .name = path.string()};
    std::map<std::filesystem::path, std::filesystem::path> image_of;
    for (const auto& one : images) {
        const auto mask = detail::mask_in(path, one);
        if (!mask)
            throw data_error{text(path, ": has no mask of ", one, "; expected ", one.stem().string(), ".png, or in a sub-folder ",
                                  one.parent_path().filename().string(), '/', one.stem().string(),
                                  ".png; add it, or give one mask for all images")};
        const auto [other, is_new] = image_of.emplace(*mask, one);
        if (!is_new && other->second != one)
            throw data_error{text(*mask, ": is the mask of two images, ", other->second, " and ", one,
                                  "; put the masks into sub-folders with the names of the images' folders")};
        roi.files.emplace(one, *mask);
    }
    return roi;
}

/// The region of interest of a run: the one given for it, unless that is the whole image, else the model's.
[[nodiscard]] inline const region_of_interest& given_or(const region_of_interest& given, const region_of_interest& models) {
    return given.kind == roi_kind::whole ? models : given;
}

/// The mask of an image of the given source size; null where the whole image counts. Throws data_error for a mask of another size
/// or without a pixel inside, and where masks are per image for an image without one; other errors as image::read_mask does.
/// Messages name the image and the mask.
[[nodiscard]] inline shared_mask roi_mask(const region_of_interest& roi, const std::filesystem::path& image, std::size_t width,
                                          std::size_t height) {
    if (roi.kind == roi_kind::whole) return nullptr;
    shared_mask mask = roi.mask;
    std::string name = roi.name;
    if (roi.kind == roi_kind::per_image) {
        const auto found = roi.files.find(image);
        if (found == roi.files.end())
            throw data_error{text(image,
                                  ": has no mask; the model's region of interest is drawn per image: give the folder of the "
                                  "masks by --roi, or the image's mask in the call")};
        name = found->second.string();
        mask = make_roi(image::read_mask(found->second), name).mask;
    }
    if (mask->width != width || mask->height != height)
        throw data_error{text(name, ": the mask of the region of interest is ", mask->width, " x ", mask->height,
                              " pixels, the image ", image, " is ", width, " x ", height, "; draw the mask at the image's size")};
    return mask;
}

}  // namespace rd4ad::inline RD4AD_ABI::data
