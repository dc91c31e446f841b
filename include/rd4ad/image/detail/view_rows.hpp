// rd4ad/image/detail/view_rows.hpp: reads the rows of a view as grey or RGB, with 8 or 16 bits per value. Twin:
// tests/image/view_rows.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include <rd4ad/image/detail/rows.hpp>
#include <rd4ad/image/detail/white_scale.hpp>
#include <rd4ad/image/image_view.hpp>

namespace rd4ad::inline RD4AD_ABI::image::detail {

/// The stored rows of a view, with values of P (std::uint8_t or std::uint16_t).
template <class P>
class stored_rows {
   public:
    /// The view must be valid, see check_view.
    explicit stored_rows(const image_view& view)
        : first_{static_cast<const std::byte*>(view.data)},
          step_{view.row_step()},
          values_{view.width * info_of(view.format).channels},
          scale_{view.white} {}

    /// Values per row.
    [[nodiscard]] std::size_t values() const noexcept { return values_; }

    /// Row y, in the frame itself or, where it can't be read there, copied to `room` for values() values.
    [[nodiscard]] const P* read(std::size_t y, P* room) const {
        const std::byte* row = first_ + static_cast<std::ptrdiff_t>(y) * step_;
        if constexpr (std::is_same_v<P, std::uint8_t>) {
            return reinterpret_cast<const std::uint8_t*>(row);
        } else {
            std::memcpy(room, row, values_ * sizeof(P));  // the frame may lie at an odd address
            if (scale_.largest != 65535) std::transform(room, room + values_, room, scale_);
            return room;
        }
    }

   private:
    const std::byte* first_;
    std::ptrdiff_t step_;
    std::size_t values_;
    white_scale scale_;
};

/// Reads the rows of a view with one channel.
template <class P>
class grey_rows {
   public:
    explicit grey_rows(const image_view& view) : stored_{view} {}
    [[nodiscard]] const P* operator()(std::size_t y, P* room) const { return stored_.read(y, room); }

   private:
    stored_rows<P> stored_;
};

/// Reads the rows of a view with three or four channels as RGB.
template <class P>
class colour_rows {
   public:
    explicit colour_rows(const image_view& view)
        : stored_{view}, info_{info_of(view.format)}, kept_(std::is_same_v<P, std::uint8_t> ? 0 : stored_.values()) {}

    [[nodiscard]] const P* operator()(std::size_t y, P* room) {
        if (info_.channels == 3 && info_.red == 0) return stored_.read(y, room);
        const P* from = stored_.read(y, kept_.data());
        const std::size_t width = stored_.values() / info_.channels;
        if (info_.channels == 3)
            reorder<3>(from, width, room);
        else
            reorder<4>(from, width, room);
        return room;
    }

   private:
    template <std::size_t C>
    void reorder(const P* from, std::size_t width, P* rgb) const {
        constexpr std::uint32_t white = std::numeric_limits<P>::max(), under = image_background * (white / 255);
        const std::size_t red = info_.red, blue = 2 - red;
        if (!info_.has_alpha) {
            for (std::size_t x = 0; x < width; ++x, from += C, rgb += 3)
                rgb[0] = from[red], rgb[1] = from[1], rgb[2] = from[blue];
            return;
        }
        for (std::size_t x = 0; x < width; ++x, from += C, rgb += 3) {
            const auto composed = [&](std::size_t channel) {
                return static_cast<P>((from[channel] * std::uint32_t{from[3]} + under * (white - from[3]) + white / 2) / white);
            };
            rgb[0] = composed(red), rgb[1] = composed(1), rgb[2] = composed(blue);
        }
    }

    stored_rows<P> stored_;
    pixel_format_info info_;
    std::vector<P> kept_;
};

/// Reads the rows of a Bayer pattern as RGB. A missing colour is the mean, rounded, of the nearest pixels that have it: the two
/// or four beside a pixel, or the four diagonal ones. Edges mirror, without repeating the pixel at the edge.
template <class P>
class bayer_rows {
   public:
    explicit bayer_rows(const image_view& view)
        : stored_{view},
          width_{view.width},
          height_{view.height},
          red_x_{info_of(view.format).red % 2},
          red_y_{info_of(view.format).red / 2} {
        for (auto& one : kept_) one.resize(width_);
    }

    [[nodiscard]] const P* operator()(std::size_t y, P* room) {
        const P* here = stored(y);
        const P* above = stored(y == 0 ? 1 : y - 1);
        const P* below = stored(y + 1 == height_ ? height_ - 2 : y + 1);
        const bool red_row = y % 2 == red_y_;
        // The row's own colour (red or blue) lies at the columns of one parity, green at the others.
        const std::size_t own = red_row ? 0 : 2, other = 2 - own, own_x = red_row ? red_x_ : 1 - red_x_;
        for (std::size_t x = 0; x < width_; ++x) {
            const std::size_t left = x == 0 ? 1 : x - 1, right = x + 1 == width_ ? width_ - 2 : x + 1;
            P* rgb = room + 3 * x;
            if (x % 2 == own_x) {
                rgb[own] = here[x];
                rgb[1] = mean(here[left], here[right], above[x], below[x]);
                rgb[other] = mean(above[left], above[right], below[left], below[right]);
            } else {
                rgb[own] = mean(here[left], here[right]);
                rgb[1] = here[x];
                rgb[other] = mean(above[x], below[x]);
            }
        }
        return room;
    }

   private:
    [[nodiscard]] static P mean(P a, P b) { return static_cast<P>((std::uint32_t{a} + b + 1) / 2); }
    [[nodiscard]] static P mean(P a, P b, P c, P d) { return static_cast<P>((std::uint32_t{a} + b + c + d + 2) / 4); }

    /// The values of row y. Keeps three consecutive rows, so that each is read once.
    [[nodiscard]] const P* stored(std::size_t y) {
        const std::size_t slot = y % kept_.size();
        if (row_of_[slot] != y + 1) {
            found_[slot] = stored_.read(y, kept_[slot].data());
            row_of_[slot] = y + 1;
        }
        return found_[slot];
    }

    stored_rows<P> stored_;
    std::size_t width_, height_, red_x_, red_y_;
    std::array<std::vector<P>, 3> kept_{};
    std::array<const P*, 3> found_{};
    std::array<std::size_t, 3> row_of_{};  // the row in each slot, plus 1; 0: none
};

/// Calls use.operator()<C, P>(rows) with the reader of a view's rows: rows(y, room) is row y with C channels (1 grey, 3 RGB) of
/// P, in `room` (view.width * C values) or in the frame. The view must be valid, see check_view.
template <class Use>
void with_rows(const image_view& view, const Use& use) {
    const auto& format = info_of(view.format);
    const auto by_value = [&]<class P>() {
        if (format.is_bayer)
            use.template operator()<3, P>(bayer_rows<P>{view});
        else if (format.channels == 1)
            use.template operator()<1, P>(grey_rows<P>{view});
        else
            use.template operator()<3, P>(colour_rows<P>{view});
    };
    if (format.bytes == 1)
        by_value.template operator()<std::uint8_t>();
    else
        by_value.template operator()<std::uint16_t>();
}

}  // namespace rd4ad::inline RD4AD_ABI::image::detail
