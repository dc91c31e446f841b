// Reads any text as a labelme file and draws its mask. It must give a mask of the stated size, or an rd4ad::error.
#include <rd4ad/data/labelme.hpp>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::folder folder;
    return fuzz::run([&] {
        const auto path = folder.write("labels.json", fuzz::text(data, size));
        const auto file = rd4ad::data::read_labelme(path);
        if (file.width * file.height > 1u << 20) return;  // drawing takes seconds
        if (rd4ad::data::labelme_mask(path).pixels.size() != file.width * file.height) __builtin_trap();
    });
}
