// Reads any bytes as an exported graph, and as another program's file in its place. They must give a description or none.
#include <rd4ad/export/exported_data.hpp>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::folder folder;
    const auto path = folder.write("graph.onnx", fuzz::text(data, size));
    static_cast<void>(rd4ad::description_in(path));
    return fuzz::run([&] { rd4ad::check_exported_data(path, rd4ad::io::json::object()); });
}
