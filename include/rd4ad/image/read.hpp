// rd4ad/image/read.hpp: reads image files as RGB. Twin: tests/image/read.cpp
#pragma once
#include <algorithm>
#include <atomic>
#include <climits>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/content.hpp>
#include <rd4ad/image/detail/faults.hpp>
#include <rd4ad/image/detail/jpeg.hpp>
#if defined(RD4AD_WITH_LIBJPEG)
#include <rd4ad/image/detail/libjpeg.hpp>
#endif
#if defined(RD4AD_WITH_TIFF)
#include <rd4ad/image/detail/libtiff.hpp>
#endif
#if defined(RD4AD_WITH_WEBP)
#include <rd4ad/image/detail/libwebp.hpp>
#endif
#include <rd4ad/image/detail/optional_decoder.hpp>
#include <rd4ad/image/detail/png.hpp>
#include <rd4ad/image/detail/pnm.hpp>
#include <rd4ad/image/detail/rows.hpp>
#include <rd4ad/image/detail/stb_decode.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/orientation.hpp>
#include <rd4ad/io/read_file.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

namespace detail {

/// A decoder of JPEG files.
struct jpeg_decoder {
    const char* library;
    void (*decode)(const decoding&, upright_rows&);
};

inline constexpr jpeg_decoder stb_jpeg_decoder{"stb_image", &decode_jpeg_by_stb};

/// The program's decoder. A file that is compiled with libjpeg-turbo replaces stb's for all files of the program. So every inline
/// function has one body, and one image has the same pixels everywhere.
inline constinit std::atomic<const jpeg_decoder*> current_jpeg_decoder{&stb_jpeg_decoder};
#if defined(RD4AD_WITH_LIBJPEG)
inline constexpr jpeg_decoder libjpeg_decoder{"libjpeg-turbo", &decode_jpeg_by_libjpeg};
inline const bool libjpeg_is_current = (current_jpeg_decoder.store(&libjpeg_decoder), true);
#endif

enum class file_format { unknown, png, jpeg, pnm, bmp, tga, by_library };

/// The format of a file, and the size in its header before the orientation is applied.
struct header {
    file_format format{file_format::unknown};
    int width{0}, height{0};
};

/// The header of a file or of its beginning (of a TIFF: the whole file), at most INT_MAX bytes; nullopt for content of another
/// kind (see recognise_content) and where the bytes end before the size.
[[nodiscard]] inline std::optional<header> read_header(std::span<const std::byte> bytes) {
    const auto as = [](file_format format, const auto& found) {
        return found ? std::optional{header{format, found->width, found->height}} : std::nullopt;
    };
    if (is_png(bytes)) return as(file_format::png, read_png_header(bytes));
    if (is_jpeg(bytes)) return as(file_format::jpeg, read_jpeg_frame(bytes));
    if (is_pnm(bytes)) return as(file_format::pnm, read_pnm_header(bytes));
    if (const auto* decoder = optional_decoder_of(bytes)) return as(file_format::by_library, decoder->form(bytes));
    if (bytes.empty() || recognise_content(bytes)) return std::nullopt;
    const auto size = bmp_or_tga_size(bytes);
    if (!size) return std::nullopt;
    const bool bmp = byte_at(bytes, 0) == 'B' && byte_at(bytes, 1) == 'M';
    return header{bmp ? file_format::bmp : file_format::tga, size->first, size->second};
}

/// The reason why a file has no header that read_header knows, and the remedy.
[[nodiscard]] inline std::string why_not_an_image(std::span<const std::byte> bytes) {
    if (is_png(bytes) && bytes.size() > 16 && std::string_view{reinterpret_cast<const char*>(bytes.data()) + 12, 4} == "CgBI")
        return "it is a PNG in Apple's own form (CgBI); convert it to PNG";
    bool is_jpeg_ls = false;
    jpeg_segments(bytes, [&](std::uint32_t marker, std::span<const std::byte>) { return !(is_jpeg_ls = marker == 0xF7); });
    if (is_jpeg_ls) return text("it is a JPEG-LS image; ", to_png);
    if (is_png(bytes) || is_jpeg(bytes) || is_pnm(bytes))
        return text("it is the beginning of a ",
                    is_png(bytes)    ? "PNG"
                    : is_jpeg(bytes) ? "JPEG"
                                     : "PNM",
                    ", whose header states no size; ", to_copy);
    if (optional_decoder_of(bytes) != nullptr)
        return text("it is ", recognise_content(bytes)->name, " whose header states no size; ", to_copy);
    if (const auto kind = recognise_content(bytes)) return text("it is ", kind->name, "; ", kind->remedy);
    if (bytes.size() >= 2 && byte_at(bytes, 0) == 'B' && byte_at(bytes, 1) == 'M')
        return text("it is a BMP of a form that is not read (run-length encoding, or an uncommon header); ", to_png);
    return text("its content is of an unknown kind; ", to_png, ", or remove it");
}

/// Throws format_error for a file that the decoders can't read for its size.
inline void check_file_size(std::size_t bytes, const std::string& name) {
    if (bytes > INT_MAX) throw format_error{text(name, ": is larger than 2 GiB; store the image compressed")};
}

/// Checks the header of a file, and returns it. Throws format_error as decode does.
[[nodiscard]] inline header check_file(std::span<const std::byte> bytes, const std::string& name) {
    if (bytes.empty()) throw format_error{text(name, ": ", not_an_image, "the file is empty; replace or remove it")};
    check_file_size(bytes.size(), name);
    const auto found = read_header(bytes);
    if (!found) throw format_error{text(name, ": ", not_an_image, why_not_an_image(bytes))};
    const std::string pixels = text(found->width, " x ", found->height, " pixels");
    if (found->width <= 0 || found->height <= 0)
        throw format_error{text(name, ": ", not_an_image, "its header states ", pixels, "; replace or remove the file")};
    if (static_cast<std::uint64_t>(found->width) * static_cast<std::uint64_t>(found->height) > max_image_pixels)
        throw format_error{text(name, ": its header states ", pixels, ", the limit is ", max_image_pixels,
                                " pixels; cut the image into smaller ones")};
    return *found;
}

/// The orientation in which a file stores its rows, as EXIF numbers it. A TGA may store them from right to left; stb accepts a
/// TGA that ends before this field.
[[nodiscard]] inline int stored_orientation(file_format format, std::span<const std::byte> bytes) {
    if (format == file_format::by_library) return optional_decoder_of(bytes)->form(bytes)->orientation;
    if (format == file_format::tga) return bytes.size() > 17 && (byte_at(bytes, 17) & 0x10) != 0 ? 2 : 1;
    return exif_orientation(bytes);
}

/// Decodes a JPEG by the program's decoder. Throws format_error as it does, and for a form that neither decoder reads.
inline void decode_jpeg(const decoding& file, upright_rows& rows) {
    const auto frame = read_jpeg_frame(file.bytes);
    if (frame->is_lossless) throw unsupported(file, "a lossless JPEG", to_png);
    if (frame->bits != 8) throw unsupported(file, text("a JPEG with ", frame->bits, " bits per sample"), to_png);
    current_jpeg_decoder.load()->decode(file, rows);
}

/// The size of a file's image as stored, and its name for messages.
[[nodiscard]] inline decoding decoding_of(const header& stored, std::span<const std::byte> bytes, const std::string& name) {
    return {bytes, name, static_cast<std::size_t>(stored.width), static_cast<std::size_t>(stored.height)};
}

/// Whether a file has more than 8 bits per channel.
[[nodiscard]] inline bool is_deep(file_format format, std::span<const std::byte> bytes) {
    if (format == file_format::png) return read_png_header(bytes)->bits == 16;
    if (format == file_format::by_library) return optional_decoder_of(bytes)->form(bytes)->is_deep;
    return format == file_format::pnm && read_pnm_header(bytes)->white > 255;
}

/// Decodes to RGB of T, upright. white: the value of white in a 16-bit PNG or TIFF, 0: 65535. T: std::uint8_t, or std::uint16_t
/// for a deep file.
template <class T>
[[nodiscard]] basic_image<T> decode_rgb(const header& stored, std::span<const std::byte> bytes, const std::string& name,
                                        std::uint32_t white) {
    const decoding file = decoding_of(stored, bytes, name);
    const int orientation = stored_orientation(stored.format, bytes);
    const bool transposed = orientation >= 5;
    auto image = make_image<T>(transposed ? file.height : file.width, transposed ? file.width : file.height, 3);
    basic_upright_rows<T> rows{image, orientation};
    if (stored.format == file_format::png)
        decode_png(file, white, rows);
    else if (stored.format == file_format::by_library)
        decode_by(*optional_decoder_of(bytes), file, white, rows);
    else if (stored.format == file_format::pnm)
        decode_pnm(file, rows);
    else if constexpr (std::same_as<T, std::uint8_t>)
        stored.format == file_format::jpeg ? decode_jpeg(file, rows) : decode_bmp_or_tga(file, rows);
    return image;
}

/// Reads parts of an open file: file_reader{stream}(at, out) returns false where out reaches past the end.
struct file_reader {
    std::ifstream& file;
    bool operator()(std::size_t at, std::span<std::byte> out) const {
        file.clear();
        file.seekg(static_cast<std::streamoff>(at));
        return static_cast<bool>(file.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size())));
    }
};

