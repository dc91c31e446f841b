// rd4ad/image/mask.hpp: reads mask files, whichever way they mark a defect, as zeros and ones. Twin: tests/image/mask.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/detail/jpeg.hpp>
#include <rd4ad/image/detail/pnm.hpp>
#include <rd4ad/image/detail/stb_decode.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/mask_values.hpp>
#include <rd4ad/image/orientation.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/io/read_file.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

/// How a mask file marks defects, where it is not grey of 0 and the largest value.
enum class mask_marks {
    plain,    ///< 0 and the largest value of its type
    values,   ///< other grey values, such as 0 and 1
    colours,  ///< colours
    alpha,    ///< transparency: every pixel is black, and the transparent ones are good
    lossy     ///< a JPEG: half of its largest value divides noise from defects
};

/// A mask file's content.
struct mask_content {
    image_u8 mask{};  ///< 1 channel: 1 for a defect
    mask_marks marks{mask_marks::plain};
    double area{0};    ///< share of the pixels that are defects, 0..1
    double border{0};  ///< the same of the pixels at the image's edge
};

/// Whether a mask marks more than half of its image and more than half of the image's edge: so does an inverted mask, and
/// hardly any other.
[[nodiscard]] inline bool looks_inverted(const mask_content& of) noexcept { return of.area > 0.5 && of.border > 0.5; }

namespace detail {

/// A decoded mask: R, G, B and A of 16 bit per pixel; an 8-bit value v becomes 257 v.
using rgba16 = basic_image<std::uint16_t>;

/// Writes a row of `channels` (1 grey, 3 RGB) values as opaque pixels of 16 bit. scale: 257 for 8-bit values, 1 for 16-bit ones.
template <class P>
std::uint16_t* put_opaque(const P* row, std::size_t width, std::size_t channels, std::uint16_t scale, std::uint16_t* out) {
    for (std::size_t x = 0; x < width; ++x, row += channels, out += 4) {
        for (std::size_t c = 0; c < 3; ++c) out[c] = static_cast<std::uint16_t>(row[channels == 1 ? 0 : c] * scale);
        out[3] = 0xFFFF;
    }
    return out;
}

/// Decodes a file as `read` does, upright, without its loss of alpha and of 16-bit values. Throws format_error as decode does.
[[nodiscard]] inline rgba16 decode_rgba16(std::span<const std::byte> bytes, const std::string& name) {
    const header stored = check_file(bytes, name);
    const decoding file = decoding_of(stored, bytes, name);
    auto image = make_image<std::uint16_t>(file.width, file.height, 4);
    std::uint16_t* out = image.pixels.data();
    if (stored.format == file_format::jpeg) {
        const image_u8 rgb = decode(bytes, name);
        image.width = rgb.width, image.height = rgb.height;
        put_opaque(rgb.pixels.data(), file.width * file.height, 3, 257, out);
        return image;
    }
    if (stored.format == file_format::by_library) {
        const auto put = [&](const auto* row, std::size_t channels, std::uint16_t factor) {
            for (std::size_t x = 0; x < file.width; ++x, row += channels, out += 4) {
                for (std::size_t c = 0; c < 3; ++c) out[c] = static_cast<std::uint16_t>(row[channels < 3 ? 0 : c] * factor);
                out[3] = channels % 2 == 0 ? static_cast<std::uint16_t>(row[channels - 1] * factor) : std::uint16_t{65535};
            }
        };
        const auto* decoder = optional_decoder_of(bytes);
        decoder->decode(file, {.bytes = [&](const std::uint8_t* row, std::size_t channels) { put(row, channels, 257); },
                               .deep = [&](std::uint16_t* row, std::size_t channels) { put(row, channels, 1); }});
        return upright(std::move(image), stored_orientation(stored.format, bytes));
    }
    if (stored.format == file_format::pnm) {
        for_each_pnm_row<std::uint16_t>(
            file, [&](const std::uint16_t* row, std::size_t channels) { out = put_opaque(row, file.width, channels, 1, out); });
        return image;
    }
    if (stored.format == file_format::png)
        check_png(file);
    else if (cut_short(bytes))
        throw truncated(file);
    if (stored.format == file_format::png || states_alpha(bytes))
        std::copy_n(load_by_stb<std::uint16_t>(file, 4).values.get(), image.pixels.size(), out);
    else
        put_opaque(load_by_stb<std::uint8_t>(file, 3).values.get(), file.width * file.height, 3, 257, out);
    return upright(std::move(image), stored_orientation(stored.format, bytes));
}

/// One value per pixel: the largest of R, G and B, and 0 for a transparent pixel of an image that is not transparent all over.
struct mask_levels {
    std::vector<std::uint16_t> values{};
    mask_marks marks{mask_marks::plain};
};

[[nodiscard]] inline mask_levels levels_of(const rgba16& image) {
    mask_levels levels{std::vector<std::uint16_t>(image.width * image.height)};
    const auto is_clear = [&](std::size_t i) { return image.pixels[4 * i + 3] == 0; };
    std::size_t clear = 0;
    for (std::size_t i = 0; i < levels.values.size(); ++i) clear += is_clear(i) ? 1U : 0U;
    const bool uses_alpha = clear > 0 && clear < levels.values.size();
    bool black = true, coloured = false, plain = true;
    for (std::size_t i = 0; i < levels.values.size(); ++i) {
        if (uses_alpha && is_clear(i)) continue;
        const std::uint16_t* p = image.pixels.data() + 4 * i;
        levels.values[i] = std::max({p[0], p[1], p[2]});
        black = black && levels.values[i] == 0;
        coloured = coloured || p[0] != p[1] || p[1] != p[2];
        plain = plain && (levels.values[i] == 0 || levels.values[i] >= 0xFF00);
    }
    if (black && uses_alpha) {
        for (std::size_t i = 0; i < levels.values.size(); ++i) levels.values[i] = image.pixels[4 * i + 3];
        levels.marks = mask_marks::alpha;
    } else {
        levels.marks = coloured ? mask_marks::colours : plain ? mask_marks::plain : mask_marks::values;
    }
    return levels;
}

/// Whether the compression of a file changes the values: a JPEG, a WebP that is not lossless, a TIFF with JPEG's compression.
[[nodiscard]] inline bool is_lossy(std::span<const std::byte> bytes) {
    const auto* decoder = optional_decoder_of(bytes);
    const auto form = decoder != nullptr ? decoder->form(bytes) : std::nullopt;
    return form ? form->is_lossy : is_jpeg(bytes);
}

/// The value up to which a pixel of a lossy file is good: half of the largest value. Throws data_error where that is not far
/// above the noise of the compression.
[[nodiscard]] inline std::uint16_t lossy_limit(const std::vector<std::uint16_t>& values, const std::string& name) {
    constexpr std::uint16_t noise = 3 << 8, least = 64 << 8;
    const std::uint16_t largest = values.empty() ? std::uint16_t{0} : *std::max_element(values.begin(), values.end());
    if (largest > noise && largest < least)
        throw data_error{text(name, ": is a mask in a lossy format (JPEG, WebP) whose largest value is ", largest >> 8,
                              ", which the noise of the compression hides; store masks as PNG")};
    return std::max(noise, static_cast<std::uint16_t>(largest / 2));
}

/// Throws data_error for a mask of several values of which none is black.
inline void check_background(const std::vector<std::uint16_t>& values, std::uint16_t limit, const std::string& name) {
    if (values.empty()) return;
    const auto [least, largest] = std::minmax_element(values.begin(), values.end());
    if (*least <= limit || *least == *largest) return;
    throw data_error{text(name, ": is a mask without a black pixel: its values go from ", *least >> 8, " to ", *largest >> 8,
                          "; expected 0 for the good pixels, paint them black")};
}

/// The share of defect pixels in the whole mask and at its edge.
inline void measure(mask_content& of) {
    const auto& mask = of.mask;
    std::size_t all = 0, edge = 0, edge_pixels = 0;
    for (std::size_t y = 0; y < mask.height; ++y)
        for (std::size_t x = 0; x < mask.width; ++x) {
            const std::size_t value = *mask.at(x, y);
            all += value;
            if (x > 0 && y > 0 && x + 1 < mask.width && y + 1 < mask.height) continue;
            ++edge_pixels;
            edge += value;
        }
    const auto share = [](std::size_t part, std::size_t of_all) {
        return of_all > 0 ? static_cast<double>(part) / static_cast<double>(of_all) : 0.0;
    };
    of.area = share(all, mask.pixels.size()), of.border = share(edge, edge_pixels);
}

}  // namespace detail

