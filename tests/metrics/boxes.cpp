#include <rd4ad/metrics/boxes.hpp>

#include <limits>
#include <vector>

#include <support/catch.hpp>
#include <support/reference_text.hpp>

using namespace rd4ad::metrics;

TEST_CASE("mean average precision equals pycocotools'", "[metrics]") {
    for (const auto& reference : rd4ad::test::reference_cases("metrics/boxes.txt")) {
        INFO(reference.name);
        std::vector<image_boxes> images(static_cast<std::size_t>(reference.one("images")));
        const auto& truth = reference.all("truth");
        for (std::size_t i = 0; i < truth.size(); i += 5)
            images[static_cast<std::size_t>(truth[i])].truth.push_back(
                {truth[i + 1], truth[i + 2], truth[i + 3], truth[i + 4], 0});
        const auto& found = reference.all("found");
        for (std::size_t i = 0; i < found.size(); i += 6)
            images[static_cast<std::size_t>(found[i])].found.push_back(
                {found[i + 1], found[i + 2], found[i + 3], found[i + 4], found[i + 5]});
        const auto result = coco_box_metrics(images);
        CHECK(result.map == Approx(reference.one("map")).epsilon(1e-12));
        CHECK(result.map_50 == Approx(reference.one("map_50")).epsilon(1e-12));
        CHECK(result.map_75 == Approx(reference.one("map_75")).epsilon(1e-12));
    }
}

TEST_CASE("overlap of boxes", "[metrics]") {
    CHECK(box_iou({0, 0, 2, 2, 0}, {1, 1, 2, 2, 0}) == Approx(1.0 / 7.0));
    CHECK(box_iou({0, 0, 2, 2, 0}, {2, 0, 2, 2, 0}) == 0.0);
    CHECK(box_iou({0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}) == 0.0);
}

TEST_CASE("boxes that have no average precision are refused", "[metrics]") {
    std::vector<image_boxes> images(2);
    images[1].found.push_back({0, 0, 1, 1, 0.5});
    CHECK_THROWS_WITH(coco_box_metrics(images), "coco_box_metrics: none of the 2 images has a true box; at least one must");
    images[0].truth.push_back({0, 0, 1, 1, 0});
    images[1].found.push_back({0, 0, -1, 1, 0.5});
    CHECK_THROWS_WITH(coco_box_metrics(images),
                      "coco_box_metrics: image 1, found box 1 has a negative size or a number that is not finite");
    images[0].truth.push_back({0, std::numeric_limits<double>::quiet_NaN(), 1, 1, 0});
    CHECK_THROWS_WITH(coco_box_metrics(images),
                      "coco_box_metrics: image 0, true box 1 has a negative size or a number that is not finite");
    CHECK_THROWS_AS(coco_box_metrics(images), rd4ad::numeric_error);
}
