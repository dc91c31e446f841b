// rd4ad/data/patches.hpp: large images cut into overlapping patches, their maps joined without seams. Twin:
// tests/data_layouts/patches.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/image/geometry.hpp>
#include <rd4ad/image/image.hpp>

namespace rd4ad::data {

/// How an image is cut. Either a number of patches a row and a column, or a patch's size in pixels (0: by number).
struct patch_options {
    std::size_t per_row{1}, per_column{1};
    std::size_t size{0};      ///< width and height of a patch; as many patches as it takes
    std::size_t overlap{0};   ///< pixels that neighbours share at least
    std::size_t multiple{1};  ///< patch sizes by number are rounded up to a multiple of it (32 for the network)
    friend bool operator==(const patch_options&, const patch_options&) = default;
};

using box = image::pixel_box;

/// Patches of one size that cover the whole image, row by row from the top.
struct patch_grid {
    std::size_t width{0}, height{0};              ///< of the image
    std::size_t patch_width{0}, patch_height{0};  ///< of each patch
    std::vector<std::size_t> lefts{}, tops{};     ///< where the columns and rows of patches begin

    [[nodiscard]] std::size_t count() const noexcept { return lefts.size() * tops.size(); }
    [[nodiscard]] box at(std::size_t patch) const noexcept {
        return {lefts[patch % lefts.size()], tops[patch / lefts.size()], patch_width, patch_height};
    }
};

namespace detail {

/// Begins of `count` patches spread evenly from the image's first pixel to its last.
[[nodiscard]] inline std::vector<std::size_t> spread(std::size_t length, std::size_t patch, std::size_t count) {
    std::vector<std::size_t> begins(count, 0);
    for (std::size_t i = 1; i < count; ++i) begins[i] = ((length - patch) * i + (count - 1) / 2) / (count - 1);
    return begins;
}

struct cut {
    std::size_t patch;
    std::vector<std::size_t> begins;
};

/// One direction. `number` patches, or as many of `size` as are needed.
[[nodiscard]] inline cut cut_length(std::size_t length, std::size_t number, const patch_options& options, const char* direction) {
    if (options.size != 0) {
        const std::size_t patch = std::min(options.size, length);
        const std::size_t step = options.size - options.overlap;
        return {patch, spread(length, patch, 1 + (length - patch + step - 1) / step)};
    }
    const std::size_t shared = options.overlap * (number - 1);
    const std::size_t exact = (length + shared + number - 1) / number;
    const std::size_t patch = std::min(length, (exact + options.multiple - 1) / options.multiple * options.multiple);
    if (number > length || (number > 1 && options.overlap >= patch))
        throw option_error{std::to_string(number) + " patches with an overlap of " + std::to_string(options.overlap) +
                           " pixels don't fit into " + std::to_string(length) + " pixels of " + direction +
                           "; take fewer patches or less overlap"};
    return {patch, spread(length, patch, patch == length ? 1 : number)};  // one that is the whole is enough
}

}  // namespace detail

/// The grid for an image of that size. Neighbours share at least options.overlap pixels, more where the sizes don't come
/// out even; no pixel is left out. Throws option_error for settings that can't be met, shape_error for an empty image.
[[nodiscard]] inline patch_grid make_patch_grid(std::size_t width, std::size_t height, const patch_options& options) {
    if (width == 0 || height == 0)
        throw shape_error{"make_patch_grid: the image is " + std::to_string(width) + " x " + std::to_string(height) +
                          " pixels; both must be at least 1"};
    if (options.per_row == 0 || options.per_column == 0)
        throw option_error{"patches are " + std::to_string(options.per_row) + " a row and " + std::to_string(options.per_column) +
                           " a column; both must be at least 1"};
    if (options.multiple == 0) throw option_error{"patch sizes are to be a multiple of 0; it must be at least 1"};
    if (options.size != 0 && options.overlap >= options.size)
        throw option_error{"the overlap of " + std::to_string(options.overlap) + " pixels isn't below the patch size of " +
                           std::to_string(options.size)};
    const auto across = detail::cut_length(width, options.per_row, options, "width");
    const auto down = detail::cut_length(height, options.per_column, options, "height");
    return {width, height, across.patch, down.patch, across.begins, down.begins};
}

/// The part of an image that lies in the box. Throws shape_error where the box reaches beyond it.
template <class P>
[[nodiscard]] image::basic_image<P> extract(const image::basic_image<P>& from, const box& part) {
    if (part.width == 0 || part.height == 0 || part.x + part.width > from.width || part.y + part.height > from.height)
        throw shape_error{"extract: the part of " + std::to_string(part.width) + " x " + std::to_string(part.height) +
                          " pixels at " + std::to_string(part.x) + ", " + std::to_string(part.y) + " isn't inside the image " +
                          image::size_text(from)};
    auto out = image::make_image<P>(part.width, part.height, from.channels);
    for (std::size_t y = 0; y < part.height; ++y)
        std::copy_n(from.at(part.x, part.y + y), part.width * from.channels, out.row(y));
    return out;
}

/// Puts the patches' maps together, one after the other in any order. Where patches overlap, each counts the more the
/// farther a pixel lies from the patch's edge, so that one fades into the next. Memory: the whole map, once.
class patch_joiner {
   public:
    explicit patch_joiner(patch_grid grid)
        : grid_{std::move(grid)},
          across_{shares(grid_.width, grid_.patch_width, grid_.lefts)},
          down_{shares(grid_.height, grid_.patch_height, grid_.tops)},
          map_{image::make_image<float>(grid_.width, grid_.height, 1)} {}

