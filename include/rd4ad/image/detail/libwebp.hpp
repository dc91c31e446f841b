// rd4ad/image/detail/libwebp.hpp: decodes WebP by libwebp; the only include of libwebp. Twin: tests/image/webp.cpp
//
// Included where RD4AD_WITH_WEBP is 1 (the target rd4ad::core sets it where CMake finds libwebp).
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <webp/decode.h>

#include <rd4ad/image/detail/faults.hpp>
#include <rd4ad/image/detail/optional_decoder.hpp>
#include <rd4ad/image/orientation.hpp>

namespace rd4ad::inline RD4AD_ABI::image::detail {

/// The EXIF orientation of a WebP: of its chunk EXIF; 1 without one.
[[nodiscard]] inline int webp_orientation(std::span<const std::byte> bytes) {
    for (std::size_t at = 12; at + 8 <= bytes.size();) {
        const std::size_t length = *tiff_number(bytes, at + 4, 4, false), body = at + 8;
        if (byte_at(bytes, at) == 'E' && byte_at(bytes, at + 1) == 'X' && byte_at(bytes, at + 2) == 'I' &&
            byte_at(bytes, at + 3) == 'F') {
            const auto block = bytes.subspan(body, std::min(length, bytes.size() - body));
            return exif_block_orientation(block).value_or(tiff_orientation(block));
        }
        at = body + length + length % 2;
    }
    return 1;
}

[[nodiscard]] inline std::optional<stored_form> webp_form(std::span<const std::byte> bytes) {
    WebPBitstreamFeatures found;
    if (::WebPGetFeatures(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), &found) != VP8_STATUS_OK)
        return std::nullopt;
    constexpr int lossless = 2;  // in libwebp's documentation of WebPBitstreamFeatures
    return stored_form{.width = found.width,
                       .height = found.height,
                       .orientation = webp_orientation(bytes),
                       .is_lossy = found.format != lossless};
}

/// Decodes a WebP. Throws format_error for an animation, and for a truncated or damaged file.
inline void decode_webp(const decoding& file, const row_receiver& to) {
    WebPDecoderConfig config;
    const auto* data = reinterpret_cast<const std::uint8_t*>(file.bytes.data());
    if (::WebPInitDecoderConfig(&config) == 0) throw damaged(file, "libwebp has another version than its header");
    if (::WebPGetFeatures(data, file.bytes.size(), &config.input) != VP8_STATUS_OK)
        throw damaged(file, "its header can't be read");
    if (config.input.has_animation != 0) throw unsupported(file, "an animated WebP", "save its frames as PNG");
    const std::size_t channels = config.input.has_alpha != 0 ? 4 : 3, stride = file.width * channels;
    std::vector<std::uint8_t> pixels(stride * file.height);
    config.output.colorspace = channels == 4 ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA = {.rgba = pixels.data(), .stride = static_cast<int>(stride), .size = pixels.size()};
    const auto status = ::WebPDecode(data, file.bytes.size(), &config);
    if (status == VP8_STATUS_NOT_ENOUGH_DATA || status == VP8_STATUS_SUSPENDED) throw truncated(file);
    if (status != VP8_STATUS_OK) throw damaged(file, text("libwebp's status is ", static_cast<int>(status)));
    for (std::size_t y = 0; y < file.height; ++y) to.bytes(pixels.data() + y * stride, channels);
}

inline constexpr optional_decoder libwebp_decoder{"libwebp", &webp_form, &decode_webp};
inline const bool libwebp_is_current = (webp_decoder.store(&libwebp_decoder), true);

}  // namespace rd4ad::inline RD4AD_ABI::image::detail
