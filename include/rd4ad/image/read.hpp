// rd4ad/image/read.hpp: image files to pixels, always RGB, and masks to zeros and ones. Twin: tests/image/read.cpp
#pragma once
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/image/detail/jpeg.hpp>
#include <rd4ad/image/detail/stb.hpp>
#include <rd4ad/image/detail/truncation.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/orientation.hpp>

namespace rd4ad::image {

/// Images of more pixels than this are refused before memory is taken: 2^28, 16384 x 16384.
inline constexpr std::uint64_t largest_image = std::uint64_t{1} << 28;

namespace detail {

inline constexpr const char* not_an_image = "is not an image this library reads (PNG, JPEG, BMP, TGA): ";

/// The whole of a file. Throws io_error, and format_error where it is empty.
[[nodiscard]] inline std::vector<std::byte> file_bytes(const std::filesystem::path& path) {
    std::error_code failure;
    const auto status = std::filesystem::status(path, failure);
    if (!std::filesystem::exists(status)) throw io_error{path.string() + ": no such file; check the path"};
    if (std::filesystem::is_directory(status)) throw io_error{path.string() + ": is a folder, expected an image file"};
    std::ifstream file{path, std::ios::binary | std::ios::ate};
    if (!file) throw io_error{path.string() + ": can't be opened for reading; check its permissions"};
    const std::streamoff size = file.tellg();
    std::vector<std::byte> bytes(size > 0 ? static_cast<std::size_t>(size) : 0);
    file.seekg(0);
    if (size < 0 || !file.read(reinterpret_cast<char*>(bytes.data()), size)) throw io_error{path.string() + ": reading failed"};
    return bytes;
}

struct free_memory {
    void operator()(void* block) const noexcept { std::free(block); }
};

[[nodiscard]] inline std::string stb_reason() {
    const char* reason = stb::stbi_failure_reason();
    return reason ? reason : "unknown reason";
}

/// Width and height as a PNG's first chunk says; false for other files. stb calls a very large one of unknown type.
[[nodiscard]] inline bool png_size(std::span<const std::byte> bytes, int& width, int& height) {
    constexpr std::string_view begin{"\x89PNG\r\n\x1A\n\0\0\0\rIHDR", 16};
    if (bytes.size() < 24 || std::memcmp(bytes.data(), begin.data(), begin.size()) != 0) return false;
    const auto number = [&](std::size_t at) {
        return static_cast<int>(tiff_number(bytes, at, 4, true).value_or(0) & 0x7FFFFFFF);
    };
    width = number(16);
    height = number(20);
    return true;
}

/// Pixels of `channels` channels (1 or 3) in 8 bit, upright.
[[nodiscard]] inline picture decode_as(std::span<const std::byte> bytes, const std::string& name, int channels) {
    if (bytes.empty()) throw format_error{name + ": " + not_an_image + "the file is empty; replace or remove it"};
    if (bytes.size() > INT_MAX) throw format_error{name + ": is larger than 2 GiB; store the image compressed"};
    const auto* data = reinterpret_cast<const stb::stbi_uc*>(bytes.data());
    const int size = static_cast<int>(bytes.size());
    int width = 0, height = 0, stored = 0;
    if (!png_size(bytes, width, height) && !stb::stbi_info_from_memory(data, size, &width, &height, &stored))
        throw format_error{name + ": " + not_an_image + stb_reason() + "; convert it to one of them, or remove it"};
    const std::string sizes = std::to_string(width) + " x " + std::to_string(height) + " pixels";
    if (width <= 0 || height <= 0) throw format_error{name + ": " + not_an_image + "its header says " + sizes};
    if (static_cast<std::uint64_t>(width) * static_cast<std::uint64_t>(height) > largest_image)
        throw format_error{name + ": its header says " + sizes + ", the limit is " + std::to_string(largest_image) +
                           " pixels; cut the image into smaller ones"};
    if (cut_short(bytes))
        throw format_error{name + ": is cut short: its " + std::to_string(size) + " bytes don't hold the " + sizes +
                           " its header says; copy the file again"};
    if (is_jpeg(bytes) && !jpeg_tables_fit(bytes))
        throw format_error{name + ": " + not_an_image + "a Huffman table is damaged; copy or convert the file again"};
    const auto failed = [&] {
        return format_error{name + ": " + not_an_image + stb_reason() + "; the file is damaged, copy or convert it again"};
    };
    picture out = make_image<std::uint8_t>(static_cast<std::size_t>(width), static_cast<std::size_t>(height),
                                           static_cast<std::size_t>(channels));
    if (stb::stbi_is_16_bit_from_memory(data, size)) {
        const std::unique_ptr<stb::stbi_us, free_memory> pixels{
            stb::stbi_load_16_from_memory(data, size, &width, &height, &stored, channels)};
        if (!pixels) throw failed();
        for (std::size_t i = 0; i < out.pixels.size(); ++i)  // 65535 = 255 * 257: scaled to the nearest, not cut off
            out.pixels[i] = static_cast<std::uint8_t>((pixels.get()[i] + 128u) / 257u);
    } else {
        const std::unique_ptr<stb::stbi_uc, free_memory> pixels{
            stb::stbi_load_from_memory(data, size, &width, &height, &stored, channels)};
        if (!pixels) throw failed();
        out.pixels.assign(pixels.get(), pixels.get() + out.pixels.size());
    }
    return upright(std::move(out), jpeg_orientation(bytes));
}

}  // namespace detail

/// An image from a file's bytes, always RGB (3 channels): grey repeated, alpha ignored, palettes resolved, 16 bit scaled
/// (v / 257, rounded), a JPEG's EXIF orientation respected. `name` stands for the file in messages.
/// Throws format_error for what is no PNG, JPEG, BMP or TGA, is empty, cut short or damaged, or has more than
/// largest_image pixels.
[[nodiscard]] inline picture decode(std::span<const std::byte> bytes, const std::string& name) {
    return detail::decode_as(bytes, name, 3);
}

/// decode of a file. Throws io_error where it is missing, a folder or unreadable.
[[nodiscard]] inline picture read(const std::filesystem::path& path) { return decode(detail::file_bytes(path), path.string()); }

/// Width and height in pixels.
struct size {
    std::size_t width{0}, height{0};
    friend bool operator==(const size&, const size&) = default;
};

/// The size that read would give, by the file's header. Throws io_error, and format_error for what is no image.
[[nodiscard]] inline size read_size(const std::filesystem::path& path) {
    const auto bytes = detail::file_bytes(path);
    int width = 0, height = 0, stored = 0;
    const bool known = !bytes.empty() && bytes.size() <= INT_MAX &&
                       (detail::png_size(bytes, width, height) ||
                        detail::stb::stbi_info_from_memory(reinterpret_cast<const detail::stb::stbi_uc*>(bytes.data()),
                                                           static_cast<int>(bytes.size()), &width, &height, &stored) != 0);
    if (!known || width <= 0 || height <= 0)
        throw format_error{path.string() + ": " + detail::not_an_image + "its size can't be told; replace or remove it"};
    const size upright{static_cast<std::size_t>(width), static_cast<std::size_t>(height)};
    return jpeg_orientation(bytes) > 4 ? size{upright.height, upright.width} : upright;
}

/// A mask: 1 channel, 1 where the file's grey value (8 bit, colours by their luma) is above `above`, else 0.
/// Throws as read does.
[[nodiscard]] inline picture read_mask(const std::filesystem::path& path, std::uint8_t above = 127) {
    picture mask = detail::decode_as(detail::file_bytes(path), path.string(), 1);
    for (auto& value : mask.pixels) value = value > above ? 1 : 0;
    return mask;
}

}  // namespace rd4ad::image
