// rd4ad/image/white_level.hpp: finds the level of white of 16-bit files. Twin: tests/image/white_level.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include <rd4ad/core/text.hpp>
#include <rd4ad/image/detail/png.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/io/read_file.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

namespace detail {

/// The largest colour of a file whose rows take a level of white; nullopt for other files. Throws as read does.
[[nodiscard]] inline std::optional<std::uint16_t> largest_value_by(const optional_decoder& decoder,
                                                                   std::span<const std::byte> bytes, const std::string& name) {
    const auto form = decoder.form(bytes);
    if (!form || !form->takes_white) return std::nullopt;
    const auto file = decoding_of(check_file(bytes, name), bytes, name);
    std::uint16_t largest = 0;
    decoder.decode(file, {.deep = [&](const std::uint16_t* row, std::size_t channels) {
                       const std::size_t colours = channels - (channels % 2 == 0 ? 1 : 0);
                       for (std::size_t i = 0; i < file.width * channels; ++i)
                           if (i % channels < colours) largest = std::max(largest, row[i]);
                   }});
    return largest;
}

}  // namespace detail

/// The largest value of a PNG's or TIFF's colours, 0..65535; nullopt for a file with 8 bits per channel or fewer and for other
/// formats, whose header states the level of white. Decodes the file. Throws as read does.
[[nodiscard]] inline std::optional<std::uint16_t> largest_16_bit_value(const std::filesystem::path& path) {
    constexpr std::size_t header_bytes = 25;
    const auto beginning = io::read_prefix(path, header_bytes);
    const auto* decoder = detail::optional_decoder_of(beginning);
    const auto header = detail::read_png_header(beginning);
    if (decoder == nullptr && (!header || header->bits != 16)) return std::nullopt;
    const auto bytes = read_bytes(path);
    const std::string name = path.string();
    if (decoder != nullptr) return detail::largest_value_by(*decoder, bytes, name);
    const auto file = detail::decoding_of(detail::check_file(bytes, name), bytes, name);
    const auto loaded = detail::load_by_stb<std::uint16_t>(file, 0);
    const std::size_t colours = loaded.channels - (loaded.channels % 2 == 0 ? 1 : 0);
    std::uint16_t largest = 0;
    for (std::size_t i = 0; i < file.width * file.height; ++i)
        for (std::size_t c = 0; c < colours; ++c) largest = std::max(largest, loaded.values.get()[i * loaded.channels + c]);
    return largest;
}

/// The largest value of the 16-bit PNG and TIFF files among `files`, and the first of these files.
struct deep_files {
    std::uint16_t largest{0};
    std::filesystem::path first{};  ///< empty: there is none
};

/// Examines at most `examined` of the files, at equal distances: decodes those of them that are 16-bit PNGs or TIFFs. Leaves out
/// files that can't be read, which whoever reads them reports.
[[nodiscard]] inline deep_files examine_deep_files(std::span<const std::filesystem::path> files, std::size_t examined) {
    deep_files found;
    const std::size_t step = std::max<std::size_t>(1, files.size() / examined);
    for (std::size_t i = 0, n = 0; i < files.size() && n < examined; i += step, ++n) {
        std::optional<std::uint16_t> largest;
        try {
            largest = largest_16_bit_value(files[i]);
        } catch (const error&) {
            continue;
        }
        if (!largest) continue;
        found.largest = std::max(found.largest, *largest);
        if (found.first.empty()) found.first = files[i];
    }
    return found;
}

/// The level of white of a camera whose values were stored unscaled in 16-bit PNG or TIFF files: 255, 1023, 4095 or 16383, the
/// lowest that no value exceeds; 0 where values are above a quarter of 65535, and without such files. Decodes at most 16 files.
[[nodiscard]] inline std::uint32_t find_white_level(std::span<const std::filesystem::path> files) {
    const auto found = examine_deep_files(files, 16);
    if (found.largest == 0) return 0;
    for (const std::uint32_t white : {255u, 1023u, 4095u, 16383u})
        if (found.largest <= white) return white;
    return 0;
}

/// The number of bits whose largest value is this level of white or the next one above it: 12 for 4095.
[[nodiscard]] constexpr int bits_of_white(std::uint32_t white) noexcept {
    int bits = 1;
    while ((std::uint32_t{1} << bits) <= white) ++bits;
    return bits;
}

/// A warning where 16-bit PNG or TIFF files do not fit the level of white with which a model reads them (data::preprocessing):
/// without a level, where no value is above a quarter of 65535, as the values of a camera of 14 bits or fewer that were stored
/// unscaled; with one, where a value is above it. nullopt otherwise. Decodes at most three of the files.
[[nodiscard]] inline std::optional<std::string> white_level_warning(std::span<const std::filesystem::path> files,
                                                                    std::uint32_t white_level) {
    constexpr std::uint16_t quarter = 65536 / 4 - 1;
    const auto [largest, first] = examine_deep_files(files, 3);
    if (first.empty() || largest == 0) return std::nullopt;
    if (white_level != 0 && largest > white_level)
        return text(first, ": its 16-bit values reach ", largest, ", the model was trained on images whose white is ",
                    white_level, ": larger values become white; give it images of the training's camera settings");
    if (white_level != 0 || largest > quarter) return std::nullopt;
    const int bits = bits_of_white(largest);
    return text(
        first, ": its 16-bit values end at ", largest, " of 65535, as those of a camera with ", bits,
        " bits do, and the model was trained on images whose white is 65535: it sees a nearly black image; train with images "
        "of this camera, or multiply the values by ",
        1 << (16 - bits), " before you save them");
}

}  // namespace rd4ad::inline RD4AD_ABI::image
