// Reads any bytes as a torch.save file, in the ZIP or the stream format. They must give tensors whose values can all be read, or
// an rd4ad::error.
// clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -Iinclude tests/fuzz/zip_pth.cpp -lzip -o fuzz_zip_pth
// ./fuzz_zip_pth FOLDER_FOR_FINDS tests/fixtures/io
#include <rd4ad/io/pth.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const auto file = rd4ad::io::parse_pth(std::as_bytes(std::span{data, size}), nullptr, "fuzz");
        for (const auto& [name, tensor] : file.tensors())
            if (tensor.values<float>().size() != tensor.count()) __builtin_trap();
    } catch (const rd4ad::error&) {
    }
    return 0;
}
