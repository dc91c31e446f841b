#include <rd4ad/image/detail/jpeg.hpp>
//
#include <algorithm>
#include <iterator>

#include <rd4ad/image/read.hpp>
#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;

TEST_CASE("the segments of a JPEG are visited up to its end", "[image]") {
    const auto content = test::bytes_of_file(test::image_data("formats/progressive.jpg"));
    std::vector<std::uint32_t> markers;
    CHECK(image::detail::jpeg_segments(std::as_bytes(std::span{content}), [&](std::uint32_t marker, std::span<const std::byte>) {
        markers.push_back(marker);
        return true;
    }));
    CHECK(std::count(markers.begin(), markers.end(), 0xDAu) == 10);  // the scans of a progressive file
    CHECK(markers.front() == 0xE0);
    CHECK(image::detail::jpeg_tables_fit(std::as_bytes(std::span{content})));
    CHECK_FALSE(image::detail::jpeg_segments({}, [](std::uint32_t, std::span<const std::byte>) { return true; }));
}

TEST_CASE("the frame of a JPEG is found", "[image]") {
    const auto frame_of = [](const char* name) {
        const auto content = test::bytes_of_file(test::image_data(std::string{"formats/"} + name));
        return image::detail::read_jpeg_frame(std::as_bytes(std::span{content}));
    };
    const auto progressive = frame_of("progressive.jpg"), cmyk = frame_of("exact_cmyk.jpg"),
               bare = frame_of("exact_no_tables.jpg");
    REQUIRE((progressive && cmyk && bare));
    CHECK((progressive->width == 24 && progressive->height == 16 && progressive->bits == 8 && progressive->components == 3));
    CHECK((cmyk->components == 4 && cmyk->has_adobe && cmyk->has_tables));
    CHECK_FALSE(progressive->has_adobe);
    CHECK_FALSE(bare->has_tables);
    CHECK_FALSE(frame_of("rgb.png"));
}

TEST_CASE("a Huffman table with more codes than the format allows is found", "[image]") {
    auto content = test::bytes_of_file(test::image_data("formats/grey.jpg"));
    const std::uint8_t marker[] = {0xFF, 0xC4};
    const auto table = std::search(content.begin(), content.end(), std::begin(marker), std::end(marker));
    REQUIRE(table != content.end());
    table[20] = 255;  // the number of 16-bit codes
    CHECK_FALSE(image::detail::jpeg_tables_fit(std::as_bytes(std::span{content})));
    CHECK_THAT(test::message_of<format_error>([&] { (void)image::decode(std::as_bytes(std::span{content}), "grey.jpg"); }),
               test::mentions("grey.jpg: is damaged", "copy the file again"));
}

TEST_CASE("Huffman tables fill their segment, also before the frame header that states the size", "[image]") {
    std::vector<std::byte> body(17);
    const auto fit = [&] { return image::detail::huffman_tables_fit(body); };
    CHECK(fit());
    body.push_back(std::byte{0});  // the beginning of another table
    CHECK(!fit());
    body[1] = std::byte{1};
    CHECK(fit());
    body[1] = std::byte{2};
    CHECK(!fit());

    auto content = test::bytes_of_file(test::image_data("formats/grey.jpg"));
    std::vector<std::uint8_t> table{0xFF, 0xC4, 0, 2 + 17 + 12, 0};
    table.resize(5 + 16, 0x80);
    table.resize(table.size() + 12);
    content.insert(content.begin() + 2, table.begin(), table.end());
    CHECK(!image::detail::jpeg_tables_fit(std::as_bytes(std::span{content})));
}
}  // namespace
