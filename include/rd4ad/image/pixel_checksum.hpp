// rd4ad/image/pixel_checksum.hpp: recognises the pixels of a view, however a camera stored them. Twin:
// tests/image/pixel_checksum.cpp
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/core/text.hpp>
#include <rd4ad/image/detail/rows.hpp>
#include <rd4ad/image/detail/view_rows.hpp>
#include <rd4ad/image/image_view.hpp>
#include <rd4ad/io/checksum.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

/// The checksum (io::checksum_of) of a view's size and of its pixels as RGB with 8 or 16 bits per value: the one of a BGR frame
/// with gaps between its rows and of an RGB image are equal if they show the same pixels. Reads each row once. Throws as
/// check_view does.
[[nodiscard]] inline std::string pixel_checksum(const image_view& view) {
    check_view(view, "pixel_checksum");
    std::string rows_text = text(view.width, 'x', view.height, 'x', 8 * info_of(view.format).bytes);
    detail::with_rows(view, [&]<std::size_t C, class P>(auto rows) {
        std::vector<P> room(view.width * C), colours(view.width * 3);
        for (std::size_t y = 0; y < view.height; ++y) {
            detail::convert_row(rows(y, room.data()), view.width, C, colours.data());
            rows_text += io::checksum_of(std::as_bytes(std::span{colours}));
        }
    });
    return io::checksum_of(rows_text);
}

}  // namespace rd4ad::inline RD4AD_ABI::image
