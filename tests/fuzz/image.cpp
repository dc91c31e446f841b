// Reads any bytes as an image, as a mask and as the header of either. They must give as many pixels as the header states, or an
// rd4ad::error.
#include <rd4ad/image/mask.hpp>
#include <rd4ad/image/read.hpp>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::folder folder;
    // Decoding a large image of few bytes takes seconds; its limit is image::max_image_pixels.
    const auto header = rd4ad::image::detail::read_header_size(fuzz::bytes(data, size));
    if (header && static_cast<std::uint64_t>(header->width) * static_cast<std::uint64_t>(header->height) > 1u << 20) return 0;
    fuzz::run([&] {
        const auto image = rd4ad::image::decode(fuzz::bytes(data, size), "fuzz");
        if (image.pixels.size() != image.width * image.height * 3) __builtin_trap();
        const auto path = folder.write("image", fuzz::text(data, size));
        if (rd4ad::image::read_size(path) != rd4ad::image::size{image.width, image.height}) __builtin_trap();
        const auto mask = rd4ad::image::read_mask(path);
        if (mask.pixels.size() != mask.width * mask.height) __builtin_trap();
    });
    return 0;
}
