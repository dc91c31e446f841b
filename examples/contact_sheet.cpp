// examples/contact_sheet.cpp: arranges images in rows on one sheet, and writes a PNG or JPEG by the sheet's extension.
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

int main(int argc, char** argv) {
    if (argc < 5) {
        std::fputs("usage: contact_sheet SHEET COLUMNS HEIGHT IMAGE...\n", stderr);
        return 2;
    }
    try {
        constexpr std::size_t gap = 6;
        const std::size_t columns = std::max(1ul, std::stoul(argv[2])), height = std::max(1ul, std::stoul(argv[3]));
        std::vector<image::image_u8> images, rows;
        for (int i = 4; i < argc; ++i) {
            const auto one = image::read(argv[i]);
            images.push_back(image::resize(one, std::max<std::size_t>(1, one.width * height / one.height), height));
        }
        for (std::size_t first = 0; first < images.size(); first += columns)
            rows.push_back(image::side_by_side(std::span{images}.subspan(first, std::min(columns, images.size() - first)), gap));
        std::size_t width = 0;
        for (const auto& row : rows) width = std::max(width, row.width);
        auto sheet = image::make_image<std::uint8_t>(width, rows.size() * (height + gap) - gap, 3, 255);
        for (std::size_t r = 0; r < rows.size(); ++r)
            for (std::size_t y = 0; y < height; ++y)
                std::copy_n(rows[r].row(y), rows[r].width * 3, sheet.at(0, r * (height + gap) + y));
        if (std::string_view{argv[1]}.ends_with(".png"))
            image::write_png(argv[1], sheet);
        else
            image::write_jpeg(argv[1], sheet, 85);
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "contact_sheet: %s\n", problem.what());
        return 1;
    }
}
