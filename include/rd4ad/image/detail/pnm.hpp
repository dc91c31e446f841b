// rd4ad/image/detail/pnm.hpp: decodes PBM, PGM and PPM files in binary form (P4, P5, P6). Twin: tests/image/pnm.cpp
//
// stb 2.27 accepts truncated files, takes 16-bit values in the machine's byte order and ignores the largest value that the header
// states; so a camera's 12-bit PGM would be nearly black.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include <rd4ad/image/detail/faults.hpp>
#include <rd4ad/image/detail/jpeg.hpp>
#include <rd4ad/image/detail/rows.hpp>

namespace rd4ad::inline RD4AD_ABI::image::detail {

/// The header of a binary PNM file. Source: netpbm's pbm(5), pgm(5) and ppm(5).
struct pnm_header {
    char kind{'5'};           ///< '4' bits, '5' grey, '6' RGB
    int width{0}, height{0};  ///< pixels
    std::uint32_t white{1};   ///< the value of white, 1..65535
    std::size_t pixels{0};    ///< the offset of the pixels

    [[nodiscard]] std::size_t channels() const noexcept { return kind == '6' ? 3 : 1; }
    [[nodiscard]] std::size_t row_bytes() const noexcept {
        const auto columns = static_cast<std::size_t>(width);
        return kind == '4' ? (columns + 7) / 8 : columns * channels() * (white > 255 ? 2 : 1);
    }
};

[[nodiscard]] inline bool is_pnm(std::span<const std::byte> bytes) {
    return bytes.size() >= 2 && byte_at(bytes, 0) == 'P' && byte_at(bytes, 1) >= '4' && byte_at(bytes, 1) <= '6';
}

/// The header of a PNM file; nullopt for other files, for numbers out of range, and where the bytes end before the pixels.
[[nodiscard]] inline std::optional<pnm_header> read_pnm_header(std::span<const std::byte> bytes) {
    if (!is_pnm(bytes)) return std::nullopt;
    std::size_t at = 2;
    const auto peek = [&] { return at < bytes.size() ? byte_at(bytes, at) : 0; };
    const auto is_space = [&] { return peek() == ' ' || (peek() >= '\t' && peek() <= '\r'); };
    const auto number = [&](std::uint32_t largest) -> std::optional<std::uint32_t> {
        if (!is_space() && peek() != '#') return std::nullopt;
        while (is_space() || peek() == '#')
            if (peek() == '#')
                while (at < bytes.size() && peek() != '\n') ++at;
            else
                ++at;
        std::uint64_t value = 0;
        if (peek() < '0' || peek() > '9') return std::nullopt;
        for (; peek() >= '0' && peek() <= '9'; ++at) value = std::min<std::uint64_t>(value * 10 + (peek() - '0'), 1u << 31);
        return value <= largest ? std::optional{static_cast<std::uint32_t>(value)} : std::nullopt;
    };
    constexpr std::uint32_t longest = 0x7FFFFFFF;
    const char kind = static_cast<char>(byte_at(bytes, 1));
    const auto width = number(longest), height = width ? number(longest) : std::nullopt;
    const auto white = !height ? std::nullopt : kind == '4' ? std::optional<std::uint32_t>{1} : number(65535);
    if (!white || *white == 0 || !is_space()) return std::nullopt;
    return pnm_header{kind, static_cast<int>(*width), static_cast<int>(*height), *white, at + 1};
}

/// Writes row y of a PNM file, width x channels values, scaled so that the header's white is the largest P.
template <class P>
void read_pnm_row(const pnm_header& header, std::span<const std::byte> bytes, std::size_t y, std::span<P> row) {
    constexpr std::uint64_t largest = std::numeric_limits<P>::max();
    const auto stored = bytes.subspan(header.pixels + y * header.row_bytes(), header.row_bytes());
    for (std::size_t i = 0; i < row.size(); ++i) {
        std::uint32_t value = 0;
        if (header.kind == '4')
            value = (byte_at(stored, i / 8) >> (7 - i % 8) & 1) != 0 ? 0 : 1;  // a set bit is black
        else if (header.white > 255)
            value = byte_at(stored, 2 * i) << 8 | byte_at(stored, 2 * i + 1);
        else
            value = byte_at(stored, i);
        row[i] = static_cast<P>((std::min(value, header.white) * largest + header.white / 2) / header.white);
    }
}

/// Calls use(row) for each row of a PNM file in order, with values of the type P. Throws format_error for a truncated file.
template <class P, class Use>
void for_each_pnm_row(const decoding& file, const Use& use) {
    const pnm_header header = *read_pnm_header(file.bytes);
    if ((file.bytes.size() - header.pixels) / header.row_bytes() < file.height) throw truncated(file);
    std::vector<P> row(file.width * header.channels());
    for (std::size_t y = 0; y < file.height; ++y) {
        read_pnm_row<P>(header, file.bytes, y, row);
        use(row.data(), header.channels());
    }
}

/// Decodes a PNM file to RGB of T. Throws as for_each_pnm_row does.
template <class T>
void decode_pnm(const decoding& file, basic_upright_rows<T>& rows) {
    for_each_pnm_row<T>(file, [&](const T* row, std::size_t channels) {
        convert_row(row, file.width, channels, rows.next());
        rows.done();
    });
}

}  // namespace rd4ad::inline RD4AD_ABI::image::detail
