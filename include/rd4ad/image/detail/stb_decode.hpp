// rd4ad/image/detail/stb_decode.hpp: decodes PNG, BMP and TGA by stb_image, and JPEG where libjpeg-turbo is absent. Twin:
// tests/image/stb_decode.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include <rd4ad/image/detail/faults.hpp>
#include <rd4ad/image/detail/jpeg.hpp>
#include <rd4ad/image/detail/png.hpp>
#include <rd4ad/image/detail/rows.hpp>
#include <rd4ad/image/detail/stb.hpp>
#include <rd4ad/image/detail/truncation.hpp>
#include <rd4ad/image/detail/white_scale.hpp>

namespace rd4ad::inline RD4AD_ABI::image::detail {

struct free_memory {
    void operator()(void* block) const noexcept { std::free(block); }
};

/// stb's values of a decoded file, width x height x channels.
template <class P>
struct stb_values {
    std::unique_ptr<P, free_memory> values{};
    std::size_t channels{0};
};

/// The width and height in the header of a BMP or TGA; nullopt for other files. A TGA has no signature: its second byte is 0 or
/// 1, and stb checks the other fields. Without this look at the first bytes stb would take bytes of 0xFF before a JPEG's start
/// for fill bytes, and decode a JPEG that nothing has checked (see jpeg_tables_fit).
[[nodiscard]] inline std::optional<std::pair<int, int>> bmp_or_tga_size(std::span<const std::byte> bytes) {
    if (bytes.size() < 2) return std::nullopt;
    const bool bmp = byte_at(bytes, 0) == 'B' && byte_at(bytes, 1) == 'M';
    if (!bmp && byte_at(bytes, 1) > 1) return std::nullopt;
    int width = 0, height = 0, channels = 0;
    const auto* data = reinterpret_cast<const stb::stbi_uc*>(bytes.data());
    if (!stb::stbi_info_from_memory(data, static_cast<int>(bytes.size()), &width, &height, &channels)) return std::nullopt;
    return std::pair{width, height};
}

/// Decodes with stb. P: std::uint8_t, or std::uint16_t for files with 16 bits per channel. wanted: the number of channels, 0 for
/// those of the file. Throws format_error with stb's reason.
template <class P>
[[nodiscard]] stb_values<P> load_by_stb(const decoding& file, int wanted) {
    int width = 0, height = 0, stored = 0;
    const auto* data = reinterpret_cast<const stb::stbi_uc*>(file.bytes.data());
    const int size = static_cast<int>(file.bytes.size());
    stb_values<P> loaded;
    if constexpr (std::is_same_v<P, std::uint16_t>)
        loaded.values.reset(stb::stbi_load_16_from_memory(data, size, &width, &height, &stored, wanted));
    else
        loaded.values.reset(stb::stbi_load_from_memory(data, size, &width, &height, &stored, wanted));
    if (!loaded.values) {
        const char* reason = stb::stbi_failure_reason();
        throw damaged(file, reason ? reason : "unknown reason");
    }
    loaded.channels = static_cast<std::size_t>(wanted > 0 ? wanted : stored);
    return loaded;
}

/// Whether the fourth channel of a BMP or TGA is alpha. An uncompressed 32-bit BMP and a TGA without attribute bits have a
/// fourth channel without a meaning, which programs fill as they like. Source: the formats' specifications.
[[nodiscard]] inline bool states_alpha(std::span<const std::byte> bytes) {
    if (byte_at(bytes, 0) != 'B' || byte_at(bytes, 1) != 'M') return bytes.size() > 17 && (byte_at(bytes, 17) & 0x0F) != 0;
    constexpr std::size_t compression = 30, alpha_mask = 66;
    return bytes.size() >= alpha_mask + 4 && little_endian(bytes, 14, 4) >= 56 && little_endian(bytes, compression, 4) != 0 &&
           little_endian(bytes, alpha_mask, 4) != 0;
}

template <class P, class T>
void convert_stb_rows(const stb_values<P>& loaded, const decoding& file, basic_upright_rows<T>& rows) {
    for (std::size_t y = 0; y < file.height; ++y) {
        convert_row(loaded.values.get() + y * file.width * loaded.channels, file.width, loaded.channels, rows.next());
        rows.done();
    }
}

/// Throws format_error for a truncated or damaged PNG.
inline void check_png(const decoding& file) {
    const png_fault fault = find_png_fault(file.bytes);
    if (fault.truncated) throw truncated(file);
    if (!fault.damaged.empty()) throw damaged(file, text("the checksum of its chunk ", fault.damaged, " is wrong"));
}

/// Scales the colours of 16-bit values from 0..white to 0..65535. white: 1 to 65535, or 0 for 65535.
inline void scale_colours(const decoding& file, std::uint32_t white, const stb_values<std::uint16_t>& of) {
    if (white == 0 || white == 65535) return;
    const white_scale scale{white};
    const std::size_t colours = of.channels - (of.channels % 2 == 0 ? 1 : 0);
    for (std::uint16_t* pixel = of.values.get(); pixel != of.values.get() + file.width * file.height * of.channels;
         pixel += of.channels)
        std::transform(pixel, pixel + colours, pixel, scale);
}

/// Decodes a PNG. white: of 16-bit values, as for scale_colours. T: std::uint16_t only for a file with 16 bits. Throws
/// format_error for a truncated or damaged one.
template <class T>
void decode_png(const decoding& file, std::uint32_t white, basic_upright_rows<T>& rows) {
    check_png(file);
    if (read_png_header(file.bytes)->bits == 16) {
        const auto loaded = load_by_stb<std::uint16_t>(file, 0);
        scale_colours(file, white, loaded);
        convert_stb_rows(loaded, file, rows);
    } else if constexpr (std::is_same_v<T, std::uint8_t>) {
        convert_stb_rows(load_by_stb<std::uint8_t>(file, 0), file, rows);
    }
}

/// Decodes a BMP or TGA. Throws format_error for a truncated or damaged one.
inline void decode_bmp_or_tga(const decoding& file, upright_rows& rows) {
    if (cut_short(file.bytes)) throw truncated(file);
    convert_stb_rows(load_by_stb<std::uint8_t>(file, states_alpha(file.bytes) ? 0 : 3), file, rows);
}

/// Decodes a JPEG with stb. Throws format_error for a truncated or damaged one, and for one that stb misreads.
inline void decode_jpeg_by_stb(const decoding& file, upright_rows& rows) {
    constexpr std::string_view remedy = "build rd4ad with libjpeg-turbo, which decodes it, or convert it to PNG";
    const auto frame = read_jpeg_frame(file.bytes);
    if (cut_short(file.bytes)) throw truncated(file);
    if (!frame->has_tables) throw unsupported(file, "a frame of a motion JPEG, without Huffman tables", remedy);
    if (frame->components == 4 && !frame->has_adobe)
        throw unsupported(file, "a JPEG with four components and no statement of their colours", remedy);
    if (!jpeg_tables_fit(file.bytes)) throw damaged(file, "a Huffman table has more codes than the format allows");
    convert_stb_rows(load_by_stb<std::uint8_t>(file, 3), file, rows);
}

}  // namespace rd4ad::inline RD4AD_ABI::image::detail
