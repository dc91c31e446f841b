// Reads any bytes as what an earlier run left in an output folder: the list of its files, COCO results, their images.
#include <rd4ad/io/output_folder.hpp>
#include <rd4ad/score/coco_file.hpp>
#include <rd4ad/score/regions_json.hpp>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::folder folder;
    const auto path = folder.write("left", fuzz::text(data, size));
    static_cast<void>(rd4ad::is_coco_images(path));
    static_cast<void>(rd4ad::is_coco_results(path));
    return fuzz::run([&] { static_cast<void>(rd4ad::io::detail::output_marker{path}.records()); });
}
