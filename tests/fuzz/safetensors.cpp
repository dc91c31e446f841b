// Reads any bytes as a safetensors file. They must give tensors whose values can all be read, or an rd4ad::error.
#include <rd4ad/io/safetensors.hpp>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return fuzz::run([&] {
        const auto file = rd4ad::io::parse_safetensors(fuzz::bytes(data, size), nullptr, "fuzz");
        for (const auto& [name, tensor] : file.tensors())
            if (tensor.values<float>().size() != tensor.count()) __builtin_trap();
    });
}
