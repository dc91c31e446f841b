// rd4ad/io/file_kind.hpp: names a file's probable kind by its first bytes, for messages. Twin: tests/io/file_kind.cpp
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <rd4ad/io/quoted.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

namespace detail {

inline constexpr std::string_view zip_magic{"PK\x03\x04", 4};

/// The first pickle of torch.save's stream format: protocol 2, the integer 0x1950a86a20f9469cfc6c, STOP.
inline constexpr std::string_view stream_magic{"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15};

[[nodiscard]] inline std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace detail

/// The probable kind of a file that is no tensor file, as the end of a message: "it is a JPEG photograph". bytes: at least the
/// first 24, or the whole file.
[[nodiscard]] inline std::string likely_kind(std::span<const std::byte> bytes) {
    const auto content = detail::as_text(bytes);
    if (content.empty()) return "it is empty";
    if (content.starts_with("version https://git-lfs"))
        return "it is a Git LFS placeholder; fetch the file itself with git lfs pull";
    if (content.starts_with('<')) return "it is a web page: the download failed; download the file again";
    struct kind {
        std::string_view start;
        const char* name;
    };
    constexpr kind kinds[]{{"\xFF\xD8\xFF", "a JPEG photograph"},
                           {{"\x89PNG", 4}, "a PNG image"},
                           {"BM", "a BMP image"},
                           {"GIF8", "a GIF image"},
                           {{"II*\0", 4}, "a TIFF image"},
                           {{"MM\0*", 4}, "a TIFF image"},
                           {"%PDF", "a PDF document"},
                           {"\x1F\x8B", "a gzip archive; unpack it"},
                           {"7z\xBC\xAF", "a 7-Zip archive; unpack it"},
                           {"Rar!", "a RAR archive; unpack it"},
                           {"\x7F"
                            "ELF",
                            "a program"},
                           {"\x89HDF", "an HDF5 file, such as Keras writes; convert it to safetensors"},
                           {detail::stream_magic, "a PyTorch checkpoint"},
                           {detail::zip_magic, "a ZIP archive, as PyTorch's checkpoints are"},
                           {"{", "a JSON file"}};
    for (const auto& one : kinds)
        if (content.starts_with(one.start)) return std::string{"it is "} + one.name;
    return "it starts with " + io::quoted(content.substr(0, 8));
}

}  // namespace rd4ad::inline RD4AD_ABI::io
