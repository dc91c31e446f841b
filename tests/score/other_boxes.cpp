#include <rd4ad/score/other_boxes.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>

#include <string>
#include <vector>

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

TEST_CASE("boxes by labels are read, with the largest confidence", "[score]") {
    const scratch_json in;
    const auto found = read_label_boxes(in.write(R"({"a.jpg": [{"bbox": {"left": 0.1, "top": 0.2, "width": 0.3, "height": 0.4},
        "labels": {"scratch": 0.5, "dent": 0.75}}], "b.jpg": []})"));
    CHECK(found.relative);
    REQUIRE(found.images.size() == 2);
    const auto& box = found.images.at("a.jpg").at(0);
    CHECK((box.x == 0.1 && box.y == 0.2 && box.width == 0.3 && box.height == 0.4 && box.score == 0.75));
    CHECK(found.images.at("b.jpg").empty());
}

TEST_CASE("each fault of a file of labels is named", "[score]") {
    const scratch_json in;
    const auto message = [&](const std::string& text) {
        const auto path = in.write(text);
        auto found = test::message_of([&] { static_cast<void>(read_label_boxes(path)); });
        return found.starts_with(path.string()) ? found.substr(path.string().size()) : found;
    };
    CHECK(message("[]") == R"(: expected {"name.jpg": [{"bbox": {...}, "labels": {...}}]}, found no JSON object)");
    CHECK(message(R"({"a": 1})") == ": image 'a': expected a list of boxes");
    CHECK(message(R"({"a": [{}]})") == ": image 'a', box 0: no 'bbox'");
    CHECK(message(R"({"a": [{"bbox": {}}]})") == ": image 'a', box 0: no 'labels' with a confidence");
    CHECK(message(R"({"a": [{"bbox": {"left": 0, "top": 0, "width": "1"}, "labels": {"x": 1}}]})") ==
          ": image 'a', box 0: no number 'width'");
    CHECK(message(R"({"a": [{"bbox": {"left": 0, "top": 0, "width": 1, "height": 1}, "labels": {"x": "1"}}]})") ==
          ": image 'a', box 0: no number 'x'");
    CHECK(
        message(R"({"a": [{"bbox": {"left": 0, "top": 0, "width": -1, "height": 1}, "labels": {"x": 1}}]})") ==
        ": image 'a', box 0: the box 0.000000, 0.000000, -1.000000, 1.000000 has a negative size or a number that is not finite");
}

TEST_CASE("COCO results take their names from texts, entries or the images' file", "[score]") {
    const scratch_json in;
    const auto images =
        in.write(R"({"images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}]})", "images.json");
    const auto found = read_coco_boxes(in.write(R"([{"image_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5},
        {"image_id": "c.jpg", "bbox": [5, 6, 7, 8], "score": 0.25}, {"image_id": 9, "file_name": "d.jpg", "bbox": [0, 0, 1, 1], "score": 1}])"),
                                       images);
    CHECK(!found.relative);
    CHECK(found.images.size() == 4);
    CHECK((found.images.at("a.jpg").at(0).height == 4 && found.images.at("c.jpg").at(0).score == 0.25));
    CHECK(found.images.at("b.jpg").empty());
    CHECK(found.images.at("d.jpg").size() == 1);
}

TEST_CASE("each fault of COCO results is named", "[score]") {
    const scratch_json in;
    const auto message = [&](const std::string& text) {
        const auto path = in.write(text);
        auto found = test::message_of([&] { static_cast<void>(read_coco_boxes(path)); });
        return found.starts_with(path.string()) ? found.substr(path.string().size()) : found;
    };
    CHECK(message("{}") == R"(: expected COCO results, a list of {"image_id", "bbox", "score"}, found no JSON array)");
    CHECK(message("[{}]") == ": entry 0: no 'image_id'");
    CHECK(message(R"([{"image_id": 3}])") == ": entry 0: image_id 3 has no file name; give the COCO file with the images");
    CHECK(message(R"([{"image_id": "a", "bbox": [1, 2, 3]}])") == ": entry 0: 'bbox' is not four numbers");
    CHECK(message(R"([{"image_id": "a", "bbox": [1, 2, 3, 4]}])") == ": entry 0: no number 'score'");
    const auto images = in.write("[]", "images.json");
    CHECK(test::message_of([&] { static_cast<void>(read_coco_boxes(in.folder / "boxes.json", images)); }) ==
          images.string() + ": expected a COCO file with a list \"images\"");
}

TEST_CASE("names are matched by stem, and by folders where that is not enough", "[score]") {
    const auto set = items({"d/test/good/000.png", "d/test/scratch/000.png", "d/test/good/001.png", "d/test/good/002.png"});
    const other_boxes from{{{"scratch/000.jpg", {{0, 0, 1, 1, 1}}}, {"001.jpg", {}}, {"other.jpg", {}}}};
    const auto found = match_boxes(from, set);
    CHECK(found.of[0] == nullptr);
    REQUIRE(found.of[1] != nullptr);
    CHECK(found.of[1]->size() == 1);
    REQUIRE(found.of[2] != nullptr);
    CHECK(found.of[2]->empty());
    CHECK(found.of[3] == nullptr);
    CHECK(found.strangers == std::vector<std::string>{"other.jpg"});
}

TEST_CASE("a name for two images, and two names for one, are refused", "[score]") {
    const auto set = items({"d/test/good/000.png", "d/test/scratch/000.png"});
    CHECK(test::message_of([&] {
              static_cast<void>(match_boxes({{{"000.jpg", {}}}}, set));
          }) == "'000.jpg' could be 2 test images, d/test/good/000.png among them; give its folder in the name");
    CHECK(test::message_of([&] {
              static_cast<void>(match_boxes({{{"good/000.jpg", {}}, {"good/000.png", {}}}}, set));
          }) == "'good/000.png' and 'good/000.jpg' are both the test image d/test/good/000.png");
}
