// rd4ad/train/roi_cells.hpp: which positions of the three scales see a region of interest. Twin: tests/train/roi_cells.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <rd4ad/core/text.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/data/open_roi.hpp>
#include <rd4ad/image/crop.hpp>
#include <rd4ad/model/network_input.hpp>
#include <rd4ad/model/scale_maps.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Reduces an input's mask to the grid of each scale: 1 where at least one pixel of the position's cell (4, 8 or 16 pixels wide)
/// is inside, else 0. mask: of the input's size, 0 outside.
inline void put_cells(const image::image_u8& mask, std::size_t input, scale_maps& to) {
    for (std::size_t k = 0; k < 3; ++k) {
        const auto cells = to.at(input, k);
        const std::size_t width = to.widths[k], cell = mask.width / width;
        std::fill(cells.begin(), cells.end(), 0.0f);
        for (std::size_t y = 0; y < mask.height; ++y)
            for (std::size_t x = 0; x < mask.width; ++x)
                if (*mask.at(x, y) != 0) cells[y / cell * width + x / cell] = 1.0f;
    }
}

/// Whether a position of the input sees the region.
[[nodiscard]] inline bool sees_region(const scale_maps& cells, std::size_t input) {
    const auto deepest = cells.at(input, 2);
    return std::any_of(deepest.begin(), deepest.end(), [](float one) { return one != 0; });
}

/// The mask of a source's file, fitted as the file is. The region must not be whole images. Throws data_error, with the names of
/// image and mask, as data::roi_mask and data::fit_roi do.
[[nodiscard]] inline image::image_u8 fitted_mask(const image_source& source, std::size_t file,
                                                 const data::region_of_interest& roi) {
    const auto transform = source.plan(file).transform;
    const auto& name = source.files()[file];
    const auto mask = data::roi_mask(roi, name, transform.source_width, transform.source_height);
    return data::fit_roi(transform, *mask, text(roi.name, ", the mask of ", name));
}

/// The cells of all inputs of a source; empty where whole images count. Throws data_error as fitted_mask does.
[[nodiscard]] inline std::optional<scale_maps> roi_cells(const image_source& source, const data::region_of_interest& roi,
                                                         std::size_t threads) {
    if (roi.kind == data::roi_kind::whole) return std::nullopt;
    scale_maps cells{source.height(), source.width(), source.size()};
    parallel_for(source.files().size(), threads, [&](std::size_t file) {
        const auto fitted = fitted_mask(source, file, roi);
        const auto [first, count] = source.inputs_of(file);
        const auto grid = source.plan(file).grid;
        for (std::size_t patch = 0; patch < count; ++patch) put_cells(image::crop(fitted, grid.at(patch)), first + patch, cells);
    });
    return cells;
}

}  // namespace rd4ad::inline RD4AD_ABI
