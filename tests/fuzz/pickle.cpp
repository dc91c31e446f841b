// Reads any bytes as a pickle. They must give a document or an rd4ad::error.
// clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -Iinclude tests/fuzz/pickle.cpp -o fuzz_pickle
#include <rd4ad/io/pickle.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        std::size_t position = 0;
        (void)rd4ad::io::pickle::read(std::as_bytes(std::span{data, size}), position, "fuzz");
    } catch (const rd4ad::error&) {
    }
    return 0;
}
