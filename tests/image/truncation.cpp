#include <rd4ad/image/detail/truncation.hpp>
//
#include <string>
#include <utility>

#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;

TEST_CASE("a whole file is accepted, and a truncated one is detected", "[image]") {
    // The bytes after the pixels, which a reader does not need: the footer of a TGA. The padding of a BMP counts as pixels.
    const std::pair<const char*, std::size_t> files[] = {{"rgb.tga", 26}, {"grey.tga", 26},      {"run_length.tga", 26},
                                                         {"rgb.bmp", 0},  {"grey.bmp", 0},       {"orientation_1.jpg", 0},
                                                         {"grey.jpg", 0}, {"progressive.jpg", 0}};
    for (const auto& [name, footer] : files) {
        CAPTURE(name);
        const auto content = test::bytes_of_file(test::image_data(std::string{"formats/"} + name));
        const auto bytes = std::as_bytes(std::span{content});
        CHECK_FALSE(image::detail::cut_short(bytes));
        CHECK_FALSE(image::detail::cut_short(bytes.first(bytes.size() - footer)));
        for (std::size_t length = 0; length < bytes.size() - footer; ++length)
            CHECK(image::detail::cut_short(bytes.first(length)));
    }
}

TEST_CASE("bytes after the end of a JPEG are ignored", "[image]") {
    auto content = test::bytes_of_file(test::image_data("formats/grey.jpg"));
    content.insert(content.end(), 100, 0);
    CHECK_FALSE(image::detail::cut_short(std::as_bytes(std::span{content})));
}
}  // namespace
