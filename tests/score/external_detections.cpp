// Detections of another program: read from JSON, matched with test images, each fault named.
#include <rd4ad/score/external_detections.hpp>

#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

using namespace rd4ad;

namespace {

struct scratch_json {
    test::scratch_folder folder;
    std::filesystem::path write(const std::string& text, const std::string& name = "boxes.json") const {
        test::write_text(folder / name, text);
        return folder / name;
    }
};

std::vector<data::item> items(const std::vector<std::string>& paths) {
    std::vector<data::item> made;
    for (const auto& path : paths) made.push_back({.image = path});
    return made;
}

}  // namespace

TEST_CASE("boxes with labels get their largest confidence as score", "[score]") {
    const scratch_json in;
    const auto found = read_label_boxes(in.write(R"({"a.jpg": [{"bbox": {"left": 0.1, "top": 0.2, "width": 0.3, "height": 0.4},
        "labels": {"scratch": 0.5, "dent": 0.75}}], "b.jpg": []})"));
    CHECK(found.relative);
    REQUIRE(found.images.size() == 2);
    const auto& box = found.images.at("a.jpg").at(0);
    CHECK((box.x == 0.1 && box.y == 0.2 && box.width == 0.3 && box.height == 0.4 && box.score == 0.75));
    CHECK(found.images.at("b.jpg").empty());
}

TEST_CASE("each fault of a file with labels is named", "[score]") {
    const scratch_json in;
    const auto check = [&](const std::string& text, const auto&... parts) {
        const auto path = in.write(text);
        CHECK_THAT(test::message_of([&] { static_cast<void>(read_label_boxes(path)); }), test::mentions(path, parts...));
    };
    check("[]", R"({"name.jpg": [{"bbox": {...}, "labels": {...}}]})", "no JSON object");
    check(R"({"a": 1})", "image 'a'", "list of boxes");
    check(R"({"a": [{}]})", "image 'a', box 0", "'bbox'");
    check(R"({"a": [{"bbox": {}}]})", "image 'a', box 0", "'labels'");
    check(R"({"a": [{"bbox": {"left": 0, "top": 0, "width": "1"}, "labels": {"x": 1}}]})", "image 'a', box 0", "'width'");
    check(R"({"a": [{"bbox": {"left": 0, "top": 0, "width": 1, "height": 1}, "labels": {"x": "1"}}]})", "image 'a', box 0",
          "'x'");
    check(R"({"a": [{"bbox": {"left": 0, "top": 0, "width": -1, "height": 1}, "labels": {"x": 1}}]})", "image 'a', box 0",
          "0.000000, 0.000000, -1.000000, 1.000000", "at least 0");
}

TEST_CASE("COCO results get their names from entries, string ids or the file of images", "[score]") {
    const scratch_json in;
    const auto images =
        in.write(R"({"images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}]})", "images.json");
    const auto results = in.write(R"([{"image_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5},
        {"image_id": "c.jpg", "bbox": [5, 6, 7, 8], "score": 0.25},
        {"image_id": 9, "file_name": "d.jpg", "bbox": [0, 0, 1, 1], "score": 1}])");
    const auto found = read_coco_boxes(results, images);
    CHECK(!found.relative);
    CHECK(found.images.size() == 4);
    CHECK((found.images.at("a.jpg").at(0).height == 4 && found.images.at("c.jpg").at(0).score == 0.25));
    CHECK(found.images.at("b.jpg").empty());
    CHECK(found.images.at("d.jpg").size() == 1);
}

TEST_CASE("each fault of COCO results is named", "[score]") {
    const scratch_json in;
    const auto check = [&](const std::string& text, const auto&... parts) {
        const auto path = in.write(text);
        CHECK_THAT(test::message_of([&] { static_cast<void>(read_coco_boxes(path)); }), test::mentions(path, parts...));
    };
    check("{}", R"({"image_id", "bbox", "score"})", "no JSON array");
    check("[{}]", "entry 0", "'image_id'");
    check(R"([{"image_id": 3}])", "entry 0", "image_id '3'", "COCO file that lists the images");
    check(R"([{"image_id": "a", "bbox": [1, 2, 3]}])", "entry 0", "four numbers in 'bbox'");
    check(R"([{"image_id": "a", "bbox": [1, 2, 3, 4]}])", "entry 0", "'score'");
    const auto images = in.write("[]", "images.json");
    CHECK_THAT(test::message_of([&] { static_cast<void>(read_coco_boxes(in.folder / "boxes.json", images)); }),
               test::mentions(images, "COCO file", "\"images\""));
}

TEST_CASE("names are matched by stem, and by folders if several images have the stem", "[score]") {
    const auto set = items({"d/test/good/000.png", "d/test/scratch/000.png", "d/test/good/001.png", "d/test/good/002.png"});
    const external_detections from{{{"scratch/000.jpg", {{0, 0, 1, 1, 1}}}, {"001.jpg", {}}, {"other.jpg", {}}}};
    const auto found = match_detections(from, set);
    CHECK(found.of[0] == nullptr);
    REQUIRE(found.of[1] != nullptr);
    CHECK(found.of[1]->size() == 1);
    REQUIRE(found.of[2] != nullptr);
    CHECK(found.of[2]->empty());
    CHECK(found.of[3] == nullptr);
    CHECK(found.unmatched == std::vector<std::string>{"other.jpg"});
}

TEST_CASE("a name that fits two images, and two names for one image, are refused", "[score]") {
    const auto set = items({"d/test/good/000.png", "d/test/scratch/000.png"});
    CHECK_THAT(test::message_of([&] {
                   static_cast<void>(match_detections({{{"000.jpg", {}}}}, set));
               }),
               test::mentions("'000.jpg'", "2 test images", "d/test/good/000.png", "folder"));
    const external_detections twice{{{"good/000.jpg", {}}, {"good/000.png", {}}}};
    CHECK_THAT(test::message_of([&] { static_cast<void>(match_detections(twice, set)); }),
               test::mentions("'good/000.png'", "'good/000.jpg'", "d/test/good/000.png"));
}
