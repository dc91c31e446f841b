// rd4ad/image/detail/stb.hpp: the only include of stb_image and stb_image_write, private to this library. Twin:
// tests/image/stb.cpp
//
// The program that includes rd4ad may use its own copy of stb. Therefore this header compiles both stb headers with internal
// linkage inside a namespace of rd4ad, and restores all macros afterwards. The program can include stb before or after this
// header, with any options.
#pragma once
// The headers that stb includes. They must be included here, outside the namespace.
#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#define STBI_NEON
#endif

#include <rd4ad/core/config.hpp>

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wshadow"
#endif

#pragma push_macro("STBI_INCLUDE_STB_IMAGE_H")
#pragma push_macro("INCLUDE_STB_IMAGE_WRITE_H")
#pragma push_macro("STB_IMAGE_IMPLEMENTATION")
#pragma push_macro("STB_IMAGE_WRITE_IMPLEMENTATION")
#pragma push_macro("STB_IMAGE_STATIC")
#pragma push_macro("STB_IMAGE_WRITE_STATIC")
#pragma push_macro("STBIDEF")
#pragma push_macro("STBIWDEF")
#pragma push_macro("STBI_NO_STDIO")
#pragma push_macro("STBI_WRITE_NO_STDIO")
#pragma push_macro("STBI_NO_GIF")
#pragma push_macro("STBI_NO_PSD")
#pragma push_macro("STBI_NO_PIC")
#pragma push_macro("STBI_NO_HDR")
#pragma push_macro("STBI_NO_LINEAR")
#pragma push_macro("stbi__err")  // stb defines it as a macro after a function of that name
#undef STBI_INCLUDE_STB_IMAGE_H
#undef INCLUDE_STB_IMAGE_WRITE_H
#undef STB_IMAGE_IMPLEMENTATION
#undef STB_IMAGE_WRITE_IMPLEMENTATION
#undef STB_IMAGE_STATIC
#undef STB_IMAGE_WRITE_STATIC
#undef STBIDEF
#undef STBIWDEF
#undef STBI_NO_STDIO
#undef STBI_WRITE_NO_STDIO
#undef STBI_NO_GIF
#undef STBI_NO_PSD
#undef STBI_NO_PIC
#undef STBI_NO_HDR
#undef STBI_NO_LINEAR
#undef stbi__err
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STB_IMAGE_WRITE_STATIC
#define STBI_NO_STDIO
#define STBI_WRITE_NO_STDIO
#define STBI_NO_GIF
#define STBI_NO_PSD
#define STBI_NO_PIC
#define STBI_NO_HDR
#define STBI_NO_LINEAR

namespace rd4ad::inline RD4AD_ABI::image::detail::stb {
#if __has_include(<stb/stb_image.h>)  // Debian's path
#include <stb/stb_image.h>
#include <stb/stb_image_write.h>
#else  // the path in Conan's package and in stb's repository
#include <stb_image.h>
#include <stb_image_write.h>
#endif
}  // namespace rd4ad::inline RD4AD_ABI::image::detail::stb

#pragma pop_macro("stbi__err")
#pragma pop_macro("STBI_NO_LINEAR")
#pragma pop_macro("STBI_NO_HDR")
#pragma pop_macro("STBI_NO_PIC")
#pragma pop_macro("STBI_NO_PSD")
#pragma pop_macro("STBI_NO_GIF")
#pragma pop_macro("STBI_WRITE_NO_STDIO")
#pragma pop_macro("STBI_NO_STDIO")
#pragma pop_macro("STBIWDEF")
#pragma pop_macro("STBIDEF")
#pragma pop_macro("STB_IMAGE_WRITE_STATIC")
#pragma pop_macro("STB_IMAGE_STATIC")
#pragma pop_macro("STB_IMAGE_WRITE_IMPLEMENTATION")
#pragma pop_macro("STB_IMAGE_IMPLEMENTATION")
#pragma pop_macro("INCLUDE_STB_IMAGE_WRITE_H")
#pragma pop_macro("STBI_INCLUDE_STB_IMAGE_H")

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