/// Reads a mask file with what marks its defects. A pixel that is not black and not transparent is a defect, whatever its value:
/// masks of 0 and 1, of numbered kinds, palettes, colours and 16 bit mean what they show. In a JPEG, a lossy WebP and a TIFF with
/// JPEG's compression the limit is half of the largest value. In a file that is black all over, alpha is the mask.
/// mask_values::zero exchanges good and defective pixels. Turns a JPEG, PNG, TIFF or WebP by its orientation. Throws io_error and
/// format_error as read does; data_error for a mask of several values of which none is black, and for a lossy file whose largest
/// value is below 64.
[[nodiscard]] inline mask_content read_mask_content(const std::filesystem::path& path,
                                                    mask_values defects = mask_values::nonzero) {
    const auto bytes = read_bytes(path);
    const std::string name = path.string();
    const detail::rgba16 decoded = detail::decode_rgba16(bytes, name);
    auto levels = detail::levels_of(decoded);
    std::uint16_t limit = 0;
    if (detail::is_lossy(bytes)) limit = detail::lossy_limit(levels.values, name), levels.marks = mask_marks::lossy;
    if (defects == mask_values::nonzero) detail::check_background(levels.values, limit, name);
    mask_content content{.mask = make_image<std::uint8_t>(decoded.width, decoded.height, 1), .marks = levels.marks};
    for (std::size_t i = 0; i < levels.values.size(); ++i)
        content.mask.pixels[i] = (levels.values[i] > limit) == (defects == mask_values::nonzero) ? 1 : 0;
    detail::measure(content);
    return content;
}

/// Reads a mask file: 1 channel, 1 for a defect, else 0. See read_mask_content.
[[nodiscard]] inline image_u8 read_mask(const std::filesystem::path& path, mask_values defects = mask_values::nonzero) {
    return read_mask_content(path, defects).mask;
}

}  // namespace rd4ad::inline RD4AD_ABI::image
