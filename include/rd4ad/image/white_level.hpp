// rd4ad/image/white_level.hpp: finds 16-bit files whose values use a small part of the range. Twin: tests/image/white_level.cpp
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

/// The largest value of a PNG's colours, 0..65535; nullopt for a file with 8 bits per channel or fewer and for other formats,
/// whose header states the level of white. Decodes the file. Throws as read does.
[[nodiscard]] inline std::optional<std::uint16_t> largest_16_bit_value(const std::filesystem::path& path) {
    constexpr std::size_t header_bytes = 25;
    const auto header = detail::read_png_header(io::read_prefix(path, header_bytes));
    if (!header || header->bits != 16) return std::nullopt;
    const auto bytes = io::read_file(path);
    const std::string name = path.string();
    const auto file = detail::decoding_of(detail::check_file(bytes, name), bytes, name);
    const auto loaded = detail::load_by_stb<std::uint16_t>(file, 0);
    const std::size_t colours = loaded.channels - (loaded.channels % 2 == 0 ? 1 : 0);
    std::uint16_t largest = 0;
    for (std::size_t i = 0; i < file.width * file.height; ++i)
        for (std::size_t c = 0; c < colours; ++c) largest = std::max(largest, loaded.values.get()[i * loaded.channels + c]);
    return largest;
}

/// A warning where the 16-bit files among `files` have no value above a quarter of white: a camera of 14 bits or fewer whose
/// values were stored unscaled, so that `read` returns a nearly black image. nullopt otherwise. Decodes at most three of the
/// files, at equal distances. Leaves out files that can't be read.
[[nodiscard]] inline std::optional<std::string> white_level_warning(std::span<const std::filesystem::path> files) {
    constexpr std::size_t examined = 3;
    constexpr std::uint16_t quarter = 65536 / 4 - 1;
    std::uint16_t largest = 0;
    const std::filesystem::path* first = nullptr;
    const std::size_t step = std::max<std::size_t>(1, files.size() / examined);
    for (std::size_t i = 0, n = 0; i < files.size() && n < examined; i += step, ++n) {
        std::optional<std::uint16_t> found;
        try {
            found = largest_16_bit_value(files[i]);
        } catch (const error&) {
            continue;  // whoever reads the file reports it
        }
        if (!found) continue;
        largest = std::max(largest, *found);
        if (!first) first = &files[i];
    }
    if (!first || largest > quarter || largest == 0) return std::nullopt;
    int bits = 1;
    while ((1 << bits) <= largest) ++bits;
    return text(*first, ": its 16-bit values end at ", largest, " of 65535, as those of a camera with ", bits,
                " bits do: the network sees a nearly black image; multiply the values by ", 1 << (16 - bits),
                " before you save them");
}

}  // namespace rd4ad::inline RD4AD_ABI::image
