// Reads any text as another program's boxes: by file name, as COCO results, and as the COCO file that lists the images.
#include <rd4ad/score/external_detections.hpp>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::folder folder;
    static const auto results = folder.write("results.json", R"([{"image_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}])");
    const auto path = folder.write("boxes.json", fuzz::text(data, size));
    fuzz::run([&] {
        const auto read = rd4ad::read_label_boxes(path);
        static_cast<void>(rd4ad::match_detections(read, {{.image = "a/1.png"}, {.image = "b/1.png"}, {.image = "b/2.png"}}));
    });
    fuzz::run([&] { static_cast<void>(rd4ad::read_coco_boxes(path)); });
    return fuzz::run([&] { static_cast<void>(rd4ad::read_coco_boxes(results, path)); });
}
