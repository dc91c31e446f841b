// A program that includes its own stb before and after the library's: both keep working.
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
TEST_CASE("the program's stb and the library's can be in one file", "[image]") {
    const unsigned char pnm[] = {'P', '5', ' ', '2', ' ', '1', ' ', '2', '5', '5', '\n', 7, 9};
    int width = 0, height = 0, channels = 0;
    unsigned char* program = ::stbi_load_from_memory(pnm, sizeof pnm, &width, &height, &channels, 1);
    unsigned char* library = rd4ad::image::detail::stb::stbi_load_from_memory(pnm, sizeof pnm, &width, &height, &channels, 1);
    REQUIRE(program);
    REQUIRE(library);
    CHECK(width == 2);
    CHECK(program[1] == 9);
    CHECK(library[1] == 9);
    ::stbi_image_free(program);
    rd4ad::image::detail::stb::stbi_image_free(library);
}
}  // namespace
