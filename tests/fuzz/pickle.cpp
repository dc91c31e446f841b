// Reads any bytes as a pickle. They must give a document or an rd4ad::error.
#include <rd4ad/io/pickle.hpp>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return fuzz::run([&] {
        std::size_t position = 0;
        (void)rd4ad::io::pickle::read(fuzz::bytes(data, size), position, "fuzz");
    });
}
