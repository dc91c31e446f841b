// Reads any text as a label file of another program beside an image: labelme, YOLO, VOC, COCO. It must give labels or none, or an
// rd4ad::error.
#include <rd4ad/data/detail/label_files.hpp>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::folder folder;
    for (const char* name : {"labels.json", "labels.txt", "labels.xml"}) {
        const auto path = folder.write(name, fuzz::text(data, size));
        fuzz::run([&] { static_cast<void>(rd4ad::data::detail::labels_in(path)); });
    }
    return fuzz::run(
        [&] { static_cast<void>(rd4ad::data::detail::coco_annotated(folder.write("coco.json", fuzz::text(data, size)))); });
}