/// Whether the beginning of a JPEG reaches its first scan: the EXIF orientation can stand anywhere before it.
[[nodiscard]] inline bool reaches_scan(std::span<const std::byte> bytes) {
    bool reached = false;
    jpeg_segments(bytes, [&](std::uint32_t marker, std::span<const std::byte>) { return !(reached = marker == 0xDA); });
    return reached;
}

}  // namespace detail

/// The library that decodes JPEG in this program: "libjpeg-turbo" or "stb_image". Their pixels differ by rounding.
[[nodiscard]] inline std::string jpeg_library() { return detail::current_jpeg_decoder.load()->library; }

/// The library that decodes TIFF in this program, "libtiff", or "" for a program that reads no TIFF.
[[nodiscard]] inline std::string tiff_library() {
    const auto* decoder = detail::tiff_decoder.load();
    return decoder == nullptr ? "" : decoder->library;
}

/// The library that decodes WebP in this program, "libwebp", or "" for a program that reads no WebP.
[[nodiscard]] inline std::string webp_library() {
    const auto* decoder = detail::webp_decoder.load();
    return decoder == nullptr ? "" : decoder->library;
}

/// Decodes an image file's bytes to RGB (3 channels, 8 bit): repeats grey, resolves palettes, composes transparent pixels over
/// image_background, scales 16 bit (v / 257, rounded) and applies the EXIF orientation of a JPEG, PNG or WebP and that of a TIFF.
/// Ignores colour profiles and gamma, as Pillow does. name: the file's name in messages. Throws format_error for bytes that are
/// no PNG, JPEG, BMP, TGA or binary PNM, nor a TIFF or WebP that the program's libraries decode (naming their kind), that are
/// empty, truncated or damaged, or whose image has more than max_image_pixels pixels.
[[nodiscard]] inline image_u8 decode(std::span<const std::byte> bytes, const std::string& name) {
    return detail::decode_rgb<std::uint8_t>(detail::check_file(bytes, name), bytes, name, 0);
}

