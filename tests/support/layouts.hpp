// tests/support/layouts.hpp: writes small data sets into a scratch folder, and describes the items that a layout finds.
#pragma once
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

#include <rd4ad/data/dataset.hpp>
#include <rd4ad/image/write.hpp>
#include <support/image_files.hpp>

namespace rd4ad::test {

/// Writes files of one byte each, for layouts that look at names only.
inline void touch(const std::filesystem::path& root, std::initializer_list<const char*> names) {
    for (const char* name : names) write_content(root / name, "x");
}

/// Writes a mask of zeros with one pixel of the value `white` at x, y.
inline void write_mask(const std::filesystem::path& path, std::size_t width, std::size_t height, std::size_t x, std::size_t y,
                       std::uint8_t white = 255) {
    std::filesystem::create_directories(path.parent_path());
    auto mask = image::make_image<std::uint8_t>(width, height, 1);
    *mask.at(x, y) = white;
    image::write_png(path, mask);
}

/// One line per item, "train/good/a.png good -": path below the root, kind ("!" for a defect), mask below the root or "-".
inline std::vector<std::string> described(const std::vector<data::item>& items, const std::filesystem::path& root) {
    std::vector<std::string> lines;
    for (const auto& one : items)
        lines.push_back(one.image.lexically_relative(root).generic_string() + ' ' + one.kind + (one.is_anomalous ? "! " : " ") +
                        (one.mask ? one.mask->lexically_relative(root).generic_string() : "-"));
    return lines;
}

using lines = std::vector<std::string>;

}  // namespace rd4ad::test
