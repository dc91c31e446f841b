// tests/support/tiff_files.hpp: uncompressed TIFF files of any stated form, right and wrong ones.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace rd4ad::test {

/// The fields of one page; little endian, one strip or one row of tiles per band.
struct tiff_page {
    std::uint32_t width{1}, height{1};
    unsigned bits{8}, samples{1}, photometric{1};  ///< 0 white is zero, 1 black is zero, 2 RGB
    unsigned format{1};                            ///< 1 whole numbers, 2 signed, 3 floating point
    unsigned compression{1}, orientation{1}, planes{1};
    unsigned extra{
        0xFFFF};          ///< kind of an extra sample: 0 none stated, 1 associated, 2 unassociated alpha; 0xFFFF: no extra sample
    unsigned subfile{0};  ///< 1: a reduced copy
    std::uint32_t rows_per_strip{0};  ///< 0: one strip
    std::uint32_t tile{0};            ///< side of the tiles; 0: strips
    std::string pixels{};             ///< of all strips or tiles, one after another
};

/// The bytes of values, in the machine's order (little endian).
template <class T>
std::string raw_values(const std::vector<T>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

/// A TIFF file of pages. Each strip or tile takes an equal part of `pixels`.
inline std::string tiff_file(const std::vector<tiff_page>& pages) {
    std::string out{"II*\0\0\0\0\0", 8};
    std::size_t link = 4;  // where the offset of the next directory stands
    const auto put = [&](std::size_t at, std::uint32_t value) { std::memcpy(out.data() + at, &value, 4); };
    for (const auto& page : pages) {
        const std::uint32_t across = page.tile == 0 ? 1 : (page.width + page.tile - 1) / page.tile;
        const std::uint32_t rows = page.tile != 0 ? page.tile : page.rows_per_strip != 0 ? page.rows_per_strip : page.height;
        const std::uint32_t parts = across * ((page.height + rows - 1) / rows) * (page.planes == 2 ? page.samples : 1);
        const auto bytes = static_cast<std::uint32_t>(page.pixels.size() / (parts == 0 ? 1 : parts));
        std::vector<std::uint32_t> offsets, counts, bits(page.samples, page.bits);
        for (std::uint32_t i = 0; i < parts; ++i) {
            offsets.push_back(static_cast<std::uint32_t>(out.size()) + i * bytes);
            counts.push_back(bytes);
        }
        out += page.pixels;
        struct entry {
            unsigned tag, type;
            std::vector<std::uint32_t> values;
        };
        std::vector<entry> entries{{254, 4, {page.subfile}}, {256, 4, {page.width}},       {257, 4, {page.height}},
                                   {258, 3, bits},           {259, 3, {page.compression}}, {262, 3, {page.photometric}}};
        if (page.tile == 0) entries.push_back({273, 4, offsets});
        entries.push_back({274, 3, {page.orientation}});
        entries.push_back({277, 3, {page.samples}});
        if (page.tile == 0) entries.push_back({278, 4, {rows}}), entries.push_back({279, 4, counts});
        entries.push_back({284, 3, {page.planes}});
        if (page.tile != 0)
            for (auto& one :
                 {entry{322, 4, {page.tile}}, entry{323, 4, {page.tile}}, entry{324, 4, offsets}, entry{325, 4, counts}})
                entries.push_back(one);
        if (page.extra != 0xFFFF) entries.push_back({338, 3, {page.extra}});
        entries.push_back({339, 3, std::vector<std::uint32_t>(page.samples, page.format)});
        std::string directory{static_cast<char>(entries.size()), '\0'};
        std::string longer;  // values that do not fit into their entry, before the directory
        const auto text_of = [](std::uint32_t value, std::size_t size) {
            return std::string{reinterpret_cast<const char*>(&value), size};
        };
        if (out.size() % 2 != 0) out += '\0';
        for (const auto& one : entries) {
            const std::size_t size = one.type == 3 ? 2 : 4;
            std::string values;
            for (const auto value : one.values) values += text_of(value, size);
            directory += text_of(one.tag, 2) + text_of(one.type, 2) + text_of(static_cast<std::uint32_t>(one.values.size()), 4);
            if (values.size() <= 4) {
                directory += values + std::string(4 - values.size(), '\0');
            } else {
                directory += text_of(static_cast<std::uint32_t>(out.size() + longer.size()), 4);
                longer += values + std::string(values.size() % 2, '\0');
            }
        }
        out += longer;
        put(link, static_cast<std::uint32_t>(out.size()));
        out += directory;
        link = out.size();
        out += std::string(4, '\0');
    }
    return out;
}

inline std::string tiff_file(const tiff_page& page) { return tiff_file(std::vector<tiff_page>{page}); }

}  // namespace rd4ad::test
