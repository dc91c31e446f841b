// rd4ad/data/preprocessing.hpp: settings that turn an image into the network's inputs: a fit, then patches. Twin:
// tests/data/preprocessing.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/patches.hpp>
#include <rd4ad/image/fit_options.hpp>
#include <rd4ad/image/fit_transform.hpp>
#include <rd4ad/io/json.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// The largest level of white of 16-bit files.
inline constexpr std::uint32_t max_white_level = 65535;

/// The level of white of 16-bit files, a geometry and a patch grid. By default the whole fitted image is one patch. Patch sizes
/// are multiples of 32.
struct preprocessing {
    image::geometry geometry{};
    patch_options patches{.multiple = image::size_step};
    std::uint32_t white_level{0};  ///< the value of white in 16-bit PNG and TIFF files, 4095 for 12 bits; 0: 65535
    friend bool operator==(const preprocessing&, const preprocessing&) = default;

    /// Whether the whole fitted image is one patch.
    [[nodiscard]] bool whole() const noexcept { return patches.size == 0 && patches.per_row == 1 && patches.per_column == 1; }
    /// Whether preprocessing is a resize alone: one patch, no border, no crop.
    [[nodiscard]] bool plain() const noexcept { return whole() && geometry.fit == image::fit::squash && geometry.crop == 0; }
    /// Whether images of any source size are fitted to the same size.
    [[nodiscard]] bool one_size() const noexcept {
        return geometry.crop != 0 || geometry.fit == image::fit::squash || geometry.fit == image::fit::pad;
    }
};

/// Preprocessing applied to one source size.
struct preprocessing_plan {
    image::fit_transform transform{};
    patch_grid grid{};  ///< of the fitted image
};

/// Throws option_error unless the white level is at most max_white_level, image::check_geometry accepts the geometry, patch sizes
/// are multiples of 32, and fit native has patches of the geometry's size.
inline void check_preprocessing(const preprocessing& settings) {
    const auto& [geometry, patches, white_level] = settings;
    if (white_level > max_white_level)
        throw option_error{text("the white level is ", white_level, "; expected 1 to 65535, or 0 for 65535")};
    image::check_geometry(geometry);
    if (patches.size % image::size_step != 0)
        throw option_error{text("the patch size is ", patches.size, "; expected a multiple of 32")};
    if (patches.multiple != image::size_step)
        throw option_error{text("patch sizes are multiples of ", patches.multiple, "; the network requires multiples of 32")};
    if (geometry.fit == image::fit::native && patches.size == 0)
        throw option_error{"fit native has no patch size: it cuts images at their own size into patches; give one, say 256"};
    if (geometry.fit == image::fit::native && patches.size != geometry.size)
        throw option_error{text("fit native has an image size of ", geometry.size, " and patches of ", patches.size,
                                ": both must be equal; leave the image size out")};
}

/// The plan for images of the given source size. Throws as check_preprocessing, image::make_fit_transform and make_patch_grid do.
[[nodiscard]] inline preprocessing_plan plan(const preprocessing& settings, std::size_t width, std::size_t height) {
    check_preprocessing(settings);
    preprocessing_plan made{.transform = image::make_fit_transform(settings.geometry, width, height)};
    made.grid = make_patch_grid(made.transform.width, made.transform.height, settings.patches);
    return made;
}

/// An object with the keys fit, size, height, crop, patches_per_row, patches_per_column, patch_size, patch_overlap; and
/// white_level if it is not 0.
[[nodiscard]] inline io::json to_json(const preprocessing& settings) {
    io::json to{{"fit", image::to_string(settings.geometry.fit)},
                {"size", settings.geometry.size},
                {"height", settings.geometry.height},
                {"crop", settings.geometry.crop},
                {"patches_per_row", settings.patches.per_row},
                {"patches_per_column", settings.patches.per_column},
                {"patch_size", settings.patches.size},
                {"patch_overlap", settings.patches.overlap}};
    if (settings.white_level != 0) to["white_level"] = settings.white_level;
    return to;
}

/// The inverse of to_json. Throws format_error that starts with `where` (the file's name) for another object, and option_error as
/// check_preprocessing does.
[[nodiscard]] inline preprocessing preprocessing_from(const io::json& from, const std::string& where) {
    preprocessing made;
    try {
        made.geometry = {image::fit_of(from.at("fit").get<std::string>()), io::whole_number(from.at("size")),
                         io::whole_number(from.at("crop")), io::whole_number(from.at("height"))};
        made.patches.per_row = io::whole_number(from.at("patches_per_row"));
        made.patches.per_column = io::whole_number(from.at("patches_per_column"));
        made.patches.size = io::whole_number(from.at("patch_size"));
        made.patches.overlap = io::whole_number(from.at("patch_overlap"));
        if (const auto white = from.find("white_level"); white != from.end())
            made.white_level =
                static_cast<std::uint32_t>(std::min<std::uint64_t>(io::whole_number(*white), std::uint64_t{max_white_level} + 1));
        check_preprocessing(made);
    } catch (const io::json::exception&) {
        throw format_error{text(where,
                                ": its preprocessing can't be read; expected the keys that rd4ad writes, write the "
                                "checkpoint again")};
    } catch (const option_error& problem) {
        throw format_error{text(where, ": its preprocessing can't be used: ", problem.what(), "; write the checkpoint again")};
    }
    return made;
}

}  // namespace rd4ad::inline RD4AD_ABI::data
