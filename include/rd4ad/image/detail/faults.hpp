// rd4ad/image/detail/faults.hpp: the messages about files that can't be decoded. Twin: tests/image/read.cpp
#pragma once
#include <string>
#include <string_view>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/detail/rows.hpp>

namespace rd4ad::inline RD4AD_ABI::image::detail {

inline constexpr const char* not_an_image =
    "is not an image this library reads (PNG, JPEG, BMP, TGA, PNM; TIFF and WebP with their libraries): ";

/// The file ends before its pixels do.
[[nodiscard]] inline format_error truncated(const decoding& file) {
    return format_error{text(file.name, ": is truncated: its ", file.bytes.size(), " bytes are too few for the ", file.width,
                             " x ", file.height, " pixels that its header states; copy the file again")};
}

/// The file contradicts its format. reason: the decoder's words.
[[nodiscard]] inline format_error damaged(const decoding& file, std::string_view reason) {
    return format_error{text(file.name, ": is damaged: ", reason, "; copy the file again, or convert it from its original")};
}

/// The file is whole, and this library does not decode its form.
[[nodiscard]] inline format_error unsupported(const decoding& file, std::string_view form, std::string_view remedy) {
    return format_error{text(file.name, ": ", not_an_image, "it is ", form, "; ", remedy)};
}

}  // namespace rd4ad::inline RD4AD_ABI::image::detail
