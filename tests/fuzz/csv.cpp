// Reads any text as a CSV list of images. It must give a data set, or an rd4ad::error.
#include <rd4ad/data/csv.hpp>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::folder folder;
    static const auto image = folder.write("a", ""), mask = folder.write("m", "");  // the seeds list them
    return fuzz::run([&] { static_cast<void>(rd4ad::data::open_csv(folder.write("list.csv", fuzz::text(data, size)))); });
}
