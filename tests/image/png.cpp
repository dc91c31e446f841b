#include <rd4ad/image/detail/png.hpp>
//
#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;

TEST_CASE("the checksum of a PNG chunk is that of the specification", "[image]") {
    const std::string end = "IEND", digits = "123456789";
    CHECK(image::detail::png_crc(std::as_bytes(std::span{end})) == 0xAE426082u);     // the last bytes of every PNG
    CHECK(image::detail::png_crc(std::as_bytes(std::span{digits})) == 0xCBF43926u);  // CRC-32's published check value
}

TEST_CASE("a PNG's chunks are walked, and their faults are found", "[image]") {
    auto content = test::bytes_of_file(test::image_data("formats/exif_6.png"));
    const auto fault_of = [](const std::vector<std::uint8_t>& of) {
        return image::detail::find_png_fault(std::as_bytes(std::span{of}));
    };
    std::vector<std::string> types;
    CHECK(image::detail::png_chunks(image::detail::memory_reader{std::as_bytes(std::span{content})},
                                    [&](const image::detail::png_chunk& chunk) {
                                        types.emplace_back(chunk.type);
                                        return true;
                                    }));
    CHECK(types == std::vector<std::string>{"IHDR", "eXIf", "IDAT", "IEND"});
    CHECK_FALSE(fault_of(content).truncated);
    CHECK(fault_of(content).damaged.empty());
    for (std::size_t length = 8; length < content.size(); ++length) {
        const std::vector<std::uint8_t> cut(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(length));
        CHECK(fault_of(cut).truncated);
    }
    content[16 + 4] ^= 1;
    CHECK(fault_of(content).damaged == "IHDR");
    auto described = test::bytes_of_file(test::image_data("formats/gamma.png"));
    described[33 + 8] ^= 1;  // gAMA, which changes no pixel here
    CHECK(fault_of(described).damaged.empty());
}
}  // namespace
