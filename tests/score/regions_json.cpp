// Regions as JSON and as COCO results: a missing score stays missing.
#include <rd4ad/score/regions_json.hpp>

#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/image_files.hpp>
#include <support/mentions.hpp>

using namespace rd4ad;

namespace {

/// One pixel of an image of 4 x 3, with the raw score 0.5.
region one_pixel() {
    return {.box = {1, 1, 1, 1},
            .relative = {0.25, 1.0 / 3, 0.25, 1.0 / 3},
            .area = 1,
            .raw_score = 0.5f,
            .outline = {{1, 1}, {2, 1}, {2, 2}, {1, 2}}};
}

}  // namespace

TEST_CASE("regions as JSON and as COCO results", "[score]") {
    auto one = one_pixel();
    CHECK(to_json(one).dump() ==
          R"({"area":1.0,"box":[1.0,1.0,1.0,1.0],"polygon":[[1.0,1.0],[2.0,1.0],[2.0,2.0],[1.0,2.0]],"raw_score":0.5,)"
          R"("relative":[0.25,0.3333333333333333,0.25,0.3333333333333333],"score":null})");
    one.score = 0.75;
    CHECK(to_json(one).at("score") == 0.75);
    CHECK(coco_results(7, std::vector{one}).dump() ==
          R"([{"area":1.0,"bbox":[1.0,1.0,1.0,1.0],"category_id":1,"image_id":7,"raw_score":0.5,"score":0.75,)"
          R"("segmentation":[[1.0,1.0,2.0,1.0,2.0,2.0,1.0,2.0]]}])");
}

TEST_CASE("a raw score never takes a score's place in JSON or in COCO results", "[score]") {
    const auto one = one_pixel();
    CHECK((to_json(one).at("score").is_null() && to_json(one).at("raw_score") == 0.5));
    const auto result = to_json(detection_result{.raw_score = 0.5f, .regions = {one}});
    CHECK((result.at("score").is_null() && result.at("is_anomalous").is_null() && result.at("raw_score") == 0.5));
    CHECK(result.at("regions") == io::json::array({to_json(one)}));
    CHECK(to_json(detection_result{.score = 0.5}).at("is_anomalous") == true);
    CHECK_THAT(test::message_of<option_error>([&] { (void)coco_results(7, std::vector{one}); }),
               test::mentions("coco_results", "image 7", "no score", "rd4ad calibrate"));
    CHECK(coco_results(7, {}).empty());
}
