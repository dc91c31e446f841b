// rd4ad/data/region_of_interest.hpp: the region of interest: the part of an image that counts, as a mask. Twin:
// tests/data/region_of_interest.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/fit_transform.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/io/json.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// A mask that several images may share; null: none. It has the images' source size: 1 channel, 0 outside the region.
using shared_mask = std::shared_ptr<const image::image_u8>;

/// The masks that a region of interest consists of.
enum class roi_kind {
    whole,        ///< none: the whole image counts
    one_for_all,  ///< one mask for all images
    per_image     ///< one mask per image
};

/// "whole", "one for all" or "per image".
[[nodiscard]] inline std::string to_string(roi_kind kind) {
    return kind == roi_kind::whole ? "whole" : kind == roi_kind::one_for_all ? "one for all" : "per image";
}

/// The region of interest of images. A model keeps the one that it was trained with: the mask of one_for_all; of per_image only
/// the kind, because masks per image are given at each run.
struct region_of_interest {
    roi_kind kind{roi_kind::whole};
    std::string name{};                                              ///< of the mask's file or folder, for messages
    shared_mask mask{};                                              ///< of one_for_all
    std::map<std::filesystem::path, std::filesystem::path> files{};  ///< of per_image: the mask file of each image
};

/// The region of interest of one mask for all images. `name`: of its file, for messages. Throws shape_error unless the mask has 1
/// channel, data_error for a mask without a pixel inside.
[[nodiscard]] inline region_of_interest make_roi(image::image_u8 mask, std::string name = "the region of interest") {
    image::check_image(mask, 1, name.c_str());
    if (std::all_of(mask.pixels.begin(), mask.pixels.end(), [](std::uint8_t value) { return value == 0; }))
        throw data_error{
            text(name, ": the mask of ", mask.width, " x ", mask.height, " pixels is empty; paint the region that counts white")};
    return {
        .kind = roi_kind::one_for_all, .name = std::move(name), .mask = std::make_shared<const image::image_u8>(std::move(mask))};
}

/// Fits a mask as its image is fitted. Throws data_error for a mask of another size than the transform's source, or whose region
/// lies outside the network's input. The messages begin with `name`.
[[nodiscard]] inline image::image_u8 fit_roi(const image::fit_transform& transform, const image::image_u8& mask,
                                             const std::string& name = "region of interest") {
    if (mask.width != transform.source_width || mask.height != transform.source_height)
        throw data_error{text(name, ": the mask is ", mask.width, " x ", mask.height, " pixels, its image is ",
                              transform.source_width, " x ", transform.source_height, "; draw the mask at the image's size")};
    auto fitted = image::fit_mask(transform, mask);
    if (std::all_of(fitted.pixels.begin(), fitted.pixels.end(), [](std::uint8_t value) { return value == 0; }))
        throw data_error{text(name, ": no pixel of the region lies in the network's input of ", transform.width, " x ",
                              transform.height, " pixels; enlarge the region, or change fit and crop")};
    return fitted;
}

/// Sets a map to 0 outside a mask of its size. Throws shape_error for another size.
inline void limit_map(image::image_f32& map, const image::image_u8& mask) {
    image::check_size(mask.width, mask.height, map.width, map.height, "limit_map");
    for (std::size_t i = 0; i < map.pixels.size(); ++i)
        if (mask.pixels[i] == 0) map.pixels[i] = 0;
}

/// The JSON that a checkpoint stores: the kind, and of one mask for all its size and "runs": how many pixels, row by row, lie
/// outside, inside, outside, and so on.
[[nodiscard]] inline io::json to_json(const region_of_interest& roi) {
    io::json json{{"kind", to_string(roi.kind)}};
    if (!roi.mask) return json;
    std::vector<std::size_t> runs;
    std::size_t length = 0;
    bool inside = false;
    for (const auto value : roi.mask->pixels) {
        if ((value != 0) != inside) runs.push_back(std::exchange(length, 0)), inside = !inside;
        ++length;
    }
    runs.push_back(length);
    json.update({{"width", roi.mask->width}, {"height", roi.mask->height}, {"runs", runs}});
    return json;
}

/// Reads the JSON that to_json writes; null: the whole image. Throws format_error for any other JSON; the message begins with
/// `where`, which becomes the region's name.
[[nodiscard]] inline region_of_interest roi_from(const io::json& from, const std::string& where) {
    const auto refuse = [&](const std::string& found) {
        return format_error{text(where, ": the region of interest can't be read: ", found,
                                 "; expected the keys that rd4ad writes; train again, or use an unharmed copy")};
    };
    if (from.is_null()) return {};
    try {
        const auto kind = from.at("kind").get<std::string>();
        if (kind == to_string(roi_kind::per_image)) return {.kind = roi_kind::per_image, .name = where};
        if (kind != to_string(roi_kind::one_for_all)) throw refuse(text("the kind '", kind, "' is unknown"));
        const std::size_t width = io::whole_number(from.at("width")), height = io::whole_number(from.at("height"));
        if (width == 0 || height == 0 || width > image::max_image_pixels / height)
            throw refuse(text("a mask of ", width, " x ", height, " pixels"));
        auto mask = image::make_image<std::uint8_t>(width, height, 1);
        std::size_t at = 0;
        std::uint8_t value = 0;
        for (const auto& one : from.at("runs")) {
            const std::size_t run = io::whole_number(one);
            if (run > mask.pixels.size() - at) throw refuse(text("runs of more than ", mask.pixels.size(), " pixels"));
            std::fill_n(mask.pixels.begin() + static_cast<std::ptrdiff_t>(at), run, value);
            at += run, value ^= 1u;
        }
        if (at != mask.pixels.size()) throw refuse(text("runs of ", at, " pixels, the mask has ", mask.pixels.size()));
        return make_roi(std::move(mask), where);
    } catch (const io::json::exception& problem) {
        throw refuse(problem.what());
    }
}

}  // namespace rd4ad::inline RD4AD_ABI::data
