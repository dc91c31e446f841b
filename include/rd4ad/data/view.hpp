// rd4ad/data/view.hpp: how a photograph becomes the network's images: fitted to a size, then cut into patches. Twin:
// tests/data_layouts/view.cpp
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include <rd4ad/core/error.hpp>
#include <rd4ad/data/patches.hpp>
#include <rd4ad/image/geometry.hpp>
#include <rd4ad/io/json.hpp>

namespace rd4ad::data {

/// A geometry and a grid; by default one patch that is all of the fitted photograph. Patches' sizes are multiples of 32.
struct view {
    image::geometry geometry{};
    patch_options patches{.multiple = image::size_step};
    friend bool operator==(const view&, const view&) = default;

    /// One patch that is all.
    [[nodiscard]] bool whole() const noexcept { return patches.size == 0 && patches.per_row == 1 && patches.per_column == 1; }
    /// One image of all of the photograph, each side by a factor of its own.
    [[nodiscard]] bool plain() const noexcept { return whole() && geometry.fit == image::fit::squash && geometry.crop == 0; }
    /// Every photograph comes to the same size, whatever its own.
    [[nodiscard]] bool one_size() const noexcept {
        return geometry.crop != 0 || geometry.fit == image::fit::squash || geometry.fit == image::fit::pad;
    }
};

/// A view of a photograph of a certain size: where all of it comes to lie, and the patches the network gets of it.
struct arrangement {
    image::placement place{};
    patch_grid grid{};
};

/// Throws option_error unless the geometry is one (image::check_geometry), a patch's size a multiple of 32, and native
/// photographs cut into patches of the geometry's size.
inline void check_view(const view& by) {
    image::check_geometry(by.geometry);
    if (by.patches.size % image::size_step != 0)
        throw option_error{"the patch size is " + std::to_string(by.patches.size) + ", it must be a multiple of 32"};
    if (by.patches.multiple != image::size_step)
        throw option_error{"patch sizes are to be a multiple of " + std::to_string(by.patches.multiple) +
                           ", the network's are multiples of 32"};
    if (by.geometry.fit == image::fit::native && by.patches.size == 0)
        throw option_error{"fit native has no patch size: photographs at their own size are cut into patches; give one, say 256"};
    if (by.geometry.fit == image::fit::native && by.patches.size != by.geometry.size)
        throw option_error{"fit native has an image size of " + std::to_string(by.geometry.size) + " and patches of " +
                           std::to_string(by.patches.size) + ": they are the same; leave the image size out"};
}

/// Throws as check_view, image::place and make_patch_grid do.
[[nodiscard]] inline arrangement arrange(const view& by, std::size_t width, std::size_t height) {
    check_view(by);
    arrangement made{image::place(by.geometry, width, height), {}};
    made.grid = make_patch_grid(made.place.width, made.place.height, by.patches);
    return made;
}

/// {"fit", "size", "height", "crop", "patches_per_row", "patches_per_column", "patch_size", "patch_overlap"}
[[nodiscard]] inline io::json to_json(const view& from) {
    return {{"fit", image::to_string(from.geometry.fit)},
            {"size", from.geometry.size},
            {"height", from.geometry.height},
            {"crop", from.geometry.crop},
            {"patches_per_row", from.patches.per_row},
            {"patches_per_column", from.patches.per_column},
            {"patch_size", from.patches.size},
            {"patch_overlap", from.patches.overlap}};
}

/// What to_json wrote. format_error beginning with `where` for anything else; option_error as check_view.
[[nodiscard]] inline view view_from(const io::json& from, const std::string& where) {
    view made;
    try {
        made.geometry = {image::fit_of(from.at("fit").get<std::string>()), from.at("size").get<std::size_t>(),
                         from.at("crop").get<std::size_t>(), from.at("height").get<std::size_t>()};
        made.patches.per_row = from.at("patches_per_row").get<std::size_t>();
        made.patches.per_column = from.at("patches_per_column").get<std::size_t>();
        made.patches.size = from.at("patch_size").get<std::size_t>();
        made.patches.overlap = from.at("patch_overlap").get<std::size_t>();
    } catch (const io::json::exception&) {
        throw format_error{where + ": its view can't be read: expected what rd4ad writes; write the checkpoint again"};
    }
    check_view(made);
    return made;
}

}  // namespace rd4ad::data