/// The same; white: the value of white in a 16-bit PNG or TIFF, as for decode_deep.
[[nodiscard]] inline image_u8 decode(std::span<const std::byte> bytes, const std::string& name, std::uint32_t white) {
    return detail::decode_rgb<std::uint8_t>(detail::check_file(bytes, name), bytes, name, white);
}

/// Decodes the bytes of a file with more than 8 bits per channel (a PNG of 16 bits, a TIFF of 16 or of 32-bit floating-point
/// numbers, a PNM whose white is above 255) to RGB with
/// 16 bits per value, 65535 being white; otherwise as decode does. white: the value of white in a PNG or TIFF, for a camera's 12
/// bits 4095; 0: 65535. Larger values are white. A PNM states its own. Returns nullopt for other images. Throws as decode does.
[[nodiscard]] inline std::optional<image_u16> decode_deep(std::span<const std::byte> bytes, const std::string& name,
                                                          std::uint32_t white = 0) {
    const auto stored = detail::check_file(bytes, name);
    if (!detail::is_deep(stored.format, bytes)) return std::nullopt;
    return detail::decode_rgb<std::uint16_t>(stored, bytes, name, white);
}

/// The bytes of an image file, for decode. Before it takes the memory for more than 64 MiB, it checks by the file's beginning
/// that this is an image, and one that can have so many bytes: a sparse file has any size. Throws io_error and memory_error as
/// io::read_file does, and format_error for a large file that decode would refuse.
[[nodiscard]] inline std::vector<std::byte> read_bytes(const std::filesystem::path& path) {
    constexpr std::size_t small = std::size_t{1} << 26, beginning = std::size_t{1} << 20, most_per_pixel = 16;
    const io::file_reader file{path};
    if (file.size() > small) {
        const auto name = path.string();
        detail::check_file_size(file.size(), name);
        const auto prefix = io::read_prefix(file, beginning);
        const bool is_later = detail::optional_decoder_of(prefix) != nullptr || detail::is_jpeg(prefix);  // the header may be
        const auto found = is_later ? detail::read_header(prefix) : std::optional{detail::check_file(prefix, name)};
        const auto pixels = [](int side) { return static_cast<std::uint64_t>(std::max(side, 0)); };
        if (found && file.size() > small + most_per_pixel * pixels(found->width) * pixels(found->height))
            throw format_error{text(name, ": ", detail::not_an_image, "it has ", file.size(), " bytes, and its header states ",
                                    found->width, " x ", found->height, " pixels; ", detail::to_copy)};
    }
    return io::read_prefix(file, file.size());
}

