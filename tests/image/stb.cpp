// A program that has stb of its own, before and after: neither is changed by ours.
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wunused-function"
#endif
#if __has_include(<stb/stb_image.h>)
#include <stb/stb_image.h>
#else
#include <stb_image.h>
#endif
#include <rd4ad/image/detail/stb.hpp>
//
#if __has_include(<stb/stb_image_write.h>)
#include <stb/stb_image_write.h>
#else
#include <stb_image_write.h>
#endif
#include <support/catch.hpp>

namespace {
TEST_CASE("a program's own stb and the library's live in one file", "[image]") {
    const unsigned char pnm[] = {'P', '5', ' ', '2', ' ', '1', ' ', '2', '5', '5', '\n', 7, 9};
    int width = 0, height = 0, channels = 0;
    unsigned char* theirs = ::stbi_load_from_memory(pnm, sizeof pnm, &width, &height, &channels, 1);
    unsigned char* ours = rd4ad::image::detail::stb::stbi_load_from_memory(pnm, sizeof pnm, &width, &height, &channels, 1);
    REQUIRE(theirs);
    REQUIRE(ours);
    CHECK(width == 2);
    CHECK(theirs[1] == 9);
    CHECK(ours[1] == 9);
    ::stbi_image_free(theirs);
    rd4ad::image::detail::stb::stbi_image_free(ours);
}
}  // namespace
