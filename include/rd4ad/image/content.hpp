// rd4ad/image/content.hpp: names the kind of a file by its first bytes, whatever its name. Twin: tests/image/content.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

/// The kind of a file, as a user knows it, and the remedy where an image is expected: "a TIFF image", "convert it to PNG".
struct content_kind {
    std::string_view name, remedy;
    friend bool operator==(const content_kind&, const content_kind&) = default;
};

namespace detail {

inline constexpr std::string_view to_png = "convert it to PNG", to_remove = "remove it, or replace it by the image",
                                  to_tiff = "build rd4ad with libtiff (RD4AD_TIFF), which decodes it, or convert it to PNG",
                                  to_webp = "build rd4ad with libwebp (RD4AD_WEBP), which decodes it, or convert it to PNG",
                                  to_unpack = "unpack it and give the images in it", to_copy = "copy the file again";

/// A kind, and the bytes that all its files have at the offset `at`.
struct signature {
    std::size_t at;
    std::string_view bytes;
    content_kind kind;
};

/// Signatures, the longer one first where one begins with the other. Those of the formats that every program reads are absent.
/// Source: the formats' specifications, and the table of the program `file`.
inline constexpr std::array signatures{
    signature{8, {"CR\2\0", 4}, {"a camera's raw image (CR2)", "develop it to PNG"}},
    signature{0, "FUJIFILMCCD-RAW", {"a camera's raw image (RAF)", "develop it to PNG"}},
    signature{0, "IIRO", {"a camera's raw image (ORF)", "develop it to PNG"}},
    signature{0, {"IIU\0", 4}, {"a camera's raw image (RW2)", "develop it to PNG"}},
    signature{0, {"II*\0", 4}, {"a TIFF image", to_tiff}},
    signature{0, {"MM\0*", 4}, {"a TIFF image", to_tiff}},
    signature{0, {"II+\0", 4}, {"a BigTIFF image", to_tiff}},
    signature{0, {"MM\0+", 4}, {"a BigTIFF image", to_tiff}},
    signature{0, "II\xBC", {"a JPEG XR image", to_png}},
    signature{8, "WEBP", {"a WebP image", to_webp}},
    signature{8, "AVI ", {"an AVI video", "save its frames as PNG"}},
    signature{8, "WAVE", {"a WAV sound", to_remove}},
    signature{4, "ftypavif", {"an AVIF image", to_png}},
    signature{4, "ftypavis", {"an AVIF image", to_png}},
    signature{4, "ftypcrx", {"a camera's raw image (CR3)", "develop it to PNG"}},
    signature{4, "ftyphe", {"an HEIC image", "convert it to PNG, or set the camera to JPEG"}},
    signature{4, "ftypmif1", {"an HEIF image", "convert it to PNG, or set the camera to JPEG"}},
    signature{4, "ftypmsf1", {"an HEIF image", "convert it to PNG, or set the camera to JPEG"}},
    signature{4, "ftyp", {"an MP4 or QuickTime video", "save its frames as PNG"}},
    signature{0, "\x1A\x45\xDF\xA3", {"a Matroska or WebM video", "save its frames as PNG"}},
    signature{0, {"\0\0\0\x0CjP  ", 8}, {"a JPEG 2000 image", to_png}},
    signature{0, "\xFF\x4F\xFF\x51", {"a JPEG 2000 image", to_png}},
    signature{0, {"\0\0\0\x0CJXL ", 8}, {"a JPEG XL image", to_png}},
    signature{0, "\xFF\x0A", {"a JPEG XL image", to_png}},
    signature{0, "GIF87a", {"a GIF image", to_png}},
    signature{0, "GIF89a", {"a GIF image", to_png}},
    signature{0, "8BPS", {"a Photoshop file", "save it as PNG"}},
    signature{0, "gimp xcf", {"a GIMP file", "export it as PNG"}},
    signature{0, "\x76\x2F\x31\x01", {"an OpenEXR image", to_png}},
    signature{0, "#?RADIANCE", {"a Radiance HDR image", to_png}},
    signature{0, "#?RGBE", {"a Radiance HDR image", to_png}},
    signature{0, "DDS ", {"a DDS texture", to_png}},
    signature{0, "qoif", {"a QOI image", to_png}},
    signature{0, {"\0\0\1\0", 4}, {"a Windows icon", to_png}},
    signature{0, "\x8AMNG", {"an MNG animation", to_png}},
    signature{0, "\x8BJNG", {"a JNG image", to_png}},
    signature{0, "BPG\xFB", {"a BPG image", to_png}},
    signature{0, "P7\n", {"a PAM image", to_png}},
    signature{0, "PF\n", {"a PFM image", to_png}},
    signature{0, "Pf\n", {"a PFM image", to_png}},
    signature{0, "P1", {"a PBM image in text form", "convert it to PNG, or to PBM in binary form (P4)"}},
    signature{0, "P2", {"a PGM image in text form", "convert it to PNG, or to PGM in binary form (P5)"}},
    signature{0, "P3", {"a PPM image in text form", "convert it to PNG, or to PPM in binary form (P6)"}},
    signature{0, "SIMPLE  =", {"a FITS image", to_png}},
    signature{128, "DICM", {"a DICOM image", to_png}},
    signature{0, "\x93NUMPY", {"a NumPy array", "save it as PNG"}},
    signature{0, "\x89HDF\r\n", {"an HDF5 file", "save its images as PNG"}},
    signature{0, "%PDF", {"a PDF document", "save its pages as PNG"}},
    signature{0, "%!PS", {"a PostScript document", "save its pages as PNG"}},
    signature{0, "\xD0\xCF\x11\xE0", {"an Office document or a Windows thumbnail cache", to_remove}},
    signature{0, {"\0\5\x16\7", 4}, {"macOS's metadata of a file (AppleDouble)", "remove it: the image is the file without ._"}},
    signature{0, {"\0\5\x16\0", 4}, {"macOS's metadata of a file (AppleSingle)", "remove it"}},
    signature{0, "bplist", {"a property list of macOS", to_remove}},
    signature{0, {"L\0\0\0\1\x14\2\0", 8}, {"a Windows shortcut", "give the file that it leads to"}},
    signature{0, "version https://git-lfs.", {"a pointer of Git LFS, not the file itself", "fetch the file: git lfs pull"}},
    signature{0, "PK\3\4", {"a ZIP archive", to_unpack}},
    signature{0, "PK\5\6", {"an empty ZIP archive", to_remove}},
    signature{0, "\x1F\x8B", {"a gzip archive", to_unpack}},
    signature{0, "7z\xBC\xAF\x27\x1C", {"a 7z archive", to_unpack}},
    signature{0, "Rar!\x1A\7", {"a RAR archive", to_unpack}},
    signature{0, {"\xFD\x37zXZ\0", 6}, {"an xz archive", to_unpack}},
    signature{0, "\x28\xB5\x2F\xFD", {"a Zstandard archive", to_unpack}},
    signature{0, "BZh", {"a bzip2 archive", to_unpack}},
    signature{257, "ustar", {"a tar archive", to_unpack}},
    signature{0,
              "\x7F"
              "ELF",
              {"a program", to_remove}},
    signature{0, {"MZ\x90\0", 4}, {"a program", to_remove}},
    signature{0, "SQLite format 3", {"an SQLite database", to_remove}},
};

[[nodiscard]] inline bool has_at(std::string_view bytes, std::size_t at, std::string_view expected) {
    return bytes.size() >= at && bytes.substr(at, expected.size()) == expected;
}

/// Whether the bytes are UTF-8 without control characters but those of lines and tabs. The last character may be cut.
[[nodiscard]] inline bool is_text(std::string_view bytes) {
    std::size_t following = 0;  // the bytes that the current character still needs
    for (const char letter : bytes) {
        const auto code = static_cast<unsigned char>(letter);
        if (following > 0) {
            if (code < 0x80 || code > 0xBF) return false;
            --following;
        } else if (code >= 0x80) {
            if (code < 0xC2 || code > 0xF4) return false;
            following = code < 0xE0 ? 1 : code < 0xF0 ? 2 : 3;
        } else if (code == 0x7F || (code < 0x20 && !(code >= 9 && code <= 13))) {
            return false;
        }
    }
    return true;
}

/// The kind of a text by its first letters; nullopt for bytes that are no text.
[[nodiscard]] inline std::optional<content_kind> text_kind(std::string_view bytes) {
    if (has_at(bytes, 0, "\xFF\xFE") || has_at(bytes, 0, "\xFE\xFF")) return content_kind{"a text in UTF-16", to_remove};
    if (has_at(bytes, 0, "\xEF\xBB\xBF")) bytes.remove_prefix(3);
    if (!is_text(bytes)) return std::nullopt;
    bytes.remove_prefix(std::min(bytes.find_first_not_of(" \t\r\n"), bytes.size()));
    std::string lower(bytes);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter; });
    const auto holds = [&](std::string_view part) { return lower.find(part) != std::string::npos; };
    if (lower.starts_with("<!doctype html") || lower.starts_with("<html") || holds("<body"))
        return content_kind{"a web page (HTML), as a failed download leaves it", "download the file again"};
    if (holds("<svg")) return content_kind{"an SVG drawing", to_png};
    if (lower.starts_with("<?xml") || lower.starts_with("<")) return content_kind{"an XML text", to_remove};
    if (lower.starts_with("{") || lower.starts_with("[")) return content_kind{"a JSON text", to_remove};
    return content_kind{"a text", to_remove};
}

}  // namespace detail

/// The kind of a file that is no PNG, JPEG, BMP, TGA or PNM, by its content. beginning: the file, or its first bytes; 512 are
/// enough but for a file of zeros. Returns nullopt for content that is not recognised, and for the formats that `read` decodes.
[[nodiscard]] inline std::optional<content_kind> recognise_content(std::span<const std::byte> beginning) {
    constexpr std::size_t enough = 512;
    const std::string_view all{reinterpret_cast<const char*>(beginning.data()), beginning.size()};
    if (all.empty()) return content_kind{"an empty file", "replace or remove it"};
    if (std::all_of(all.begin(), all.end(), [](char letter) { return letter == '\0'; }))
        return content_kind{"a file of zeros, as an interrupted copy leaves it", detail::to_copy};
    for (const auto& one : detail::signatures)
        if (detail::has_at(all, one.at, one.bytes)) return one.kind;
    return detail::text_kind(all.substr(0, enough));
}

}  // namespace rd4ad::inline RD4AD_ABI::image
