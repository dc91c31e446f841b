// rd4ad/image/detail/rows.hpp: from a decoder's rows to the rows of the upright image. Twin: tests/image/rows.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <rd4ad/image/image.hpp>
#include <rd4ad/image/orientation.hpp>

namespace rd4ad::inline RD4AD_ABI::image::detail {

/// A file to decode.
struct decoding {
    std::span<const std::byte> bytes;
    const std::string& name;    ///< in messages
    std::size_t width, height;  ///< as stored
};

/// Receives the stored rows of an image in order, and writes them to their places in the upright image.
template <class T>
class basic_upright_rows {
   public:
    /// orientation: 1 to 8. Keeps a reference to the image, which has the upright size.
    basic_upright_rows(basic_image<T>& upright, int orientation) : upright_{upright}, orientation_{orientation} {
        if (orientation_ == 1) return;
        row_values_ = (orientation_ >= 5 ? upright_.height : upright_.width) * upright_.channels;
        kept_.resize(row_values_ * step);
    }

    /// The place for the values of the next row, width x channels of the stored image. Call done() after writing them.
    [[nodiscard]] T* next() noexcept {
        return orientation_ == 1 ? upright_.row(done_) : kept_.data() + (done_ - placed_) * row_values_;
    }

    void done() {
        ++done_;
        const std::size_t rows = orientation_ >= 5 ? upright_.width : upright_.height;
        if (orientation_ == 1 || (done_ - placed_ < step && done_ < rows)) return;
        place_rows(upright_, orientation_, kept_.data(), placed_, done_ - placed_);
        placed_ = done_;
    }

   private:
    static constexpr std::size_t step = 16;
    basic_image<T>& upright_;
    int orientation_;
    std::size_t row_values_{0}, done_{0}, placed_{0};
    std::vector<T> kept_{};  // rows that are not yet in their places
};

using upright_rows = basic_upright_rows<std::uint8_t>;

/// Converts a row of `width` pixels with `channels` values each (1 grey, 2 grey and alpha, 3 RGB, 4 RGBA; 8 or 16 bit) to RGB:
/// composes alpha over image_background, repeats grey, scales 16 bit to 8 (v / 257). T: P, or std::uint8_t.
template <class P, class T>
void convert_row(const P* from, std::size_t width, std::size_t channels, T* rgb) {
    constexpr std::uint32_t white = std::numeric_limits<P>::max(), under = image_background * (white / 255);
    if constexpr (std::is_same_v<P, T>)
        if (channels == 3) {
            std::copy_n(from, width * 3, rgb);
            return;
        }
    const bool has_alpha = channels % 2 == 0;
    const std::size_t colours = channels - (has_alpha ? 1 : 0);
    const auto value = [&](std::size_t channel) {
        std::uint32_t v = from[channel];
        if (has_alpha) v = (v * from[colours] + under * (white - from[colours]) + white / 2) / white;
        return static_cast<T>(std::is_same_v<P, T> ? v : (v + 128) / 257);
    };
    for (std::size_t x = 0; x < width; ++x, from += channels, rgb += 3) {
        rgb[0] = value(0);
        for (std::size_t c = 1; c < 3; ++c) rgb[c] = colours == 1 ? rgb[0] : value(c);
    }
}

}  // namespace rd4ad::inline RD4AD_ABI::image::detail
