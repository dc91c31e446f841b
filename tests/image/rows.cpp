#include <rd4ad/image/detail/rows.hpp>
//
#include <array>
#include <vector>

#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;

TEST_CASE("rows are converted to 8-bit RGB over white", "[image]") {
    using values = std::vector<std::uint8_t>;
    const auto converted = [](const auto& from, std::size_t channels) {
        values rgb(from.size() / channels * 3);
        image::detail::convert_row(from.data(), from.size() / channels, channels, rgb.data());
        return rgb;
    };
    CHECK(converted(values{7, 9}, 1) == values{7, 7, 7, 9, 9, 9});
    CHECK(converted(values{1, 2, 3}, 3) == values{1, 2, 3});
    CHECK(converted(values{100, 255, 100, 0, 100, 128}, 2) == values{100, 100, 100, 255, 255, 255, 177, 177, 177});
    CHECK(converted(values{10, 20, 30, 128}, 4) == values{132, 137, 142});
    using deep = std::vector<std::uint16_t>;
    CHECK(converted(deep{0, 128, 129, 65535, 65535, 65535}, 3) == values{0, 0, 1, 255, 255, 255});
    CHECK(converted(deep{65535, 0, 0, 65535, 65535, 0, 0, 0}, 4) == values{255, 0, 0, 255, 255, 255});
}

TEST_CASE("rows are written upright as they come", "[image]") {
    for (const std::size_t height : {1u, 15u, 16u, 33u}) {
        const auto stored = test::noise(6, height, 3, height);
        for (int orientation = 1; orientation <= 8; ++orientation) {
            CAPTURE(height, orientation);
            const auto expected = image::upright(stored, orientation);
            auto written = image::make_image<std::uint8_t>(expected.width, expected.height, 3);
            image::detail::upright_rows rows{written, orientation};
            for (std::size_t y = 0; y < height; ++y) {
                std::copy_n(stored.row(y), 18, rows.next());
                rows.done();
            }
            CHECK(written == expected);
        }
    }
}
}  // namespace
