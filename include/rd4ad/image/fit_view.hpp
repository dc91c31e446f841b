// rd4ad/image/fit_view.hpp: brings a view to the input size in one pass over the frame, without a copy of it. Twin:
// tests/image/fit_view.cpp
#pragma once
#include <cstddef>
#include <cstdint>

#include <rd4ad/image/detail/rows.hpp>
#include <rd4ad/image/detail/view_rows.hpp>
#include <rd4ad/image/fit_transform.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/image_view.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

/// The network's input of a view, as 8-bit RGB: the same pixels as those of fit_image on an RGB image of the view's pixels. Reads
/// each row once, and keeps few: the largest block that it allocates is the result, or a row of the frame. 16-bit values are
/// resized with 16 bits and rounded to 8 bits after that. A Bayer pattern gets its missing colours as docs/frames.md states.
/// Throws option_error and shape_error as check_view does, and shape_error for a view of another size than the transform's
/// source.
[[nodiscard]] inline image_u8 fit_image(const fit_transform& transform, const image_view& view) {
    check_view(view, "fit_image");
    check_size(view.width, view.height, transform.source_width, transform.source_height, "fit_image");
    auto out = make_image<std::uint8_t>(transform.width, transform.height, 3);
    detail::with_rows(view, [&]<std::size_t C, class P>(auto rows) {
        const auto read = [&rows](std::size_t y, P* room) { return rows(y, room); };
        detail::fit_rows<C, P>(transform, read,
                               [&out](std::size_t y, const P* row) { detail::convert_row(row, out.width, C, out.row(y)); });
    });
    return out;
}

/// Copies a view to an 8-bit RGB image of its size, for a file or an overlay. Throws as check_view does.
[[nodiscard]] inline image_u8 to_rgb(const image_view& view) {
    check_view(view, "to_rgb");
    return fit_image({.source_width = view.width,
                      .source_height = view.height,
                      .padded_width = view.width,
                      .padded_height = view.height,
                      .fitted_width = view.width,
                      .fitted_height = view.height,
                      .width = view.width,
                      .height = view.height},
                     view);
}

}  // namespace rd4ad::inline RD4AD_ABI::image
