// rd4ad/data/patches.hpp: cuts large images into overlapping patches and joins the patches' maps without seams. Twin:
// tests/data/patches.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/rectangle.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// How to cut an image into patches: by the number of patches per row and column, or by the size of a patch.
struct patch_options {
    std::size_t per_row{1}, per_column{1};  ///< used where size is 0
    std::size_t size{0};                    ///< width and height of a patch in pixels; 0: by number
    std::size_t overlap{0};                 ///< least number of pixels that neighbouring patches share
    std::size_t multiple{1};                ///< by number: rounds patch sizes up to a multiple of this (32 for the network)
    friend bool operator==(const patch_options&, const patch_options&) = default;
};

/// Patches of equal size that cover the whole image, row by row from the top.
struct patch_grid {
    std::size_t width{0}, height{0};              ///< the image
    std::size_t patch_width{0}, patch_height{0};  ///< each patch
    std::vector<std::size_t> lefts{}, tops{};     ///< first column of each column of patches, first row of each row of patches

    [[nodiscard]] std::size_t count() const noexcept { return lefts.size() * tops.size(); }
    [[nodiscard]] image::pixel_box at(std::size_t patch) const noexcept {
        return {lefts[patch % lefts.size()], tops[patch / lefts.size()], patch_width, patch_height};
    }
};

namespace detail {

/// The patches along one axis.
struct patch_axis {
    std::size_t length;               ///< of a patch
    std::vector<std::size_t> begins;  ///< first pixel of each patch
};

/// Spreads `count` patches evenly from the first to the last pixel of an axis of `length` pixels.
[[nodiscard]] inline patch_axis spread(std::size_t length, std::size_t patch, std::size_t count) {
    std::vector<std::size_t> begins(count, 0);
    for (std::size_t i = 1; i < count; ++i) begins[i] = ((length - patch) * i + (count - 1) / 2) / (count - 1);
    return {patch, begins};
}

/// Cuts one axis into `number` patches, or into as many patches of options.size as cover it. direction (for messages): "width" or
/// "height".
[[nodiscard]] inline patch_axis cut_axis(std::size_t length, std::size_t number, const patch_options& options,
                                         const char* direction) {
    if (options.size != 0) {
        const std::size_t patch = std::min(options.size, length);
        const std::size_t step = options.size - options.overlap;
        return spread(length, patch, 1 + (length - patch + step - 1) / step);
    }
    const std::size_t shared = options.overlap * (number - 1);
    const std::size_t exact = (length + shared + number - 1) / number;
    const std::size_t patch = std::min(length, (exact + options.multiple - 1) / options.multiple * options.multiple);
    if (number > length || (number > 1 && options.overlap >= patch))
        throw option_error{text(number, " patches with an overlap of ", options.overlap, " pixels don't fit into ", length,
                                " pixels of ", direction, "; take fewer patches or less overlap")};
    return spread(length, patch, patch == length ? 1 : number);  // one patch is enough if it covers the axis
}

}  // namespace detail

/// The patch grid of an image of the given size. It covers every pixel; neighbours share at least options.overlap pixels. Throws
/// option_error for options that no grid satisfies, and shape_error for a width or height of 0.
[[nodiscard]] inline patch_grid make_patch_grid(std::size_t width, std::size_t height, const patch_options& options) {
    if (width == 0 || height == 0)
        throw shape_error{text("make_patch_grid: the image is ", width, " x ", height, " pixels; both must be at least 1")};
    if (options.per_row == 0 || options.per_column == 0)
        throw option_error{text("the patches are ", options.per_row, " per row and ", options.per_column,
                                " per column; both must be at least 1")};
    if (options.multiple == 0) throw option_error{"patch sizes must be a multiple of 0; expected a multiple of at least 1"};
    if (options.size != 0 && options.overlap >= options.size)
        throw option_error{text("the overlap of ", options.overlap, " pixels must be below the patch size of ", options.size)};
    const auto across = detail::cut_axis(width, options.per_row, options, "width");
    const auto down = detail::cut_axis(height, options.per_column, options, "height");
    return {width, height, across.length, down.length, across.begins, down.begins};
}

/// Joins the maps of a grid's patches, which can be added one after another in any order. Where patches overlap, the result is a
/// weighted mean: a patch's weight grows with the distance from its edge, so that one patch fades into the next. Memory: one map
/// of the whole image.
class patch_joiner {
   public:
    explicit patch_joiner(patch_grid grid)
        : grid_{std::move(grid)},
          across_{weights(grid_.width, grid_.patch_width, grid_.lefts)},
          down_{weights(grid_.height, grid_.patch_height, grid_.tops)},
          map_{image::make_image<float>(grid_.width, grid_.height, 1)} {}

    /// Adds the map of a patch. Add each patch exactly once. Throws shape_error for a patch outside the grid, or a map of another
    /// size than the grid's patches.
    void add(std::size_t patch, const image::image_f32& map) {
        check(patch, map);
        const auto [x, y, width, height] = grid_.at(patch);
        const float* across = across_.data() + patch % grid_.lefts.size() * width;
        const float* down = down_.data() + patch / grid_.lefts.size() * height;
        for (std::size_t row = 0; row < height; ++row) {
            const float* in = map.row(row);
            float* out = map_.at(x, y + row);
            for (std::size_t column = 0; column < width; ++column) out[column] += in[column] * (across[column] * down[row]);
        }
    }

    /// The joined map. A pixel that one patch alone covers has exactly the patch's value.
    [[nodiscard]] const image::image_f32& map() const& noexcept { return map_; }
    [[nodiscard]] image::image_f32 map() && noexcept { return std::move(map_); }

   private:
    void check(std::size_t patch, const image::image_f32& map) const {
        if (patch >= grid_.count())
            throw shape_error{text("patch_joiner: the patch ", patch, " is outside the grid of ", grid_.count(), " patches")};
        if (map.width != grid_.patch_width || map.height != grid_.patch_height || map.channels != 1)
            throw shape_error{text("patch_joiner: the map is ", image::size_text(map), ", the patches are ", grid_.patch_width,
                                   'x', grid_.patch_height, "x1 (width x height x channels)")};
    }

    /// The weight of each patch's pixels along one axis: a triangle, divided by the sum over all patches that cover the pixel.
    static std::vector<float> weights(std::size_t length, std::size_t patch, const std::vector<std::size_t>& begins) {
        std::vector<float> sum(length, 0.0f), weight(begins.size() * patch);
        const auto triangle = [patch](std::size_t i) { return static_cast<float>(std::min(i + 1, patch - i)); };
        for (const std::size_t begin : begins)
            for (std::size_t i = 0; i < patch; ++i) sum[begin + i] += triangle(i);
        for (std::size_t p = 0; p < begins.size(); ++p)
            for (std::size_t i = 0; i < patch; ++i) weight[p * patch + i] = triangle(i) / sum[begins[p] + i];
        return weight;
    }

    patch_grid grid_;
    std::vector<float> across_, down_;
    image::image_f32 map_;
};

}  // namespace rd4ad::inline RD4AD_ABI::data