/// Reads an image file as decode does. Throws as read_bytes and decode do.
[[nodiscard]] inline image_u8 read(const std::filesystem::path& path) { return decode(read_bytes(path), path.string()); }

/// The same; white: the value of white in a 16-bit PNG or TIFF, as for decode_deep.
[[nodiscard]] inline image_u8 read(const std::filesystem::path& path, std::uint32_t white) {
    return decode(read_bytes(path), path.string(), white);
}

/// The orientation of a JPEG, PNG, TIFF or WebP file, 1 to 8; 1 for other files. Reads the file's first 64 KiB, in which a JPEG's
/// lies, the heads of a PNG's chunks, and a TIFF or WebP whole. Throws io_error as io::read_prefix does.
[[nodiscard]] inline int read_orientation(const std::filesystem::path& path) {
    const auto bytes = io::read_prefix(path, std::size_t{1} << 16);
    if (const auto* decoder = detail::optional_decoder_of(bytes)) {
        const auto form = decoder->form(read_bytes(path));
        return form ? form->orientation : 1;
    }
    if (!detail::is_png(bytes)) return exif_orientation(bytes);
    std::ifstream file{path, std::ios::binary};
    return detail::png_orientation(detail::file_reader{file});
}

/// The size of the image that `decode` returns for a file's bytes. Throws format_error as decode does for the header.
[[nodiscard]] inline size read_size(std::span<const std::byte> bytes, const std::string& name) {
    const auto stored = detail::check_file(bytes, name);
    const size found{static_cast<std::size_t>(stored.width), static_cast<std::size_t>(stored.height)};
    return detail::stored_orientation(stored.format, bytes) > 4 ? size{found.height, found.width} : found;
}

/// The size of the image that `read` returns. Reads the file's first 64 KiB, more only where a JPEG's header is longer, the heads
/// of a PNG's chunks, and a TIFF whole, whose header may stand at its end. Throws io_error as io::read_prefix does, and
/// format_error for a file that is no image.
[[nodiscard]] inline size read_size(const std::filesystem::path& path) {
    constexpr std::size_t first_bytes = std::size_t{1} << 16, max_bytes = INT_MAX, growth = 16;
    for (std::size_t limit = first_bytes;; limit = std::min(limit * growth, max_bytes)) {
        const auto prefix = io::read_prefix(path, limit);
        const auto bytes = detail::optional_decoder_of(prefix) == nullptr ? prefix : read_bytes(path);
        const auto stored = detail::read_header(bytes);
        const bool known = stored && stored->width > 0 && stored->height > 0, last = bytes.size() < limit || limit == max_bytes;
        if (!last && detail::is_jpeg(bytes) && !detail::reaches_scan(bytes)) continue;
        if (!known)
            throw format_error{text(
                path, ": ", detail::not_an_image,
                stored ? text("its header states ", stored->width, " x ", stored->height, " pixels; replace or remove the file")
                : bytes.empty() ? std::string{"the file is empty; replace or remove it"}
                                : detail::why_not_an_image(bytes))};
        const size found{static_cast<std::size_t>(stored->width), static_cast<std::size_t>(stored->height)};
        const int orientation = stored->format == detail::file_format::by_library
                                    ? detail::stored_orientation(stored->format, bytes)
                                : detail::is_png(bytes) ? read_orientation(path)
                                                        : exif_orientation(bytes);
        return orientation > 4 ? size{found.height, found.width} : found;
    }
}

}  // namespace rd4ad::inline RD4AD_ABI::image
