// examples/contact_sheet.cpp: pictures in rows on one sheet, a JPEG or, by its name, a PNG.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <rd4ad/image/image.hpp>
#include <rd4ad/image/overlay.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/image/resize.hpp>
#include <rd4ad/image/write.hpp>

namespace image = rd4ad::image;

int main(int count, char** words) {
    if (count < 5) {
        std::fputs("usage: contact_sheet SHEET COLUMNS HEIGHT PICTURE...\n", stderr);
        return 2;
    }
    try {
        constexpr std::size_t gap = 6;
        const std::size_t columns = std::max(1ul, std::stoul(words[2])), height = std::max(1ul, std::stoul(words[3]));
        std::vector<image::picture> pictures, rows;
        for (int i = 4; i < count; ++i) {
            const auto one = image::read(words[i]);
            pictures.push_back(image::resize(one, std::max<std::size_t>(1, one.width * height / one.height), height));
        }
        for (std::size_t first = 0; first < pictures.size(); first += columns)
            rows.push_back(
                image::side_by_side(std::span{pictures}.subspan(first, std::min(columns, pictures.size() - first)), gap));
        std::size_t width = 0;
        for (const auto& row : rows) width = std::max(width, row.width);
        auto sheet = image::make_image<std::uint8_t>(width, rows.size() * (height + gap) - gap, 3, 255);
        for (std::size_t r = 0; r < rows.size(); ++r)
            for (std::size_t y = 0; y < height; ++y)
                std::copy_n(rows[r].row(y), rows[r].width * 3, sheet.at(0, r * (height + gap) + y));
        if (std::string_view{words[1]}.ends_with(".png"))
            image::write_png(words[1], sheet);
        else
            image::write_jpeg(words[1], sheet, 85);
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "contact_sheet: %s\n", problem.what());
        return 1;
    }
}
