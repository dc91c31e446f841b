// COCO results lead back to the images, also to those without regions and to two of one name.
#include <rd4ad/score/coco_file.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include <rd4ad/score/external_detections.hpp>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

using namespace rd4ad;

namespace {

detection_result result_of_size(std::size_t width, std::size_t height, std::vector<region> regions = {}) {
    detection_result made{.regions = std::move(regions)};
    made.transform.source_width = width, made.transform.source_height = height;
    return made;
}

}  // namespace

TEST_CASE("every scored image has an id and a path, with or without regions", "[score]") {
    const test::scratch_folder folder;
    const region found{.box = {1, 2, 3, 4}, .area = 12, .raw_score = 0.5f, .score = 0.75};
    coco_file coco{folder.path()};
    coco.add("a/000.png", result_of_size(64, 48, {found, found}));
    coco.add("b/000.png", result_of_size(32, 16));
    coco.add("/photos/caf\xe9.png", result_of_size(8, 8, {found}));
    coco.write(folder / "regions.json");

    const auto results = io::read_json(folder / "regions.json"), images = io::read_json(folder / "regions.images.json");
    REQUIRE(results.size() == 3);
    CHECK((results[0].at("image_id") == 1 && results[0].at("file_name") == "a/000.png" && results[0].at("score") == 0.75));
    CHECK((results[2].at("image_id") == 3 && results[2].at("file_name") == "/photos/caf\\xe9.png"));
    CHECK(images.at("info").at("folder") == folder.path().string());
    CHECK(images.at("images") == io::json::parse(R"([{"id": 1, "file_name": "a/000.png", "width": 64, "height": 48},
                                                      {"id": 2, "file_name": "b/000.png", "width": 32, "height": 16},
                                                      {"id": 3, "file_name": "/photos/caf\\xe9.png", "width": 8, "height": 8}])"));
    CHECK(images.at("categories") == io::json::parse(R"([{"id": 1, "name": "defect"}])"));

    // The two files are what read_coco_boxes reads, and names that are not UTF-8 find their image.
    const auto read = read_coco_boxes(folder / "regions.json", folder / "regions.images.json");
    CHECK((read.images.size() == 3 && read.images.at("b/000.png").empty()));
    std::vector<data::item> items{{.image = "set/b/000.png"}, {.image = "set/a/000.png"}, {.image = "/photos/caf\xe9.png"}};
    const auto matched = match_detections(read, items);
    CHECK(matched.unmatched.empty());
    REQUIRE((matched.of[0] && matched.of[1] && matched.of[2]));
    CHECK((matched.of[0]->empty() && matched.of[1]->size() == 2 && matched.of[2]->size() == 1));
}

TEST_CASE("the folder of relative paths is the current one by default", "[score]") {
    CHECK(coco_file{}.images().at("info").at("folder") == (std::filesystem::current_path() / "").string());
    CHECK(coco_file{}.results() == io::json::array());
    CHECK(coco_images_path("out/regions.json") == "out/regions.images.json");
    CHECK(coco_images_path("regions") == "regions.images.json");
}

TEST_CASE("a region without a score is no COCO result", "[score]") {
    coco_file coco;
    CHECK_THAT(test::message_of([&] { coco.add("000.png", result_of_size(8, 8, {region{}})); }),
               test::mentions("image 1", "no score", "rd4ad calibrate"));
}
