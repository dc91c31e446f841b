// Reads any bytes as an image, as a mask and as the header of either. They must give as many pixels as the header states, or an
// rd4ad::error.
#include <rd4ad/image/mask.hpp>
#include <rd4ad/image/read.hpp>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::folder folder;
    // Decoding a large image of few bytes takes seconds; its limit is image::max_image_pixels.
    fuzz::run([&] {
        const auto path = folder.write("image", fuzz::text(data, size));
        const auto stated = rd4ad::image::read_size(path);
        if (stated.width * stated.height > 1u << 20) return;
        const auto image = rd4ad::image::decode(fuzz::bytes(data, size), "fuzz");
        if (image.pixels.size() != image.width * image.height * 3) __builtin_trap();
        if (stated != rd4ad::image::size{image.width, image.height}) __builtin_trap();
        const auto mask = rd4ad::image::read_mask(path);
        if (mask.pixels.size() != mask.width * mask.height) __builtin_trap();
    });
    return 0;
}