    /// Adds the map of a patch, each exactly once. Throws shape_error for another size than the grid's patches have.
    void add(std::size_t patch, const image::plane& map) {
        if (patch >= grid_.count())
            throw shape_error{"patch_joiner: patch " + std::to_string(patch) + " of a grid of " + std::to_string(grid_.count())};
        if (map.width != grid_.patch_width || map.height != grid_.patch_height || map.channels != 1)
            throw shape_error{"patch_joiner: the map is " + image::size_text(map) + ", the patches are " +
                              std::to_string(grid_.patch_width) + 'x' + std::to_string(grid_.patch_height) +
                              "x1 (width x height x channels)"};
        const auto [x, y, width, height] = grid_.at(patch);
        const float* across = across_.data() + patch % grid_.lefts.size() * width;
        const float* down = down_.data() + patch / grid_.lefts.size() * height;
        for (std::size_t row = 0; row < height; ++row) {
            const float* in = map.row(row);
            float* out = map_.at(x, y + row);
            for (std::size_t column = 0; column < width; ++column) out[column] += in[column] * (across[column] * down[row]);
        }
    }

    /// The whole map. Pixels covered by one patch are that patch's values, bit for bit.
    [[nodiscard]] const image::plane& map() const& noexcept { return map_; }
    [[nodiscard]] image::plane map() && noexcept { return std::move(map_); }

   private:
    /// For each patch along one direction the share it has in each of its pixels: triangles, divided by their sum.
    static std::vector<float> shares(std::size_t length, std::size_t patch, const std::vector<std::size_t>& begins) {
        std::vector<float> sum(length, 0.0f), share(begins.size() * patch);
        const auto weight = [patch](std::size_t i) { return static_cast<float>(std::min(i + 1, patch - i)); };
        for (const std::size_t begin : begins)
            for (std::size_t i = 0; i < patch; ++i) sum[begin + i] += weight(i);
        for (std::size_t p = 0; p < begins.size(); ++p)
            for (std::size_t i = 0; i < patch; ++i) share[p * patch + i] = weight(i) / sum[begins[p] + i];
        return share;
    }

    patch_grid grid_;
    std::vector<float> across_, down_;
    image::plane map_;
};

}  // namespace rd4ad::data
