// rd4ad/image/detail/optional_decoder.hpp: decoders of formats that a build reads only where their library is found: TIFF and
// WebP. Twin: tests/image/tiff.cpp
#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include <rd4ad/image/detail/jpeg.hpp>
#include <rd4ad/image/detail/rows.hpp>
#include <rd4ad/image/detail/white_scale.hpp>

namespace rd4ad::inline RD4AD_ABI::image::detail {

/// The header of a file.
struct stored_form {
    int width{0}, height{0};  ///< as stored
    int orientation{1};       ///< 1 to 8, as EXIF numbers them
    bool is_deep{false};      ///< whether its rows have 16 bits per value
    bool takes_white{false};  ///< whether they are whole numbers of 16 bits, whose level of white the user knows
    bool is_lossy{false};     ///< whether the compression changes the values, as JPEG's does
};

/// Receives the stored rows of a file in order: width x channels values, 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.
struct row_receiver {
    std::function<void(const std::uint8_t* row, std::size_t channels)> bytes{};
    std::function<void(std::uint16_t* row, std::size_t channels)> deep{};  ///< may change the row
};

/// A library that decodes a format.
struct optional_decoder {
    const char* library;
    std::optional<stored_form> (*form)(std::span<const std::byte> bytes);  ///< of a whole file; nullopt without a size
    void (*decode)(const decoding& file, const row_receiver& to);          ///< throws format_error
};

/// The program's decoders; null: the program has none. A file that is compiled with a library sets its decoder for all files of
/// the program.
inline constinit std::atomic<const optional_decoder*> tiff_decoder{nullptr}, webp_decoder{nullptr};

/// Whether a file is a TIFF or BigTIFF, or the first bytes of one; a camera's CR2 file, which begins alike, is none.
[[nodiscard]] inline bool is_tiff(std::span<const std::byte> bytes) {
    const auto starts = [&](std::string_view with) {
        return bytes.size() >= 8 && std::equal(with.begin(), with.end(), bytes.begin(),
                                               [](char a, std::byte b) { return static_cast<std::byte>(a) == b; });
    };
    if (bytes.size() >= 10 && byte_at(bytes, 8) == 'C' && byte_at(bytes, 9) == 'R') return false;
    return starts({"II*\0", 4}) || starts({"MM\0*", 4}) || starts({"II+\0", 4}) || starts({"MM\0+", 4});
}

[[nodiscard]] inline bool is_webp(std::span<const std::byte> bytes) {
    constexpr std::string_view riff{"RIFF"}, webp{"WEBP"};
    const auto same = [](char a, std::byte b) { return static_cast<std::byte>(a) == b; };
    return bytes.size() >= 12 && std::equal(riff.begin(), riff.end(), bytes.begin(), same) &&
           std::equal(webp.begin(), webp.end(), bytes.begin() + 8, same);
}

/// The decoder of a file of these first bytes; null: the file is of another format, or the program has no decoder of its format.
[[nodiscard]] inline const optional_decoder* optional_decoder_of(std::span<const std::byte> bytes) {
    return is_tiff(bytes) ? tiff_decoder.load() : is_webp(bytes) ? webp_decoder.load() : nullptr;
}

/// Decodes a file to RGB of T. white: of rows that take one, 0: 65535. T: std::uint16_t only for a deep file.
template <class T>
void decode_by(const optional_decoder& decoder, const decoding& file, std::uint32_t white, basic_upright_rows<T>& rows) {
    const auto form = decoder.form(file.bytes);
    const bool scales = form && form->takes_white && white != 0 && white != 65535;
    const white_scale scale{white};
    decoder.decode(file, {.bytes =
                              [&](const std::uint8_t* row, std::size_t channels) {
                                  if constexpr (std::is_same_v<T, std::uint8_t>)
                                      convert_row(row, file.width, channels, rows.next()), rows.done();
                              },
                          .deep =
                              [&](std::uint16_t* row, std::size_t channels) {
                                  const std::size_t colours = channels - (channels % 2 == 0 ? 1 : 0);
                                  for (std::size_t x = 0; scales && x < file.width; ++x)
                                      std::transform(row + x * channels, row + x * channels + colours, row + x * channels, scale);
                                  convert_row(row, file.width, channels, rows.next());
                                  rows.done();
                              }});
}

}  // namespace rd4ad::inline RD4AD_ABI::image::detail
